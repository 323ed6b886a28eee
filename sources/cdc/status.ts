/** What change data capture says of itself, about once a second, to who started it. Shown in the UI and at /metrics. */
export interface CdcStatus {
  state: 'starting' | 'snapshot' | 'streaming' | 'reconnecting' | 'stopped';
  /** The last error when it is reconnecting. */
  error: string | null;
  /** LSNs as PostgreSQL writes them, such as `0/16B3748`. */
  receivedLsn: string | null;
  durableLsn: string | null;
  sourceLsn: string | null;
  /** Bytes of WAL between the source's end and what is durable in the object store. */
  lagBytes: number | null;
  /** Bytes of WAL that the slot makes the source keep. */
  slotBytes: number | null;
  /** Commit time of the last durable event (epoch ms). */
  lastCommitAt: number | null;
  /** Age of the oldest change that is not durable yet; 0 when there is none. */
  lagMs: number;
  eventsTotal: number;
  objectsTotal: number;
  bytesTotal: number;
  eventsPerSecond: number;
  /** Events captured per table since the start. */
  tables: Record<string, number>;
  at: number;
}
