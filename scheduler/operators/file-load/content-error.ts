/**
 * A file that cannot be loaded as it is, however often one tries: it goes into quarantine. Everything else that fails
 * (network, database, disk) fails the task, and the file is tried again.
 */
export class ContentError extends Error {
  /** Number of the line, from 1; null when no single line is to blame. */
  readonly line: number | null;
  /** The beginning of that line. */
  readonly excerpt: string | null;

  constructor(reason: string, place: { line?: number | null; excerpt?: string | null; cause?: unknown } = {}) {
    super(reason, place.cause === undefined ? undefined : { cause: place.cause });
    this.name = 'ContentError';
    this.line = place.line ?? null;
    this.excerpt = place.excerpt?.slice(0, 300) ?? null;
  }
}
