/** Attempts that take less than this on the average, milliseconds, are short. */
const shortMs = 20;

/** What the newest attempt counts for in the mean: one that took some 100 ms ends the looking ahead. */
const newestWeight = 0.2;

/**
 * How long attempts take lately. While they are short, the next ones should be at hand when a worker becomes free: else
 * it waits for a commit each time. While they are long that gains nothing, and who was handed out early could not be
 * overtaken by somebody more important.
 */
export class Pace {
  /** A moving mean, milliseconds; long until it is known to be short. */
  #meanMs = 10 * shortMs;

  note(tookMs: number): void {
    this.#meanMs += (tookMs - this.#meanMs) * newestWeight;
  }

  get isShort(): boolean {
    return this.#meanMs < shortMs;
  }
}
