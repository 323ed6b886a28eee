import { MillraceError } from '../kernel/errors.js';

/**
 * Says why a command failed: one line for what people can do something about, the stack as well for what is our fault.
 * Returns the exit code.
 */
export function reportFailure(thrown: unknown): number {
  if (thrown instanceof MillraceError) {
    const hint = thrown.hint ? ` ${thrown.hint}` : '';
    process.stderr.write(`millrace: ${thrown.message}${hint} [${thrown.code}]\n`);
  } else {
    process.stderr.write(`millrace: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
  }
  return 1;
}
