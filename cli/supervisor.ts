import { describeError } from '../kernel/errors.js';
import type { Log } from '../kernel/log.js';
import type { Clock, Instant } from '../kernel/time.js';

/** Something that runs beside the server and may end by itself: a child process, the embedded PostgreSQL. */
export interface Running {
  readonly pid: number;
  /** Resolves with the reason when it ends; never rejects. After `stop` it may stay open. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** A part as the UI and `millrace status` show it. */
export interface PartStatus {
  name: string;
  state: 'starting' | 'running' | 'restarting' | 'stopped';
  pid: number | null;
  /** How often it was started again since the server started. */
  restarts: number;
  /** Why it ended last. */
  lastEnd: string | null;
  since: Instant;
  /** When it is started again; null unless it is `restarting`. */
  restartAt: Instant | null;
}

export const restartDelayMsMin = 500;
export const restartDelayMsMax = 30_000;
/** A part that ran this long has recovered: the next delay is the shortest again. */
export const recoveredMs = 60_000;

interface Part {
  status: PartStatus;
  start: () => Promise<Running>;
  running: Running | undefined;
  failuresInARow: number;
  cancelRestart: (() => void) | undefined;
  stopping: boolean;
  /** The start that is under way. */
  pending: Promise<unknown> | undefined;
}

/** Starts parts, starts them again when they end by themselves (ever more slowly), stops them in reverse order. */
export class Supervisor {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: Part[] = [];

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Starts a part and watches it from then on. Rejects, and does not watch it, when the first start fails. */
  async add<Kind extends Running>(name: string, start: () => Promise<Kind>): Promise<Kind> {
    const status: PartStatus = {
      name,
      state: 'starting',
      pid: null,
      restarts: 0,
      lastEnd: null,
      since: this.#clock.now(),
      restartAt: null,
    };
    const part: Part = {
      status,
      start,
      running: undefined,
      failuresInARow: 0,
      cancelRestart: undefined,
      stopping: false,
      pending: undefined,
    };
    this.#parts.push(part);
    const first = start();
    part.pending = first.catch(() => {}); // It is this method that rejects.
    try {
      const running = await first;
      this.#watch(part, running);
      return running;
    } catch (thrown) {
      this.#parts.splice(this.#parts.indexOf(part), 1);
      throw thrown;
    }
  }

  statuses(): PartStatus[] {
    return this.#parts.map((part) => ({ ...part.status }));
  }

  /** Ends a part for good. Resolves when it is gone. */
  async stop(name: string): Promise<void> {
    const part = this.#parts.find((candidate) => candidate.status.name === name);
    if (!part) return;
    part.stopping = true;
    part.cancelRestart?.();
    await part.pending;
    await part.running?.stop();
    this.#change(part, { state: 'stopped', pid: null, restartAt: null });
  }

  /** Ends every part, the last one that was added first. */
  async stopAll(): Promise<void> {
    for (const part of [...this.#parts].reverse()) await this.stop(part.status.name);
  }

  #watch(part: Part, running: Running): void {
    const startedAt = this.#clock.monotonic();
    part.running = running;
    this.#change(part, { state: 'running', pid: running.pid, restartAt: null });
    void running.ended.then((reason) => {
      if (part.stopping || part.running !== running) return;
      if (this.#clock.monotonic() - startedAt >= recoveredMs) part.failuresInARow = 0;
      this.#restartLater(part, reason);
    });
  }

  #restartLater(part: Part, reason: string): void {
    const delayMs = Math.min(restartDelayMsMax, restartDelayMsMin * 2 ** part.failuresInARow);
    part.failuresInARow += 1;
    part.running = undefined;
    this.#log.warn(`${part.status.name} ended and is started again in ${delayMs} ms`, { error: reason });
    const restartAt = this.#clock.now() + delayMs;
    this.#change(part, { state: 'restarting', pid: null, lastEnd: reason, restartAt });
    part.cancelRestart = this.#clock.after(delayMs, () => this.#restart(part));
  }

  #restart(part: Part): void {
    part.status.restarts += 1;
    const started = part.start();
    part.pending = started.then(
      (running) => {
        this.#log.info(`${part.status.name} runs again`, { pid: running.pid });
        this.#watch(part, running);
      },
      (thrown) => {
        if (!part.stopping) this.#restartLater(part, describeError(thrown));
      },
    );
  }

  #change(part: Part, change: Partial<PartStatus>): void {
    Object.assign(part.status, change, { since: this.#clock.now() });
  }
}
