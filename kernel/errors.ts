/**
 * Every error that Millrace raises on purpose. A code is stable, names its family first, and is listed in
 * docs/errors.md (a test holds the two together). `status` is the HTTP answer where the error reaches a client.
 */
export const errorTable = {
  ANSWER_INVALID: { status: 422, title: 'An answer is not one of those that were asked for' },
  ANSWER_UNWANTED: { status: 409, title: 'The task does not wait for an answer' },
  ASSET_NOT_FOUND: { status: 404, title: 'No asset has this name or URI' },
  ATTEMPT_STALE: { status: 409, title: 'A report or a call comes from an attempt that is no longer current' },
  BACKFILL_ACTIVE: { status: 409, title: 'Another backfill of the DAG is not over' },
  BACKFILL_INVALID: { status: 422, title: 'A backfill cannot be made as asked' },
  BACKFILL_NOT_FOUND: { status: 404, title: 'No backfill under way has this id' },
  BACKUP_FAILED: { status: 500, title: 'A backup cannot be made' },
  BACKUP_INVALID: { status: 400, title: 'A file is not a whole backup' },
  CDC_CHECKPOINT_BROKEN: { status: 500, title: 'The checkpoint of change capture cannot be read' },
  CDC_PROTOCOL: { status: 500, title: 'The replication stream of the source is not understood' },
  CDC_SLOT_FOREIGN: { status: 500, title: 'The replication slot belongs to someone else' },
  CDC_SOURCE_CHANGED: { status: 500, title: 'The source is another database than the one that was captured' },
  CDC_SOURCE_UNFIT: { status: 500, title: 'The source cannot do logical replication' },
  CDC_STORE_UNAVAILABLE: { status: 500, title: 'The object store did not take the last events' },
  CDC_TABLE_MISSING: { status: 500, title: 'A table to capture does not exist' },
  CONFIG_INVALID: { status: 500, title: 'A setting has a value that cannot be used' },
  CONNECTION_EXISTS: { status: 409, title: 'A connection with this id exists already' },
  CONNECTION_INVALID: { status: 422, title: 'A connection cannot be read' },
  CONNECTION_NOT_FOUND: { status: 404, title: 'No connection has this id' },
  CONNECTION_UNUSABLE: { status: 400, title: 'A connection is not of the kind that was asked for' },
  CROSS_SITE_REQUEST: { status: 403, title: 'The request may come from another site' },
  DAG_IMPORT_FAILED: { status: 400, title: 'A DAG file cannot be imported' },
  DAG_INVALID: { status: 400, title: 'A DAG breaks a rule of the authoring API' },
  DAG_NOT_FOUND: { status: 404, title: 'No DAG has this id' },
  DAG_RUN_ACTIVE: { status: 409, title: 'The run is still running' },
  DAG_RUN_EXISTS: { status: 409, title: 'A run with this id or logical date exists already' },
  DAG_RUN_NOT_FOUND: { status: 404, title: 'No run has this id' },
  DASHBOARD_INVALID: { status: 400, title: 'A dashboard cannot be read' },
  DUCKDB_UNAVAILABLE: { status: 503, title: 'A DuckDB database cannot be opened' },
  EMAIL_NOT_FOUND: { status: 404, title: 'No e-mail of the outbox has this id' },
  HOME_LOCKED: { status: 500, title: 'Another server uses this data folder' },
  HOME_UNWRITABLE: { status: 500, title: 'The data folder cannot be written' },
  HTTP_FAILED: { status: 502, title: 'A URL answered with another status than expected' },
  INTERNAL: { status: 500, title: 'Something went wrong inside Millrace' },
  JINJA_LIMIT: { status: 500, title: 'A template does more than it may' },
  JINJA_RAISED: { status: 500, title: 'A template raised an error' },
  JINJA_RUNTIME: { status: 500, title: 'A template failed while it was rendered' },
  JINJA_SYNTAX: { status: 400, title: 'A template cannot be read' },
  JINJA_UNDEFINED: { status: 500, title: 'A template uses a name that does not exist' },
  NOT_ACCEPTABLE: { status: 406, title: 'The answer cannot be given in the form that was asked for' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address' },
  OBJECT_CHANGED: { status: 409, title: 'An object is not the one that was listed' },
  OBJECT_KEY_INVALID: { status: 400, title: 'A name cannot be used as an object key' },
  OBJECT_NOT_FOUND: { status: 404, title: 'No object has this key' },
  OBJECT_STORE_FAILED: { status: 502, title: 'The object store does not do what it was asked' },
  ORDER_INVALID: { status: 400, title: 'A list cannot be ordered in this way' },
  OUTSIDE_TASK: { status: 500, title: 'Something of a running task was used outside one' },
  PARAMS_INVALID: { status: 400, title: 'The conf of a run breaks the params of its DAG' },
  POOL_EXISTS: { status: 409, title: 'A pool with this name exists already' },
  POOL_NOT_FOUND: { status: 404, title: 'No pool has this name' },
  PORT_IN_USE: { status: 500, title: 'Another program listens on the port' },
  POSTGRES_UNAVAILABLE: { status: 503, title: 'A PostgreSQL server cannot be started or reached' },
  POSTGRES_UNREACHABLE: { status: 503, title: 'A PostgreSQL server cannot be reached' },
  QUARANTINE_NOT_FOUND: { status: 404, title: 'No file of this key is in quarantine' },
  REQUEST_INVALID: { status: 422, title: 'The request is not understood' },
  RUN_ID_INVALID: { status: 400, title: 'A run id is not allowed' },
  SCHEDULER_ELSEWHERE: { status: 409, title: 'Another scheduler works on the metadata database' },
  SCHEDULER_STOPPED: { status: 503, title: 'The scheduler takes no more commands' },
  SERVER_UNREACHABLE: { status: 503, title: 'No server is running on this data folder' },
  SOURCE_FOREIGN: { status: 500, title: 'The source database holds something else' },
  SQL_AUDIT_FAILED: { status: 400, title: 'A node was not published, since a test of it failed' },
  SQL_COMPILATION_FAILED: { status: 400, title: 'A node of a SQL project cannot be compiled' },
  SQL_CONTRACT_BROKEN: { status: 400, title: 'A model does not return the columns of its contract' },
  SQL_DATABASE_ERROR: { status: 500, title: 'The database refused a statement of a SQL project' },
  SQL_GRAPH_CYCLE: { status: 400, title: 'The nodes of a SQL project depend on each other in a circle' },
  SQL_PACKAGE_MISSING: { status: 400, title: 'A package of a SQL project is not installed' },
  SQL_PROFILE_INVALID: { status: 400, title: 'The profile of a SQL project cannot be used' },
  SQL_PROJECT_INVALID: { status: 400, title: 'A SQL project breaks a rule of its format' },
  SQL_REFERENCE_UNKNOWN: { status: 400, title: 'A SQL project names something that does not exist' },
  SQL_SELECTION_INVALID: { status: 400, title: 'A selection of nodes is not understood' },
  SQL_SNAPSHOT_UNSAFE: { status: 400, title: 'A snapshot met rows that would damage its history' },
  STORE_BROKEN: { status: 503, title: 'The disk of the metadata database has failed' },
  STORE_FOREIGN: { status: 500, title: 'The metadata file belongs to another program' },
  STORE_TOO_NEW: { status: 500, title: 'A newer Millrace made the metadata database' },
  STORE_UNUSABLE: { status: 500, title: 'The metadata database cannot be used' },
  STORE_UNWRITABLE: { status: 503, title: 'The metadata database cannot be written at the moment' },
  TASK_FAILED: { status: 500, title: 'A task cannot do what its options say' },
  TASK_INSTANCE_NOT_FOUND: { status: 404, title: 'No task instance has this place' },
  TOO_MANY_LOGINS: { status: 429, title: 'Too many failed logins' },
  UNAUTHENTICATED: { status: 401, title: 'The request is not signed in' },
  VARIABLE_EXISTS: { status: 409, title: 'A variable with this key exists already' },
  VARIABLE_NOT_FOUND: { status: 404, title: 'No variable has this name' },
  VAULT_LOCKED: { status: 500, title: 'A secret in the store cannot be opened' },
  WAREHOUSE_MISSING: { status: 404, title: 'Something needs the warehouse, and there is none' },
  WAREHOUSE_QUERY_FAILED: { status: 400, title: 'The warehouse refused a query' },
  XCOM_INVALID: { status: 422, title: 'A value cannot be an XCom' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a code, a message that says what was got, and a hint that says what to do. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  /** What the reader can do about it, as a sentence. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.hint = options.hint;
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}

/** The message of anything that was thrown, with the messages of its causes. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const parts = thrown instanceof AggregateError ? thrown.errors.map(describeError) : [];
  const own = thrown.message || parts.join('; ') || thrown.name;
  const hint = thrown instanceof MillraceError && thrown.hint ? ` ${thrown.hint}` : '';
  const cause = thrown.cause === undefined ? '' : ` (${describeError(thrown.cause)})`;
  return `${own}${hint}${cause}`;
}
