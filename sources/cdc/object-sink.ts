import type { ObjectStore } from '../../connectors/object-store.js';
import { MillraceError } from '../../kernel/errors.js';
import type { Clock } from '../../kernel/time.js';
import type { Lsn } from './lsn.js';
import { type Place, type Rotation, type StoredObject, TableObjects } from './table-objects.js';

export interface ObjectSinkOptions {
  store: ObjectStore;
  rotation: Rotation;
  gzip: boolean;
  clock: Clock;
  /** What each table's objects already hold: events up to it are skipped. */
  positions: ReadonlyMap<string, Place>;
  onDurable(object: StoredObject): void;
  onTrouble(error: unknown): void;
  /** Called when `isFull` ends. */
  onRoom(): void;
}

/** The objects of all tables, and what of the stream is durable in them. */
export class ObjectSink {
  #options: ObjectSinkOptions;
  #tables: ReadonlyMap<string, TableObjects>;
  #bytesHeld = 0;
  #cancelTimer: (() => void) | null = null;
  #giveUp = new AbortController();

  constructor(options: ObjectSinkOptions) {
    this.#options = options;
    const { store, rotation, gzip, clock, onDurable, onTrouble } = options;
    const signal = this.#giveUp.signal;
    const onBytes = (change: number) => this.#held(change);
    this.#tables = new Map(
      [...options.positions].map(([table, place]) => [
        table,
        new TableObjects({ table, store, rotation, gzip, clock, signal, onBytes, onDurable, onTrouble }, place),
      ]),
    );
  }

  /** undefined when the table is not captured. */
  table(name: string): TableObjects | undefined {
    return this.#tables.get(name);
  }

  /** True while so much waits for the store that no more should be read. */
  get isFull(): boolean {
    return this.#bytesHeld > heldBytesMax;
  }

  /** The commit LSN of the oldest transaction of which something is not durable, and since when that is here. */
  get firstPending(): { lsn: Lsn; since: number } | null {
    let first: { lsn: Lsn; since: number } | null = null;
    for (const table of this.#tables.values()) {
      const pending = table.firstPending;
      if (!pending) continue;
      first = first
        ? { lsn: Math.min(first.lsn, pending.lsn), since: Math.min(first.since, pending.since) }
        : { ...pending };
    }
    return first;
  }

  /** Call when an event opened an object: all tables rotate together once the oldest open object is of age. */
  startAge(): void {
    this.#cancelTimer ??= this.#options.clock.after(this.#options.rotation.ageMs, () => this.sealAll());
  }

  sealAll(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const table of this.#tables.values()) table.seal();
  }

  /** Stores everything, however long it takes; with `timeoutMs`, gives up after it and rejects. */
  async flush(timeoutMs: number | null): Promise<void> {
    this.sealAll();
    const giveUp = () =>
      this.#giveUp.abort(new MillraceError('CDC_STORE_UNAVAILABLE', giveUpText, { hint: giveUpHint }));
    const cancel = timeoutMs === null ? undefined : this.#options.clock.after(timeoutMs, giveUp);
    try {
      await Promise.all([...this.#tables.values()].map((table) => table.settled()));
    } finally {
      cancel?.();
    }
  }

  #held(change: number): void {
    const wasFull = this.isFull;
    this.#bytesHeld += change;
    if (wasFull && !this.isFull) this.#options.onRoom();
    // Without compression the open objects themselves are what fills the memory.
    if (!wasFull && this.isFull && !this.#options.gzip) this.sealAll();
  }
}

/** Lines that zlib has not packed yet, and packed objects that the store has not taken yet. */
const heldBytesMax = 96 * 1024 * 1024;

const giveUpText = 'the object store did not take the last events before capture stopped';
const giveUpHint = 'Nothing is lost: the source keeps them, and they are captured again at the next start.';
