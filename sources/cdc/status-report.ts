import type { Clock } from '../../kernel/time.js';
import { formatLsn, type Lsn } from './lsn.js';
import type { CdcStatus } from './status.js';

/** Counts what capture does, and says it in the form that is shown to people. */
export class StatusReport {
  state: CdcStatus['state'] = 'starting';
  error: string | null = null;
  receivedLsn: Lsn | null = null;
  durableLsn: Lsn | null = null;
  sourceLsn: Lsn | null = null;
  slotBytes: number | null = null;
  #clock: Clock;
  #tables: Record<string, number> = {};
  #events = 0;
  #objects = 0;
  #bytes = 0;
  #lastCommitAt: number | null = null;
  #previous: { at: number; events: number };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#previous = { at: clock.monotonic(), events: 0 };
  }

  countEvent(table: string): void {
    this.#events++;
    this.#tables[table] = (this.#tables[table] ?? 0) + 1;
  }

  countObject(bytes: number, lastCommitAt: number): void {
    this.#objects++;
    this.#bytes += bytes;
    this.#lastCommitAt = Math.max(this.#lastCommitAt ?? 0, lastCommitAt);
  }

  /** `pendingSince`: monotonic time since when the oldest event that is not durable has been here. */
  take(pendingSince: number | null): CdcStatus {
    const now = this.#clock.monotonic();
    const seconds = (now - this.#previous.at) / 1000;
    const eventsPerSecond = seconds > 0 ? Math.round((this.#events - this.#previous.events) / seconds) : 0;
    this.#previous = { at: now, events: this.#events };
    const { sourceLsn, durableLsn } = this;
    return {
      state: this.state,
      error: this.error,
      receivedLsn: lsnText(this.receivedLsn),
      durableLsn: lsnText(durableLsn),
      sourceLsn: lsnText(sourceLsn),
      lagBytes: sourceLsn === null || durableLsn === null ? null : Math.max(0, sourceLsn - durableLsn),
      slotBytes: this.slotBytes,
      lastCommitAt: this.#lastCommitAt,
      lagMs: pendingSince === null ? 0 : Math.max(0, Math.round(now - pendingSince)),
      eventsTotal: this.#events,
      objectsTotal: this.#objects,
      bytesTotal: this.#bytes,
      eventsPerSecond,
      tables: { ...this.#tables },
      at: this.#clock.now(),
    };
  }
}

function lsnText(lsn: Lsn | null): string | null {
  return lsn === null ? null : formatLsn(lsn);
}
