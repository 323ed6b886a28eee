import type { Json, JsonObject } from '../../kernel/json.js';
import type { DagRunState } from '../model/states.js';
import type { Input } from './refs.js';

/**
 * Options of the ready-made tasks. Strings are templates (`{{ ds }}`), rendered when the task runs. Each option may also
 * be given a ref: its value is then what that task returned.
 */
type Given<T> = Input<T>;

export interface BashOptions {
  /** Run by `bash -c`. The last line of its stdout is the task's return value. */
  command: Given<string>;
  /** Added to the environment of the command. */
  env?: Given<Record<string, string>>;
  cwd?: Given<string>;
  /** Exit codes that skip the task; 99. */
  skipOnExitCode?: number[];
}

export interface SqlOptions {
  /** A connection's id; `warehouse`. */
  connection?: Given<string>;
  sql?: Given<string>;
  /** A file instead of `sql`, looked up from the DAG file's folder upwards. Part of the DAG's version. */
  file?: string;
  /** Values of $1, $2 … */
  parameters?: Given<Json[]>;
}

export interface HttpOptions {
  url: Given<string>;
  method?: Given<string>;
  headers?: Given<Record<string, string>>;
  /** An object or a list is sent as JSON. */
  body?: Given<Json>;
  /** Status codes that are a success; every 2xx. */
  expect?: number[];
  /** Seconds; 60. */
  timeout?: number;
}

export interface EmailOptions {
  to: Given<string | string[]>;
  cc?: Given<string | string[]>;
  subject: Given<string>;
  text?: Given<string>;
  html?: Given<string>;
  /**
   * An EJS file of the message's HTML: `<name>.ejs` beside the DAG file, or in `views/emails`. Its text is that of
   * `<name>.txt.ejs` beside it, else what remains of the HTML. Both are part of the DAG's version; they see `data`,
   * `subject`, `dagId`, `runId`, `taskId`, `context`, `baseUrl` and `runUrl` (null where no server runs), and may include
   * `top`, `table` and `bottom` of `views/emails`.
   */
  template?: string;
  /** What the template sees as `data`. */
  data?: Given<Json>;
  attachments?: Given<{ filename: string; content: string; contentType?: string }[]>;
  /** Nothing is sent when this is false. */
  when?: Given<boolean>;
}

export interface TriggerDagRunOptions {
  taskId: string;
  dagId: Given<string>;
  conf?: Given<JsonObject>;
  /** true: templates in `conf` are rendered. Otherwise they are sent as written. */
  renderConf?: boolean;
  /** Names the run; by itself the name is made of this run, so that a retry finds its own run. */
  runId?: Given<string>;
  /** ISO time with a zone. Without it the run gets the moment at which it is made; null: it has none. */
  logicalDate?: Given<string | null>;
  resetDagRun?: boolean;
  /** true: skipped when there is a run of that id or logical date; otherwise the task fails. */
  skipWhenAlreadyExists?: boolean;
  /** true: fails while the DAG is paused; otherwise the run is made and waits. */
  failWhenDagIsPaused?: boolean;
  waitForCompletion?: boolean;
  /** Seconds; 60. */
  pokeInterval?: number;
  allowedStates?: readonly DagRunState[];
  failedStates?: readonly DagRunState[];
  /** Accepted as in Airflow; waiting never holds a worker here. */
  deferrable?: boolean;
  note?: string;
}

export interface SensorOptions {
  /** `poke` holds a worker between checks, `reschedule` gives it back; `poke`. */
  mode?: 'poke' | 'reschedule';
  /** Seconds between checks; 60. */
  pokeInterval?: number;
  /** Seconds over all checks; 7 days. */
  timeout?: number;
  /** true: skipped instead of failed when the time is over. */
  softFail?: boolean;
  /** true: the interval doubles from check to check. */
  exponentialBackoff?: boolean;
  /** Seconds: the longest interval. */
  maxWait?: number;
}

export interface ObjectSensorOptions extends SensorOptions {
  /** `s3://bucket/prefix/*.json`, or `lake:prefix/*` for a connection's store. */
  url: Given<string>;
}

export interface SqlSensorOptions extends SensorOptions {
  connection?: Given<string>;
  /** Done when the first cell of the first row is neither null, 0, false nor empty. */
  sql: Given<string>;
  parameters?: Given<Json[]>;
}

export interface HttpSensorOptions extends SensorOptions {
  url: Given<string>;
  method?: Given<string>;
  headers?: Given<Record<string, string>>;
  expect?: number[];
}

export interface TimeSensorOptions extends SensorOptions {
  /** ISO time; without a zone in the DAG's. */
  at: Given<string>;
}

export interface ExternalTaskSensorOptions extends SensorOptions {
  dagId: Given<string>;
  /** The whole run when absent. */
  taskId?: Given<string>;
  /** Seconds that the other run's logical date lies before this one's; 0. */
  executionDelta?: number;
  allowedStates?: string[];
  failedStates?: string[];
}

export interface LoadFilesOptions {
  /** The store: a connection's id or a URL; `lake`. */
  from?: Given<string>;
  /** Only keys that begin with this. */
  prefix?: Given<string>;
  /** `raw.customers`, or with columns `raw.customers (payload)`. For JSON lines the table is made when it is not there. */
  into: Given<string>;
  /** JSON lines into one jsonb column, or CSV with a header; `jsonl`. Both also gzipped. */
  format?: 'jsonl' | 'csv';
  /** `warehouse`. */
  connection?: Given<string>;
  /** A prefix in the same store to which files go that cannot be loaded; without it they fail the task. */
  quarantine?: Given<string>;
}

export interface SqlProjectOptions {
  select?: string | string[];
  exclude?: string | string[];
  vars?: JsonObject;
  target?: string;
  /** `each`: a task for each test; `model`: one task for the tests of a model. */
  tests?: 'each' | 'model';
  connection?: string;
  fullRefresh?: boolean;
  /** true: a teardown writes the group's `run_results.json` also when the project has no on-run-end hooks. */
  runResults?: boolean;
}
