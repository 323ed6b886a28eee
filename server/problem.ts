import { describeError, type ErrorCode, errorTable, MillraceError } from '../kernel/errors.js';

export interface Problem {
  status: number;
  code: ErrorCode;
  title: string;
  message: string;
  hint: string | undefined;
}

/** Any error as an answer for a client. What is not ours to tell (a bug) keeps its details for the log. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof MillraceError) {
    const { code, message, hint } = thrown;
    return { status: thrown.status, code, title: errorTable[code].title, message, hint };
  }
  const status = (thrown as { status?: unknown } | null)?.status;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    // body-parser and the router refuse requests with errors of their own that carry a status.
    return {
      status,
      code: 'REQUEST_INVALID',
      title: errorTable.REQUEST_INVALID.title,
      message: describeError(thrown),
      hint: undefined,
    };
  }
  return {
    status: 500,
    code: 'INTERNAL',
    title: errorTable.INTERNAL.title,
    message: 'The server could not answer.',
    hint: 'The log of the server says more.',
  };
}
