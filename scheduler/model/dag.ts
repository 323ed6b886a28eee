import type { Json, JsonObject } from '../../kernel/json.js';
import type { Instant } from '../../kernel/time.js';
import type { TriggerRule } from './states.js';

/**
 * A DAG as data: what the loader child returns, what is stored per version, what the scheduler decides on and the
 * UI draws. Plain JSON: times are epoch milliseconds, durations are in the unit that ends the name.
 */
export interface SerializedDag {
  dagId: string;
  displayName: string;
  description: string | null;
  docMd: string | null;
  owner: string;
  tags: string[];
  schedule: SerializedSchedule;
  /** IANA zone of the schedule and of naive dates. */
  timezone: string;
  startDate: Instant | null;
  endDate: Instant | null;
  catchup: boolean;
  maxActiveRuns: number;
  maxActiveTasks: number;
  /** Pauses the DAG after so many failed runs in a row; 0 = never. */
  maxConsecutiveFailedDagRuns: number;
  dagrunTimeoutMs: number | null;
  failFast: boolean;
  isPausedUponCreation: boolean;
  /** JSON schema of the params, an object schema with `properties`; null = any conf. */
  paramsSchema: JsonObject | null;
  email: string[];
  /** Which callbacks the file declares; the functions stay in the bundle. */
  callbacks: { onSuccess: boolean; onFailure: boolean; onRetry: boolean };
  deadline: { after: 'queued' | 'logical_date' | 'started'; seconds: number; notify: Json } | null;
  renderTemplateAsNativeObj: boolean;
  /** In the order of declaration. */
  tasks: SerializedTask[];
  groups: SerializedGroup[];
}

export type SerializedSchedule =
  | { kind: 'none' }
  | { kind: 'once' }
  | { kind: 'continuous' }
  | {
      kind: 'cron';
      crons: string[] /** true: data-interval timetable; false: trigger timetable */;
      interval: boolean;
      summary: string;
    }
  | { kind: 'every'; everyMs: number }
  | { kind: 'assets'; condition: AssetCondition }
  | { kind: 'asset_or_time'; condition: AssetCondition; crons: string[]; interval: boolean };

export type AssetCondition = { asset: AssetRef } | { all: AssetCondition[] } | { any: AssetCondition[] };

export interface AssetRef {
  name: string;
  uri: string;
}

export interface SerializedTask {
  /** With the prefixes of its groups, joined by dots. Unique in the DAG. */
  taskId: string;
  displayName: string;
  /** The id of the innermost group; null at the top. */
  groupId: string | null;
  /** What performs it: `typescript` for a handler of the file, else the name of a ready-made operator. */
  operator: string;
  /** What the graph shows under the name, such as `dbt incremental`; null = the operator. */
  kindLabel: string | null;
  docMd: string | null;
  owner: string;
  /** Ids of the direct upstream tasks (data and order edges, groups resolved). */
  upstream: string[];
  /** The handler's named arguments. */
  inputs: Record<string, InputBinding>;
  /** Options of a ready-made operator. Strings in them may be templates. */
  options: JsonObject;
  /** How it is mapped; null = once. Inside a mapped group, `groupId` names the group and this is null. */
  expand: ExpandSpec | null;
  triggerRule: TriggerRule;
  dependsOnPast: boolean;
  ignoreFirstDependsOnPast: boolean;
  waitForDownstream: boolean;
  retries: number;
  retryDelayMs: number;
  /** Factor by which the delay grows from try to try; 0 or 1 = constant. */
  retryExponentialBackoff: number;
  maxRetryDelayMs: number | null;
  executionTimeoutMs: number | null;
  startDate: Instant | null;
  endDate: Instant | null;
  pool: string;
  poolSlots: number;
  queue: string;
  priorityWeight: number;
  weightRule: 'downstream' | 'upstream' | 'absolute';
  maxActiveTisPerDag: number | null;
  maxActiveTisPerDagrun: number | null;
  doXcomPush: boolean;
  returnsDagResult: boolean;
  emailOnFailure: boolean;
  emailOnRetry: boolean;
  mapIndexTemplate: string | null;
  /** Old-space limit of the attempt's process; null = the setting. */
  memoryLimitMb: number | null;
  isSetup: boolean;
  isTeardown: boolean;
  onFailureFailDagrun: boolean;
  /** For a teardown: the setups it belongs to. */
  setups: string[];
  /** For a branch (`if`, `switch`): the tasks it may choose. Others downstream are never skipped by it. */
  branches: string[];
  outlets: AssetRef[];
  inlets: AssetRef[];
}

/** `mapped`: the element of the mapped group of that id, under that name; only for tasks inside the group. */
export type InputBinding = { ref: string } | { literal: Json } | { mapped: string; name: string };

/** `product`: cross product of the lists under each name. `records`: one list of objects. `zip`: lists in step. */
export type ExpandSpec =
  | { kind: 'product'; over: Record<string, InputBinding> }
  | { kind: 'records'; over: InputBinding }
  | { kind: 'zip'; over: Record<string, InputBinding>; longest: boolean; fill: Json };

export interface SerializedGroup {
  groupId: string;
  displayName: string;
  parentId: string | null;
  tooltip: string | null;
  /** How the whole group is mapped; null = once. */
  expand: ExpandSpec | null;
}

/** What became of one DAG file. */
export interface ImportedFile {
  /** Path relative to its DAG folder, with `/`. */
  fileloc: string;
  bundleHash: string;
  dags: SerializedDag[];
  source: string;
}

export interface ImportError {
  fileloc: string;
  message: string;
  line: number | null;
  column: number | null;
  /** The lines around the place, as text with line numbers. */
  excerpt: string | null;
  stack: string | null;
}
