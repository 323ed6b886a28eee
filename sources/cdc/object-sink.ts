import type { ObjectStore } from '../../connectors/object-store.js';
import { MillraceError } from '../../kernel/errors.js';
import { type Clock, sleep } from '../../kernel/time.js';
import type { EventContent, EventEncoder } from './event-encoder.js';
import type { Lsn } from './lsn.js';
import { type Place, type SealedObject, TableObjects } from './table-objects.js';

/** When the objects that are being filled are closed and stored. */
export interface Rotation {
  /** Events of one table. */
  rows: number;
  /** Bytes of JSON lines of one table, before compression. */
  bytes: number;
  /** Milliseconds since the first event arrived. */
  ageMs: number;
}

export interface ObjectSinkOptions {
  store: ObjectStore;
  rotation: Rotation;
  gzip: boolean;
  clock: Clock;
  /** What each table's objects already hold: events up to it are skipped. In the order in which objects are stored. */
  positions: ReadonlyMap<string, Place>;
  onDurable(object: SealedObject, bytes: number): void;
  /** An upload failed and will be tried again. */
  onTrouble(error: unknown): void;
  /** Called when `isFull` ends. */
  onRoom(): void;
}

/** An event on its way into an object. */
export interface EventToWrite extends EventContent {
  encoder: EventEncoder;
  commitLsn: Lsn;
  committedAt: number;
  /** UTC date of the commit. */
  date: string;
}

/**
 * The objects of all tables. When one is full or of age, all are closed together: such a cut holds every event of the
 * stream up to a point. Cuts are stored one after the other, and the objects of a cut one after the other in the order
 * of the tables, parents first. So the store holds a prefix of the stream but for the cut that is being stored, and
 * whoever reads the tables in the reverse order never meets a child before its parent.
 */
export class ObjectSink {
  #options: ObjectSinkOptions;
  #tables: ReadonlyMap<string, TableObjects>;
  #sealed: SealedObject[] = [];
  #storing: Promise<void> = Promise.resolve();
  #bytesHeld = 0;
  #cancelAge: (() => void) | null = null;
  #giveUp = new AbortController();

  constructor(options: ObjectSinkOptions) {
    this.#options = options;
    const { gzip, clock } = options;
    const onBytes = (change: number) => this.#hold(change);
    this.#tables = new Map(
      [...options.positions].map(([table, place]) => [table, new TableObjects({ table, gzip, clock, onBytes }, place)]),
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
    let lsn = Number.POSITIVE_INFINITY;
    let since = Number.POSITIVE_INFINITY;
    const open = [...this.#tables.values()].map((table) => table.open);
    for (const object of [...this.#sealed, ...open]) {
      if (!object) continue;
      lsn = Math.min(lsn, object.first.lsn);
      since = Math.min(since, object.openedAt);
    }
    return lsn === Number.POSITIVE_INFINITY ? null : { lsn, since };
  }

  /** Appends an event to its table's object. Events that the store holds are for the caller to leave out (`has`). */
  write(objects: TableObjects, event: EventToWrite): void {
    const { commitLsn, seq, date, committedAt } = event;
    if (objects.open && objects.open.date !== date) this.cut();
    objects.begin(commitLsn, seq, date);
    this.#cancelAge ??= this.#options.clock.after(this.#options.rotation.ageMs, () => this.cut());
    event.encoder.write(objects.writer, event);
    objects.end(commitLsn, seq, committedAt);
    const { rotation } = this.#options;
    const { rows, bytes } = objects.size;
    if (rows >= rotation.rows || bytes >= rotation.bytes) this.cut();
  }

  /** Closes all open objects and stores them after what was closed before. */
  cut(): void {
    this.#cancelAge?.();
    this.#cancelAge = null;
    for (const table of this.#tables.values()) {
      const object = table.seal();
      if (!object) continue;
      this.#sealed.push(object);
      this.#storing = this.#storing.then(() => this.#storeNext());
    }
    // Whoever waits in `flush` gets the rejection; without one it must not end the process.
    this.#storing.catch(() => {});
  }

  /** Stores everything, however long it takes; with `timeoutMs`, gives up after it and rejects. */
  async flush(timeoutMs: number | null): Promise<void> {
    this.cut();
    const giveUp = () =>
      this.#giveUp.abort(new MillraceError('CDC_STORE_UNAVAILABLE', giveUpText, { hint: giveUpHint }));
    const cancel = timeoutMs === null ? undefined : this.#options.clock.after(timeoutMs, giveUp);
    try {
      await this.#storing;
    } finally {
      cancel?.();
    }
  }

  async #storeNext(): Promise<void> {
    const object = this.#sealed[0] as SealedObject;
    const body = await object.body;
    // Without compression the body is what is held since it was written.
    if (this.#options.gzip) this.#hold(body.length);
    await this.#put(object.key, body);
    this.#hold(-body.length);
    this.#sealed.shift();
    this.#options.onDurable(object, body.length);
  }

  /**
   * An object that is there under this name holds the same events: its name says which, and their order never changes.
   * It stays as it is.
   */
  async #put(key: string, body: Buffer): Promise<void> {
    const { store, gzip, clock, onTrouble } = this.#options;
    const { signal } = this.#giveUp;
    const contentType = gzip ? 'application/gzip' : 'application/x-ndjson';
    for (let delayMs = retryDelayMsMin; ; delayMs = Math.min(delayMs * 2, retryDelayMsMax)) {
      try {
        await store.put(key, body, { ifAbsent: true, contentType });
        return;
      } catch (error) {
        signal.throwIfAborted();
        onTrouble(error);
        await sleep(clock, delayMs, signal);
      }
    }
  }

  #hold(change: number): void {
    const wasFull = this.isFull;
    this.#bytesHeld += change;
    if (wasFull && !this.isFull) this.#options.onRoom();
    // Without compression the open objects themselves are what fills the memory.
    if (!wasFull && this.isFull && !this.#options.gzip) this.cut();
  }
}

/** Lines that zlib has not packed yet, and packed objects that the store has not taken yet. */
const heldBytesMax = 96 * 1024 * 1024;
const retryDelayMsMin = 200;
const retryDelayMsMax = 10_000;

const giveUpText = 'the object store did not take the last events before capture stopped';
const giveUpHint = 'Nothing is lost: the source keeps them, and they are captured again at the next start.';
