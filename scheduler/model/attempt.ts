import type { Json, JsonObject } from '../../kernel/json.js';
import type { DataInterval, Instant } from '../../kernel/time.js';
import type { AssetRef, SerializedTask } from './dag.js';
import type { DagRunState, RunType, TaskInstanceState } from './states.js';

/** Names one task instance for people and for keys. `mapIndex` is -1 when it is not mapped. */
export interface TaskInstanceKey {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/**
 * What the scheduler hands to the executor for one attempt (one try, or one poke or resumption within a try).
 * It is complete: the child needs nothing else to start, and it is JSON, so that a queue can carry it.
 */
export interface AttemptRequest extends TaskInstanceKey {
  /** New for each hand-out; fences every report. */
  attemptId: string;
  /** Row id of the task instance in the store. */
  taskInstanceId: number;
  tryNumber: number;
  maxTries: number;
  bundle: { hash: string /** absolute path of the .mjs file */; path: string };
  task: SerializedTask;
  /** The handler's arguments, refs replaced by the XComs they name. */
  inputs: Record<string, Json>;
  context: AttemptContext;
  /** Absolute path of the log file of this try; the child appends to it. */
  logPath: string;
  executionTimeoutMs: number | null;
  memoryLimitMb: number;
}

export interface AttemptContext {
  logicalDate: Instant | null;
  dataInterval: DataInterval | null;
  runAfter: Instant;
  runStartedAt: Instant;
  runType: RunType;
  conf: JsonObject;
  params: JsonObject;
  /** How often the run was cleared: part of the id of the runs that this one triggers. */
  clearNumber: number;
  /** The event that resumes a deferred task. */
  event: Json | undefined;
  /** When the first poke of a rescheduled sensor, or the first part of a deferred task, began. */
  firstStartedAt: Instant | null;
}

/** What an executor says of an attempt. Everything carries the attempt's id; what is stale is dropped. */
export type AttemptEvent =
  | { kind: 'started'; attemptId: string; at: Instant; pid: number; hostname: string }
  | { kind: 'progress'; attemptId: string; done: number; total: number | null }
  | { kind: 'finished'; attemptId: string; at: Instant; outcome: AttemptOutcome; effects: AttemptEffects }
  /** The process ended without a report (crash, kill, out of memory) or could not be started. */
  | {
      kind: 'lost';
      attemptId: string;
      at: Instant;
      error: AttemptError /** true: it was the host's doing, no retry is charged */;
      uncharged: boolean;
    };

export type AttemptOutcome =
  | { state: 'success' }
  | { state: 'skipped'; reason: string }
  | { state: 'failed'; error: AttemptError /** true: no retry will help */; final: boolean }
  | { state: 'up_for_reschedule'; at: Instant }
  | { state: 'deferred'; trigger: JsonObject; timeoutAt: Instant | null }
  | { state: 'awaiting_input'; request: JsonObject; timeoutAt: Instant | null };

export interface AttemptError {
  /** The class of the error, or a word such as `timeout`, `out_of_memory`, `killed`. */
  type: string;
  message: string;
  stack: string | null;
}

/** What an attempt wants changed. All of it commits with its state, or none of it. */
export interface AttemptEffects {
  /** XComs to set; the return value is under `return_value`. Each at most `xcomBytesMax` as JSON. */
  xcoms: { key: string; value: Json }[];
  emails: EmailDraft[];
  triggers: TriggerRequest[];
  assetEvents: { asset: AssetRef; extra: JsonObject }[];
  /** What a branch or a short circuit decided; task ids. */
  skip: { followed: string[] } | { skipped: string[]; ignoreTriggerRules: boolean } | null;
  /** The operator's fields after rendering (for instance the SQL), shown on the task's page. */
  rendered: JsonObject;
  /** What the task's page shows as its result: rows, files, test counts, failing rows … (see docs/authoring.md). */
  details: JsonObject;
  /** What the instance of a mapped task is called instead of its number. */
  renderedMapIndex?: string;
}

export interface EmailDraft {
  to: string[];
  cc?: string[];
  subject: string;
  text: string;
  html: string | null;
  attachments: { filename: string; content: string; contentType: string }[];
}

/** A wish for a run of another DAG. The run's id is made of the parent, so that a retry finds its own run. */
export interface TriggerRequest {
  dagId: string;
  conf: JsonObject;
  /** Given by the author; null = made from the parent run, task, map index and clear generation. */
  runId: string | null;
  /** `now` = the moment at which the run is made; null = none. */
  logicalDate: Instant | 'now' | null;
  resetDagRun: boolean;
  skipWhenAlreadyExists: boolean;
  /** true: while the DAG is paused the task fails instead. */
  failWhenDagIsPaused: boolean;
  note: string | null;
}

/** Calls that a child makes in the middle of an attempt, answered by the scheduler and fenced by `attemptId`. */
export type AttemptCall =
  | ({ method: 'getXCom'; key: string; includePriorDates: boolean } & TaskInstanceKey)
  | ({ method: 'setXCom'; key: string; value: Json } & TaskInstanceKey)
  | { method: 'getVariable'; key: string }
  | { method: 'setVariable'; key: string; value: string; description: string | null }
  | { method: 'deleteVariable'; key: string }
  | { method: 'getConnection'; id: string }
  | { method: 'getTaskStates'; dagId: string; runId: string }
  | { method: 'getDagRun'; dagId: string; runId: string }
  /** The run with that logical date, as a DagRunSummary. */
  | { method: 'findDagRun'; dagId: string; logicalDate: Instant }
  | { method: 'getTaskResults'; dagId: string; runId: string }
  | AssetCall;

/** Calls about assets. Times are instants; null = no bound. */
export type AssetCall =
  | { method: 'getTriggeringAssetEvents'; dagId: string; runId: string }
  | {
      method: 'getInletEvents';
      asset: AssetName;
      after: Instant | null;
      before: Instant | null;
      limit: number | null;
    }
  | { method: 'getAssetState'; asset: AssetName; key: string }
  | { method: 'setAssetState'; asset: AssetName; key: string; value: Json }
  /** `key` null = all that is kept of the asset. */
  | { method: 'deleteAssetState'; asset: AssetName; key: string | null };

/** An asset by its name, or by its URI when it has none. */
export interface AssetName {
  name?: string;
  uri?: string;
}

/** Answer of `getTaskResults`: what a report e-mail is made of. */
export interface TaskResult {
  taskId: string;
  mapIndex: number;
  state: TaskInstanceState | null;
  tryNumber: number;
  startedAt: Instant | null;
  endedAt: Instant | null;
  error: string | null;
  details: JsonObject;
}

export interface DagRunSummary {
  dagId: string;
  runId: string;
  state: DagRunState;
}

/** Hands attempts to processes. One in this machine (executor/local-pool), others over a queue. */
export interface Executor {
  start(): Promise<void>;
  /** Takes the attempt at once; it may wait for a worker. */
  submit(attempt: AttemptRequest): void;
  /**
   * How many attempts it wants beyond those that run at a time: while attempts are short, the next are at hand when a
   * worker becomes free, and none waits for a commit. None when it is left out.
   */
  lookAhead?(): number;
  /** Ends the attempt: abort signal, SIGTERM, SIGKILL. It still reports `lost` or `finished`. */
  cancel(attemptId: string, reason: string): void;
  /** Takes no more; waits for the running ones up to `drainMs`, then ends them and reports them lost, uncharged. */
  stop(drainMs: number): Promise<void>;
}

/** What the executor needs from who owns it. */
export interface ExecutorListener {
  onEvent(event: AttemptEvent): void;
  onCall(attemptId: string, call: AttemptCall): Promise<Json | undefined>;
}
