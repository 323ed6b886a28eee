import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Check, checkSpec, isFlag, isNumber, isText } from './checks.js';
import type { NoArgs } from './refs.js';

/** A text, or what makes it of the task's named arguments. */
export type HITLText<Args, Text extends string | null = string> = Text | ((args: Args) => Text | Promise<Text>);

/** The arguments that a subject and a body take together. */
export type HITLTextArgs<SubjectArgs, BodyArgs> = SubjectArgs & BodyArgs;

export interface HITLUser {
  id: string;
  name?: string;
}

/** A field of the form. `value` fills it at first and is the answer when the defaults are applied. */
export interface HITLParam {
  value?: Json;
  description?: string;
  schema?: JsonObject;
}

/** A person's answer, as the task returns it. Names as on Airflow's wire. */
export interface HITLResult {
  chosen_options: string[];
  params_input: { [name: string]: Json };
  responded_at: string;
  /** null when nobody answered in time and the defaults were applied. */
  responded_by_user: { id: string; name: string } | null;
  /** Whether nobody answered in time and the defaults were applied. */
  timedout: boolean;
}

interface QuestionSpec<SubjectArgs, BodyArgs> {
  subject: HITLText<SubjectArgs>;
  /** Markdown under the subject. */
  body?: HITLText<BodyArgs, string | null>;
  /** Seconds. */
  responseTimeout?: number;
  assignedUsers?: readonly HITLUser[];
  /** The fields of a form, by name. */
  params?: Readonly<Record<string, HITLParam>>;
}

export interface ApprovalSpec<SubjectArgs = NoArgs, BodyArgs = SubjectArgs>
  extends QuestionSpec<SubjectArgs, BodyArgs> {
  /** What is chosen when nobody answers in time; without it the task fails then. */
  defaults?: 'Approve' | 'Reject';
  /** true: a rejection fails the task; otherwise it skips what follows. */
  failOnReject?: boolean;
  /** true: a rejection skips all that follows; otherwise only what follows directly. */
  ignoreDownstreamTriggerRules?: boolean;
}

export interface HITLSpec<SubjectArgs = NoArgs, BodyArgs = SubjectArgs> extends QuestionSpec<SubjectArgs, BodyArgs> {
  options: readonly string[];
  /** true: more than one option may be chosen. */
  multiple?: boolean;
  defaults?: string | readonly string[];
}

/** A handler that waits for a person. Made by `approval` and `hitl`; holds no worker while it waits. */
export interface HumanInput<Args = never> {
  readonly kind: 'human_input';
  readonly isApproval: boolean;
  /** Whether a rejection skips all that follows. */
  readonly skipsAll: boolean;
  readonly subject: HITLText<Args>;
  readonly body: HITLText<Args, string | null> | undefined;
  /** What the request carries besides its texts. */
  readonly request: HumanInputRequest;
}

/** A wait for a person as data. */
export interface HumanInputRequest {
  options: string[];
  multiple: boolean;
  defaults: string[] | null;
  responseTimeoutSeconds: number | null;
  failOnReject: boolean;
  assignedUsers: HITLUser[];
  params: Record<string, HITLParam>;
}

/** The name that Airflow's TypeScript SDK gives to `HumanInput`. */
export type HITLTask<Args> = HumanInput<Args>;

const approve = 'Approve';
const reject = 'Reject';

/** Asks a person to approve or reject. */
export function approval<SubjectArgs = NoArgs, BodyArgs = SubjectArgs>(
  spec: ApprovalSpec<SubjectArgs, BodyArgs>,
): HumanInput<HITLTextArgs<SubjectArgs, BodyArgs>> {
  checkSpec('approval', spec, { ...commonChecks, failOnReject: isFlag, ignoreDownstreamTriggerRules: isFlag });
  const { failOnReject = false, ignoreDownstreamTriggerRules: skipsAll = false, ...question } = spec;
  return humanInput({ ...question, options: [approve, reject] }, { isApproval: true, failOnReject, skipsAll });
}

/** Asks a person to choose among options, and for the fields of a form. */
export function hitl<SubjectArgs = NoArgs, BodyArgs = SubjectArgs>(
  spec: HITLSpec<SubjectArgs, BodyArgs>,
): HumanInput<HITLTextArgs<SubjectArgs, BodyArgs>> {
  checkSpec('hitl', spec, { ...commonChecks, options: isOptions, multiple: isFlag });
  return humanInput(spec, { isApproval: false, failOnReject: false, skipsAll: false });
}

/** Whether a value was made by `approval` or `hitl`. */
export function isHumanInput(value: unknown): value is HumanInput {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'human_input';
}

/** Whether the answer to an approval says no. */
export function isRejected(chosen: string[]): boolean {
  return chosen.includes(reject);
}

const isTextOrFunction: Check = (value) =>
  (typeof value === 'string' && value !== '') || typeof value === 'function'
    ? undefined
    : 'must be a text that is not empty, or a function';
const isTextOrNone: Check = (value) =>
  value === null || typeof value === 'string' || typeof value === 'function'
    ? undefined
    : 'must be a text or a function';
const isOptions: Check = (value) =>
  Array.isArray(value) && value.length > 0 && new Set(value).size === value.length && value.every((o) => !isText(o))
    ? undefined
    : 'must be a list of different strings, at least one';
const isUsers: Check = (value) =>
  Array.isArray(value) && value.every((user) => typeof user?.id === 'string') ? undefined : 'must be a list of { id }';
const isParams: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'must be an object';
const commonChecks: Record<string, Check> = {
  subject: isTextOrFunction,
  body: isTextOrNone,
  defaults: (value) => (Array.isArray(value) || typeof value === 'string' ? undefined : 'must be one of the options'),
  responseTimeout: isNumber(0, 'seconds'),
  assignedUsers: isUsers,
  params: isParams,
};

function humanInput<SubjectArgs, BodyArgs>(
  spec: HITLSpec<SubjectArgs, BodyArgs>,
  of: { isApproval: boolean; failOnReject: boolean; skipsAll: boolean },
): HumanInput<HITLTextArgs<SubjectArgs, BodyArgs>> {
  if (spec.subject === undefined) throw new MillraceError('DAG_INVALID', 'a question to a person has no subject');
  const defaults = spec.defaults === undefined ? null : [spec.defaults].flat();
  const unknown = defaults?.find((option) => !spec.options.includes(option));
  if (unknown !== undefined) {
    throw new MillraceError('DAG_INVALID', `the default ${JSON.stringify(unknown)} is not one of the options`, {
      hint: `The options are ${spec.options.join(', ')}.`,
    });
  }
  if (defaults && defaults.length > 1 && !spec.multiple) {
    throw new MillraceError('DAG_INVALID', 'more than one default for a single choice', { hint: 'Set multiple.' });
  }
  return {
    kind: 'human_input',
    isApproval: of.isApproval,
    skipsAll: of.skipsAll,
    subject: spec.subject as HITLText<HITLTextArgs<SubjectArgs, BodyArgs>>,
    body: (spec.body ?? undefined) as HITLText<HITLTextArgs<SubjectArgs, BodyArgs>, string | null> | undefined,
    request: {
      options: [...spec.options],
      multiple: spec.multiple ?? false,
      defaults,
      responseTimeoutSeconds: spec.responseTimeout ?? null,
      failOnReject: of.failOnReject,
      assignedUsers: [...(spec.assignedUsers ?? [])],
      params: { ...spec.params },
    },
  };
}
