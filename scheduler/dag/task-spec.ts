import { MillraceError } from '../../kernel/errors.js';
import type { AssetRef } from '../model/dag.js';
import { type TriggerRule, triggerRules } from '../model/states.js';
import { type Check, checkSpec, isFlag, isMoment, isNumber, isOneOf, isText, isWhole } from './checks.js';

/** Options of a task. Times are seconds. */
export interface TaskSpec {
  taskId?: string;
  /** Shown instead of the id. */
  displayName?: string;
  owner?: string;
  docMd?: string;
  startDate?: string | Date;
  endDate?: string | Date;
  triggerRule?: TriggerRule;
  dependsOnPast?: boolean;
  ignoreFirstDependsOnPast?: boolean;
  waitForPastDependsBeforeSkipping?: boolean;
  waitForDownstream?: boolean;
  retries?: number;
  /** Seconds before the first retry; 300. */
  retryDelay?: number;
  /** Factor from retry to retry; 0 = constant. */
  retryExponentialBackoff?: number;
  /** Seconds. */
  maxRetryDelay?: number;
  /** Seconds that one execution may take. */
  executionTimeout?: number;
  /** MiB of heap that the attempt's process may use. */
  memoryLimitMb?: number;
  queue?: string;
  executor?: string;
  pool?: string;
  poolSlots?: number;
  priorityWeight?: number;
  weightRule?: 'downstream' | 'upstream' | 'absolute';
  doXcomPush?: boolean;
  returnsDagResult?: boolean;
  emailOnFailure?: boolean;
  emailOnRetry?: boolean;
  /** What an instance is called instead of its number: a template over its inputs, its context and `xcom`, what it has set. */
  mapIndexTemplate?: string;
  maxActiveTisPerDag?: number;
  maxActiveTisPerDagrun?: number;
  outlets?: AssetRef[];
  inlets?: AssetRef[];
}

const isAssets: Check = (value) =>
  Array.isArray(value) && value.every((entry) => typeof entry?.name === 'string' && typeof entry?.uri === 'string')
    ? undefined
    : 'must be a list of assets';

const taskSpecChecks: Record<keyof TaskSpec, Check> = {
  taskId: isText,
  displayName: isText,
  owner: isText,
  docMd: isText,
  startDate: isMoment,
  endDate: isMoment,
  triggerRule: isOneOf(triggerRules),
  dependsOnPast: isFlag,
  ignoreFirstDependsOnPast: isFlag,
  waitForPastDependsBeforeSkipping: isFlag,
  waitForDownstream: isFlag,
  retries: isWhole(0),
  retryDelay: isNumber(0, 'seconds'),
  retryExponentialBackoff: isNumber(0),
  maxRetryDelay: isNumber(0, 'seconds'),
  executionTimeout: isNumber(0, 'seconds'),
  memoryLimitMb: isWhole(16),
  queue: isText,
  executor: isText,
  pool: isText,
  poolSlots: isWhole(1),
  priorityWeight: isWhole(Number.MIN_SAFE_INTEGER),
  weightRule: isOneOf(['downstream', 'upstream', 'absolute']),
  doXcomPush: isFlag,
  returnsDagResult: isFlag,
  emailOnFailure: isFlag,
  emailOnRetry: isFlag,
  mapIndexTemplate: isText,
  maxActiveTisPerDag: isWhole(1),
  maxActiveTisPerDagrun: isWhole(1),
  outlets: isAssets,
  inlets: isAssets,
};

/** Throws DAG_INVALID when an option is unknown or has a value that cannot be used. */
export function checkTaskSpec(owner: string, spec: TaskSpec): void {
  checkSpec(owner, spec, taskSpecChecks);
}

/** The longest id of a task with its prefixes, as in Airflow. */
const taskIdLengthMax = 250;

/** Throws DAG_INVALID unless the id may name a task or group. A dot separates groups, so it has no place in an id. */
export function checkNodeId(what: 'task' | 'group', id: unknown, prefix: string): void {
  const owner = `${what} id ${JSON.stringify(id)}`;
  if (typeof id !== 'string' || !/^[\p{L}\p{N}_-]+$/u.test(id)) {
    throw new MillraceError('DAG_INVALID', `${owner} cannot be used`, {
      hint: 'An id is made of letters, digits, - and _.',
    });
  }
  if (prefix.length + id.length > taskIdLengthMax) {
    throw new MillraceError('DAG_INVALID', `${owner} is longer than ${taskIdLengthMax} characters with its groups`);
  }
}
