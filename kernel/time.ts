/** A point in time: whole milliseconds since 1970-01-01T00:00:00Z. The only form of time inside; text only at the edges. */
export type Instant = number;

/** A half-open interval of time, [start, end). */
export interface DataInterval {
  start: Instant;
  end: Instant;
}

/** Where time comes from. Handed in everywhere, so that tests and the simulation own it. */
export interface Clock {
  /** Wall-clock time. May jump. */
  now(): Instant;
  /** Milliseconds from an arbitrary origin that never goes back: for durations and leases. */
  monotonic(): number;
  /** Calls back once, `delayMs` from now. Returns a function that cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The longest delay a Node timer takes (2^31 - 1 ms, about 24.8 days). */
const timerDelayMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), timerDelayMsMax));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A clock that moves only when told to: for tests and the simulation. */
export class ManualClock implements Clock {
  #now: Instant;
  #timers: { at: Instant; order: number; callback: () => void }[] = [];
  #order = 0;

  constructor(now: Instant = 0) {
    this.#now = now;
  }

  now(): Instant {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** When the next timer is due; undefined when none waits. */
  nextTimerAt(): Instant | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map((timer) => timer.at));
  }

  /** Moves time forward to `instant`, firing the timers on the way in the order in which they are due. */
  advanceTo(instant: Instant): void {
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.at <= instant)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = Math.max(this.#now, instant);
  }

  advanceBy(ms: number): void {
    this.advanceTo(this.#now + ms);
  }
}

/** ISO 8601 in UTC with milliseconds, as on the wire of the REST API. */
export function toIso(instant: Instant): string {
  return new Date(instant).toISOString();
}

/** Parses ISO 8601 with a zone (`Z` or an offset); undefined when the text is something else. */
export function fromIso(text: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i.test(text)) return undefined;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** The UTC calendar date, `YYYY-MM-DD`. */
export function utcDate(instant: Instant): string {
  return toIso(instant).slice(0, 10);
}
