import type { ZodType } from 'zod';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { TaskInstanceState } from '../model/states.js';
import type { Asset, AssetExpression } from './assets.js';
import {
  type Check,
  checkSpec,
  isAnything,
  isFlag,
  isFunction,
  isMoment,
  isNumber,
  isText,
  isTexts,
  isWhole,
} from './checks.js';

/** When a DAG runs. */
export type Schedule =
  /** A cron expression, `@once`, `@continuous`, `@hourly`, `@daily`, `@weekly`, `@monthly`, `@quarterly`, `@yearly`. */
  | string
  /** `interval`: a run covers the interval that ends when it runs, as in Airflow's data-interval timetable. */
  | { cron: string; timezone?: string; interval?: boolean; assets?: Asset | AssetExpression }
  | { crons: string[]; timezone?: string; interval?: boolean; assets?: Asset | AssetExpression }
  /** Seconds. */
  | { every: number }
  | Asset
  | AssetExpression
  | null;

/** What a callback learns. */
export interface CallbackContext {
  dagRun: { dagId: string; runId: string; state: string; logicalDate: string | null; conf: JsonObject };
  taskInstances: {
    taskId: string;
    mapIndex: number;
    tryNumber: number;
    state: TaskInstanceState | null;
    error: string | null;
  }[];
  /** Why it was called, such as `timed_out`. */
  reason: string;
}
export type Callback = (context: CallbackContext) => unknown;

/** Who is told, and how. Made by `email(…)`. */
export interface Notice {
  kind: 'email';
  to: string[];
  subject?: string;
}

/** Options of a DAG. Times are seconds. */
export interface DagSpec {
  schedule?: Schedule;
  /** IANA zone of the schedule and of dates without one; UTC. */
  timezone?: string;
  description?: string;
  startDate?: string | Date;
  endDate?: string | Date;
  tags?: string[];
  owner?: string;
  dagDisplayName?: string;
  docMd?: string;
  maxActiveTasks?: number;
  maxActiveRuns?: number;
  maxConsecutiveFailedDagRuns?: number;
  /** Seconds. */
  dagrunTimeout?: number;
  catchup?: boolean;
  failFast?: boolean;
  renderTemplateAsNativeObj?: boolean;
  disableBundleVersioning?: boolean;
  isPausedUponCreation?: boolean;
  queue?: string;
  /** A zod object, or a JSON schema of an object. */
  params?: ZodType | JsonObject;
  email?: string | string[];
  emailOnFailure?: boolean;
  emailOnRetry?: boolean;
  onSuccess?: Callback;
  onFailure?: Callback;
  onRetry?: Callback;
  deadline?: { after: 'queued' | 'logical_date' | 'started'; seconds: number; notify: Notice };
}

const isObject: Check = (value) => (typeof value === 'object' && value !== null ? undefined : 'must be an object');
const isDeadline: Check = (value) => {
  const { after, seconds, notify } = (value ?? {}) as Record<string, Json>;
  const known = ['queued', 'logical_date', 'started'].includes(after as string);
  return known && typeof seconds === 'number' && typeof notify === 'object'
    ? undefined
    : 'must be { after: "queued" | "logical_date" | "started", seconds, notify: email({ to }) }';
};

const dagSpecChecks: Record<keyof DagSpec, Check> = {
  schedule: isAnything,
  timezone: isText,
  description: isText,
  startDate: isMoment,
  endDate: isMoment,
  tags: isTexts,
  owner: isText,
  dagDisplayName: isText,
  docMd: isText,
  maxActiveTasks: isWhole(1),
  maxActiveRuns: isWhole(1),
  maxConsecutiveFailedDagRuns: isWhole(0),
  dagrunTimeout: isNumber(0, 'seconds'),
  catchup: isFlag,
  failFast: isFlag,
  renderTemplateAsNativeObj: isFlag,
  disableBundleVersioning: isFlag,
  isPausedUponCreation: isFlag,
  queue: isText,
  params: isObject,
  email: (value) => isText(value) && isTexts(value),
  emailOnFailure: isFlag,
  emailOnRetry: isFlag,
  onSuccess: isFunction,
  onFailure: isFunction,
  onRetry: isFunction,
  deadline: isDeadline,
};

/** Throws DAG_INVALID when an option is unknown or has a value that cannot be used. */
export function checkDagSpec(dagId: string, spec: DagSpec): void {
  checkSpec(`Dag "${dagId}"`, spec, dagSpecChecks);
}

/** Throws DAG_INVALID unless the id may name a DAG. */
export function checkDagId(dagId: unknown): void {
  if (typeof dagId !== 'string' || !/^[\p{L}\p{N}_.-]{1,250}$/u.test(dagId)) {
    throw new MillraceError('DAG_INVALID', `dag id ${JSON.stringify(dagId)} cannot be used`, {
      hint: 'An id is made of letters, digits, -, _ and dots, at most 250 characters.',
    });
  }
}

/** A notice by e-mail: `notify: email({ to: 'ops@example.org' })`. */
export function email(options: { to: string | string[]; subject?: string }): Notice {
  const to = typeof options.to === 'string' ? [options.to] : options.to;
  return { kind: 'email', to, ...(options.subject === undefined ? {} : { subject: options.subject }) };
}
