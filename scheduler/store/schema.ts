import type { ColumnType, Generated } from 'kysely';
import type { DagRunState, RunType, TaskInstanceState, TriggeredBy } from '../model/states.js';

/**
 * The tables of the metadata database, as Kysely sees them; `migrations/` makes them. Times are epoch milliseconds,
 * booleans are 0 or 1, `_json` columns hold JSON text that no hot query reads. States are also CHECK constraints.
 */
export interface Schema {
  dag: DagTable;
  dag_version: DagVersionTable;
  dag_file: DagFileTable;
  import_error: ImportErrorTable;
  dag_run: DagRunTable;
  task_instance: TaskInstanceTable;
  task_instance_history: TaskInstanceHistoryTable;
  task_instance_detail: TaskInstanceDetailTable;
  xcom: XComTable;
  pool: PoolTable;
  variable: VariableTable;
  connection: ConnectionTable;
  asset: AssetTable;
  asset_reference: AssetReferenceTable;
  asset_event: AssetEventTable;
  asset_event_dag_run: AssetEventDagRunTable;
  asset_dag_run_queue: AssetDagRunQueueTable;
  asset_state: AssetStateTable;
  email: EmailTable;
  event_log: EventLogTable;
  backfill: BackfillTable;
  backfill_dag_run: BackfillDagRunTable;
  callback_request: CallbackRequestTable;
  user_session: UserSessionTable;
  setting: SettingTable;
}

type Flag = 0 | 1;
type Id = Generated<number>;
type Default<T> = ColumnType<T, T | undefined, T>;

export interface DagTable {
  dag_id: string;
  fileloc: string;
  display_name: string;
  description: string | null;
  owner: string;
  tags_json: string;
  schedule_summary: string;
  timezone: string;
  is_paused: Flag;
  /** 1 when its file no longer declares it. */
  is_stale: Flag;
  max_active_runs: number;
  max_active_tasks: number;
  latest_version_id: number | null;
  /** The next automated run, as the timetable says; null when there is none. */
  next_run_after: number | null;
  next_logical_date: number | null;
  next_interval_start: number | null;
  next_interval_end: number | null;
  last_parsed_at: number | null;
  last_parse_ms: number | null;
  created_at: number;
}

export interface DagVersionTable {
  id: Id;
  dag_id: string;
  /** 1, 2, 3 … within the DAG. */
  version_number: number;
  bundle_hash: string;
  serialized_json: string;
  source: string;
  created_at: number;
}

/** One row per DAG file that was ever imported: lets an unchanged file be skipped. */
export interface DagFileTable {
  fileloc: string;
  bundle_hash: string;
  parsed_at: number;
  parse_ms: number;
}

export interface ImportErrorTable {
  id: Id;
  fileloc: string;
  message: string;
  line: number | null;
  column_number: number | null;
  excerpt: string | null;
  stack: string | null;
  at: number;
}

export interface DagRunTable {
  id: Id;
  dag_id: string;
  run_id: string;
  run_type: RunType;
  state: DagRunState;
  logical_date: number | null;
  interval_start: number | null;
  interval_end: number | null;
  run_after: number;
  queued_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  conf_json: string;
  dag_version_id: number;
  triggered_by: TriggeredBy;
  triggering_user: string | null;
  /** The task instance that triggered it (row ids), for the link in both directions. */
  parent_dag_run_id: number | null;
  parent_task_id: string | null;
  parent_map_index: number | null;
  backfill_id: number | null;
  clear_number: Default<number>;
  /** When the deadline alert is due; null = none, or sent. */
  deadline_at: Default<number | null>;
  /** Why it is in its state, a sentence. */
  reason: Default<string | null>;
  note: string | null;
}

export interface TaskInstanceTable {
  id: Id;
  dag_run_id: number;
  dag_id: string;
  task_id: string;
  map_index: number;
  state: TaskInstanceState | null;
  try_number: number;
  max_tries: number;
  /** Fences reports; new for each hand-out. Also the REST id of the current try. */
  attempt_id: string | null;
  operator: string;
  pool: string;
  pool_slots: number;
  queue: string;
  /** Own weight with the weight rule applied. */
  priority_weight: number;
  scheduled_at: number | null;
  queued_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  /** When it may go on: end of the retry delay, next poke, timeout of a deferral. */
  due_at: number | null;
  /** When the first poke or the first part of this try began, for tasks that go on after a pause. */
  first_started_at: Default<number | null>;
  /** Why it is in its state, a sentence; written by the decision that put it there. */
  reason: string | null;
  /** Last error line. */
  error: string | null;
  pid: number | null;
  hostname: string | null;
  rendered_map_index: string | null;
  /** The condition that a deferred task waits for, or the request that awaits a person's input. */
  trigger_json: string | null;
  /** The event that resumes it. */
  event_json: string | null;
  /** Attempts in a row that were lost through no fault of the task (server or host died). */
  lost_count: Default<number>;
  note: string | null;
  updated_at: number;
}

/** A finished try that another followed (retry or clear). */
export interface TaskInstanceHistoryTable {
  id: Id;
  task_instance_id: number;
  dag_run_id: number;
  dag_id: string;
  task_id: string;
  map_index: number;
  try_number: number;
  state: TaskInstanceState | null;
  attempt_id: string | null;
  queued_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  reason: string | null;
  error: string | null;
  pid: number | null;
  hostname: string | null;
}

/** What the task's page shows of a try. */
export interface TaskInstanceDetailTable {
  task_instance_id: number;
  try_number: number;
  rendered_json: string;
  details_json: string;
}

export interface XComTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  key: string;
  value_json: string;
  at: number;
}

export interface PoolTable {
  name: string;
  /** -1 = without limit. */
  slots: number;
  description: string | null;
  include_deferred: Flag;
}

export interface VariableTable {
  key: string;
  /** AES-256-GCM, key id first. */
  value_encrypted: string;
  description: string | null;
  updated_at: number;
}

export interface ConnectionTable {
  connection_id: string;
  conn_type: string;
  description: string | null;
  host: string | null;
  schema: string | null;
  login: string | null;
  port: number | null;
  /** password and extra, AES-256-GCM. */
  secrets_encrypted: string | null;
  updated_at: number;
}

export interface AssetTable {
  id: Id;
  name: string;
  uri: string;
  created_at: number;
}

/** Which DAGs are scheduled by an asset, which tasks write or read it; of the latest version of each DAG. */
export interface AssetReferenceTable {
  asset_id: number;
  dag_id: string;
  /** Empty for `schedule`. */
  task_id: string;
  kind: 'schedule' | 'outlet' | 'inlet';
}

/** The events that a run consumed. */
export interface AssetEventDagRunTable {
  asset_event_id: number;
  dag_run_id: number;
}

export interface AssetEventTable {
  id: Id;
  asset_id: number;
  at: number;
  extra_json: string;
  source_dag_id: string | null;
  source_run_id: string | null;
  source_task_id: string | null;
  source_map_index: number | null;
}

export interface AssetDagRunQueueTable {
  asset_id: number;
  dag_id: string;
  at: number;
}

/** What tasks keep of an asset from run to run. */
export interface AssetStateTable {
  asset_id: number;
  key: string;
  value_json: string;
  updated_at: number;
}

export type EmailState = 'waiting' | 'sending' | 'sent' | 'failed' | 'kept';

/** The outbox. `kept`: no SMTP_URL is set, it stays here to be read. */
export interface EmailTable {
  id: Id;
  /** RFC 5322 Message-ID, made of the attempt's place and not of chance: the same for each sending. */
  message_id: string;
  state: EmailState;
  to_json: string;
  cc_json: string;
  subject: string;
  text: string;
  html: string | null;
  attachments_json: string;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  created_at: number;
  send_after: number | null;
  sent_at: number | null;
  tries: Default<number>;
  error: string | null;
}

/** The audit log. */
export interface EventLogTable {
  id: Id;
  at: number;
  event: string;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  user: string | null;
  extra_json: string;
}

export interface BackfillTable {
  id: Id;
  dag_id: string;
  from_date: number;
  to_date: number;
  dag_run_conf_json: string;
  is_paused: Flag;
  run_backwards: Flag;
  reprocess_behavior: 'none' | 'failed' | 'completed';
  max_active_runs: number;
  created_at: number;
  completed_at: number | null;
}

export interface BackfillDagRunTable {
  backfill_id: number;
  sort_ordinal: number;
  dag_run_id: number | null;
  logical_date: number;
  exception_reason: string | null;
}

/** Calls of callbacks that are still to be made. */
export interface CallbackRequestTable {
  /** What the call is about; each is made once. */
  key: string;
  dag_run_id: number;
  request_json: string;
  tries: number;
  created_at: number;
}

export interface UserSessionTable {
  /** SHA-256 of the cookie's secret. */
  id_hash: string;
  user: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}

/** Small things of the server itself: one JSON value a key (CDC status, setup token, schema facts). */
export interface SettingTable {
  key: string;
  value_json: string;
  updated_at: number;
}
