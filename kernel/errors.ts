/**
 * Every error that Millrace raises on purpose. A code is stable, names its family first, and is listed in
 * docs/errors.md (a test holds the two together). `status` is the HTTP answer where the error reaches a client.
 */
export const errorTable = {
  CONFIG_INVALID: { status: 500, title: 'A setting has a value that cannot be used' },
  CROSS_SITE_REQUEST: { status: 403, title: 'The request may come from another site' },
  DAG_IMPORT_FAILED: { status: 400, title: 'A DAG file cannot be imported' },
  DAG_INVALID: { status: 400, title: 'A DAG breaks a rule of the authoring API' },
  DAG_NOT_FOUND: { status: 404, title: 'No DAG has this id' },
  DAG_RUN_NOT_FOUND: { status: 404, title: 'No run of the DAG has this id' },
  DASHBOARD_INVALID: { status: 400, title: 'A dashboard cannot be read' },
  HOME_LOCKED: { status: 500, title: 'Another server uses this data folder' },
  HOME_UNWRITABLE: { status: 500, title: 'The data folder cannot be written' },
  INTERNAL: { status: 500, title: 'Something went wrong inside Millrace' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address' },
  REQUEST_INVALID: { status: 422, title: 'The request is not understood' },
  STORE_FOREIGN: { status: 500, title: 'The metadata file belongs to another program' },
  STORE_TOO_NEW: { status: 500, title: 'A newer Millrace made the metadata database' },
  STORE_UNUSABLE: { status: 500, title: 'The metadata database cannot be used' },
  TASK_INSTANCE_NOT_FOUND: { status: 404, title: 'The run has no such task instance' },
  TOO_MANY_LOGINS: { status: 429, title: 'Too many failed logins' },
  UNAUTHENTICATED: { status: 401, title: 'The request is not signed in' },
  WAREHOUSE_QUERY_FAILED: { status: 400, title: 'The warehouse refused a query' },
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
