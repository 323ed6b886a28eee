/**
 * Every error that Millrace raises on purpose. A code is stable, names its family first, and is listed in
 * docs/errors.md (a test holds the two together). `status` is the HTTP answer where the error reaches a client.
 */
export const errorTable = {
  ATTEMPT_UNKNOWN: { status: 410, title: 'The attempt is no longer the current one' },
  CONFIG_INVALID: { status: 500, title: 'A setting has a value that cannot be used' },
  DAG_IMPORT_FAILED: { status: 400, title: 'A DAG file cannot be imported' },
  DAG_INVALID: { status: 400, title: 'A DAG breaks a rule of the authoring API' },
  DAG_NOT_FOUND: { status: 404, title: 'No DAG has this id' },
  DAG_RUN_ACTIVE: { status: 409, title: 'The run is still running' },
  DAG_RUN_EXISTS: { status: 409, title: 'A run with this id or logical date exists already' },
  DAG_RUN_NOT_FOUND: { status: 404, title: 'No run has this id' },
  EMAIL_NOT_FOUND: { status: 404, title: 'No e-mail of the outbox has this id' },
  HOME_LOCKED: { status: 500, title: 'Another server uses this data folder' },
  HOME_UNWRITABLE: { status: 500, title: 'The data folder cannot be written' },
  INTERNAL: { status: 500, title: 'Something went wrong inside Millrace' },
  PARAMS_INVALID: { status: 400, title: 'The conf of a run breaks the params of its DAG' },
  REQUEST_INVALID: { status: 422, title: 'The request is not understood' },
  RUN_ID_INVALID: { status: 400, title: 'A run id is not allowed' },
  SCHEDULER_STOPPED: { status: 503, title: 'The scheduler takes no more commands' },
  STORE_FOREIGN: { status: 500, title: 'The metadata file belongs to another program' },
  STORE_TOO_NEW: { status: 500, title: 'A newer Millrace made the metadata database' },
  STORE_UNUSABLE: { status: 500, title: 'The metadata database cannot be used' },
  STORE_WRITE_FAILED: { status: 503, title: 'The metadata database could not be written' },
  TASK_INSTANCE_NOT_FOUND: { status: 404, title: 'No task instance has this place' },
  VAULT_LOCKED: { status: 500, title: 'A secret in the store cannot be opened' },
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
