import { createGzip, type Gzip } from 'node:zlib';
import type { ObjectStore } from '../../connectors/object-store.js';
import { type Clock, sleep } from '../../kernel/time.js';
import { formatObjectKey } from './envelope.js';
import { LineWriter } from './line-writer.js';
import type { Lsn } from './lsn.js';

/** When an object of change events is closed and stored. */
export interface Rotation {
  rows: number;
  /** Bytes of JSON lines, before compression. */
  bytes: number;
  /** Milliseconds since its first event arrived. */
  ageMs: number;
}

/** A point in the stream: the LSN of the commit record, and the place of the change in its transaction. */
export interface Place {
  lsn: Lsn;
  seq: number;
}

export interface TableObjectsOptions {
  table: string;
  store: ObjectStore;
  rotation: Rotation;
  gzip: boolean;
  clock: Clock;
  /** Ends the retries of an upload. */
  signal: AbortSignal;
  /** Raw or packed bytes came into memory (positive) or left it (negative). */
  onBytes(change: number): void;
  onDurable(object: StoredObject): void;
  /** An upload failed and will be tried again. */
  onTrouble(error: unknown): void;
}

export interface StoredObject {
  table: string;
  key: string;
  rows: number;
  /** Bytes in the store. */
  bytes: number;
  date: string;
  last: Place;
  lastCommitAt: number;
}

interface OpenObject {
  date: string;
  first: Place;
  last: Place;
  lastCommitAt: number;
  rows: number;
  rawBytes: number;
  /** Monotonic time of the first event. */
  openedAt: number;
  gzip: Gzip | null;
  parts: Buffer[];
}

interface SealedObject extends OpenObject {
  body: Promise<Buffer>;
}

/**
 * The objects of one table: one that is being filled, and a queue of full ones that are stored one after the other.
 * In this order only, what the store holds of a table is always a prefix of its stream, whenever the process dies.
 */
export class TableObjects {
  readonly writer = new LineWriter(chunkBytes);
  /** The last event that was written here or found in the store; what is not after it is skipped. */
  position: Place;
  #options: TableObjectsOptions;
  #open: OpenObject | null = null;
  #sealed: SealedObject[] = [];
  #uploading: Promise<void> = Promise.resolve();

  constructor(options: TableObjectsOptions, position: Place) {
    this.#options = options;
    this.position = position;
  }

  /** The oldest event here that is not durable. */
  get firstPending(): { lsn: Lsn; since: number } | null {
    const object = this.#sealed[0] ?? this.#open;
    return object ? { lsn: object.first.lsn, since: object.openedAt } : null;
  }

  has(lsn: Lsn, seq: number): boolean {
    return lsn < this.position.lsn || (lsn === this.position.lsn && seq <= this.position.seq);
  }

  /** Call before an event is written to `writer`. Answers true when this event opens an object. */
  begin(lsn: Lsn, seq: number, date: string): boolean {
    if (this.#open && this.#open.date !== date) this.seal();
    if (this.#open) return false;
    this.#open = {
      date,
      first: { lsn, seq },
      last: { lsn, seq },
      lastCommitAt: 0,
      rows: 0,
      rawBytes: 0,
      openedAt: this.#options.clock.monotonic(),
      gzip: null,
      parts: [],
    };
    return true;
  }

  /** Call after the event was written. */
  end(lsn: Lsn, seq: number, committedAt: number): void {
    const object = this.#open as OpenObject;
    this.position = object.last = { lsn, seq };
    object.lastCommitAt = committedAt;
    object.rows++;
    const { rotation } = this.#options;
    if (this.writer.length >= chunkBytes - chunkSpareBytes) this.#pack(object);
    if (object.rows >= rotation.rows || object.rawBytes + this.writer.length >= rotation.bytes) this.seal();
  }

  /** Closes the object that is being filled, if any, and stores it after those before it. */
  seal(): void {
    const object = this.#open;
    if (!object) return;
    this.#open = null;
    this.#pack(object);
    this.#sealed.push({ ...object, body: finish(object) });
    this.#uploading = this.#uploading.then(() => this.#storeNext());
    // Whoever waits with `settled` gets the rejection; without one it must not end the process.
    this.#uploading.catch(() => {});
  }

  /** Resolves when everything that was sealed is durable; rejects when the signal ended the attempts. */
  settled(): Promise<void> {
    return this.#uploading;
  }

  #pack(object: OpenObject): void {
    if (this.writer.length === 0) return;
    const raw = this.writer.take(chunkBytes);
    object.rawBytes += raw.length;
    if (this.#options.gzip) {
      object.gzip ??= openGzip(object.parts);
      object.gzip.write(raw, () => this.#options.onBytes(-raw.length));
    } else {
      object.parts.push(raw);
    }
    this.#options.onBytes(raw.length);
  }

  async #storeNext(): Promise<void> {
    const object = this.#sealed[0] as SealedObject;
    const { table, gzip, onBytes, onDurable } = this.#options;
    const { date, first, last, rows, lastCommitAt } = object;
    const body = await object.body;
    if (gzip) onBytes(body.length);
    const key = formatObjectKey({ table, date, first: position(first), last: position(last), gzip });
    await this.#put(key, body);
    onBytes(-body.length);
    this.#sealed.shift();
    onDurable({ table, key, rows, bytes: body.length, date, last, lastCommitAt });
  }

  /**
   * An object that is there under this name holds the same events: its name says which, and their order never changes.
   * It stays as it is.
   */
  async #put(key: string, body: Buffer): Promise<void> {
    const { store, gzip, clock, signal, onTrouble } = this.#options;
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
}

/** Lines are handed to zlib in pieces of this size: large enough for its thread, small enough for the cache. */
const chunkBytes = 512 * 1024;
const chunkSpareBytes = 64 * 1024;
const retryDelayMsMin = 200;
const retryDelayMsMax = 10_000;

/** Level 1: a seventh of the size for a tenth of the time of the default, on change events. */
function openGzip(parts: Buffer[]): Gzip {
  return createGzip({ level: 1, chunkSize: 256 * 1024 }).on('data', (part: Buffer) => parts.push(part));
}

function finish(object: OpenObject): Promise<Buffer> {
  const { gzip, parts } = object;
  if (!gzip) return Promise.resolve(Buffer.concat(parts));
  return new Promise((resolve, reject) => {
    gzip.once('end', () => resolve(Buffer.concat(parts)));
    gzip.once('error', reject);
    gzip.end();
  });
}

function position({ lsn, seq }: Place) {
  return { lsn: BigInt(lsn), seq };
}
