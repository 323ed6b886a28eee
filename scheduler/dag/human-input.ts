import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Check, checkSpec, isFlag, isNumber, isText } from './checks.js';
import type { NoArgs } from './refs.js';

/** A text, or what makes it of the task's named arguments. */
export type HITLText<Args> = string | ((args: Args) => string);

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
}

export interface ApprovalSpec<Args = NoArgs> {
  subject: HITLText<Args>;
  /** Markdown under the subject. */
  body?: HITLText<Args>;
  /** What is chosen when nobody answers in time; without it the task fails then. */
  defaults?: 'Approve' | 'Reject';
  /** Seconds. */
  responseTimeout?: number;
  /** true: a rejection fails the task; otherwise it skips what follows. */
  failOnReject?: boolean;
  assignedUsers?: HITLUser[];
  params?: Record<string, HITLParam>;
}

export interface HITLSpec<Args = NoArgs> extends Omit<ApprovalSpec<Args>, 'defaults' | 'failOnReject'> {
  options: string[];
  /** true: more than one option may be chosen. */
  multiple?: boolean;
  defaults?: string | string[];
}

/** A handler that waits for a person. Made by `approval` and `hitl`; holds no worker while it waits. */
export interface HumanInput<Args = never> {
  readonly kind: 'human_input';
  readonly isApproval: boolean;
  readonly subject: HITLText<Args>;
  readonly body: HITLText<Args> | undefined;
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
export function approval<Args = NoArgs>(spec: ApprovalSpec<Args>): HumanInput<Args> {
  checkSpec('approval', spec, { ...commonChecks, failOnReject: isFlag });
  return humanInput(true, { ...spec, options: [approve, reject] }, spec.failOnReject ?? false);
}

/** Asks a person to choose among options, and for the fields of a form. */
export function hitl<Args = NoArgs>(spec: HITLSpec<Args>): HumanInput<Args> {
  checkSpec('hitl', spec, { ...commonChecks, options: isOptions, multiple: isFlag });
  return humanInput(false, spec, false);
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
  typeof value === 'string' || typeof value === 'function' ? undefined : 'must be a string or a function';
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
  body: isTextOrFunction,
  defaults: (value) => (Array.isArray(value) || typeof value === 'string' ? undefined : 'must be one of the options'),
  responseTimeout: isNumber(0, 'seconds'),
  assignedUsers: isUsers,
  params: isParams,
};

function humanInput<Args>(isApproval: boolean, spec: HITLSpec<Args>, failOnReject: boolean): HumanInput<Args> {
  const defaults = typeof spec.defaults === 'string' ? [spec.defaults] : (spec.defaults ?? null);
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
    isApproval,
    subject: spec.subject,
    body: spec.body,
    request: {
      options: spec.options,
      multiple: spec.multiple ?? false,
      defaults,
      responseTimeoutSeconds: spec.responseTimeout ?? null,
      failOnReject,
      assignedUsers: spec.assignedUsers ?? [],
      params: spec.params ?? {},
    },
  };
}
