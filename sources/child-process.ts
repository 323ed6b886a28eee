import { describeError, MillraceError } from '../kernel/errors.js';

/** What a child process of the sources says to who started it, besides its status messages. */
export type ChildReport = { type: 'warning'; message: string } | { type: 'failed'; code: string; message: string };

/**
 * The frame of a child process: waits for one message `{ type: 'start', settings }`, runs `work` until SIGTERM, SIGINT
 * or the loss of the parent asks for the end, and exits 0 when it ended well. An error is reported as `failed` and
 * exits 1. An end that takes longer than `endMsMax` is cut short with exit code 1.
 */
export function runChild<Settings, Message>(
  work: (settings: Settings, signal: AbortSignal, send: (message: Message | ChildReport) => void) => Promise<void>,
  endMsMax: number,
): void {
  const ending = new AbortController();
  const end = () => {
    ending.abort();
    setTimeout(() => process.exit(1), endMsMax).unref();
  };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, end);
  process.once('message', (message: { type: 'start'; settings: Settings }) => {
    work(message.settings, ending.signal, send)
      .then(
        () => 0,
        (error: unknown) => {
          const code = error instanceof MillraceError ? error.code : 'INTERNAL';
          send({ type: 'failed', code, message: describeError(error) });
          process.stderr.write(`${code}: ${describeError(error)}\n`);
          return 1;
        },
      )
      .then(exit);
  });
}

/** A message to a parent that is gone is no error: the end is under way then. */
function send(message: unknown): void {
  if (process.connected) process.send?.(message, () => {});
}

/** Exits after the last message has left. */
function exit(code: number): void {
  if (!process.connected) process.exit(code);
  process.send?.({ type: 'end' }, () => process.exit(code));
}
