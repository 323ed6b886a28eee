import { createGzip, type Gzip } from 'node:zlib';
import type { Clock } from '../../kernel/time.js';
import { formatObjectKey } from './envelope.js';
import { LineWriter } from './line-writer.js';
import type { Lsn } from './lsn.js';

/** A point in the stream: the LSN of the commit record, and the place of the change in its transaction. */
export interface Place {
  lsn: Lsn;
  seq: number;
}

export interface TableObjectsOptions {
  table: string;
  gzip: boolean;
  clock: Clock;
  /** Bytes of lines came into memory (positive), or were packed and left it (negative). */
  onBytes(change: number): void;
}

/** An object that takes no more events. */
export interface SealedObject {
  table: string;
  key: string;
  date: string;
  first: Place;
  last: Place;
  lastCommitAt: number;
  rows: number;
  /** Monotonic time of the arrival of the first event. */
  openedAt: number;
  body: Promise<Buffer>;
}

interface OpenObject {
  date: string;
  first: Place;
  last: Place;
  lastCommitAt: number;
  rows: number;
  rawBytes: number;
  openedAt: number;
  gzip: Gzip | null;
  parts: Buffer[];
}

/** The object of one table that is being filled. */
export class TableObjects {
  readonly writer = new LineWriter(chunkBytes);
  /** The last event that was written here or found in the store; what is not after it is skipped. */
  position: Place;
  #options: TableObjectsOptions;
  #open: OpenObject | null = null;

  constructor(options: TableObjectsOptions, position: Place) {
    this.#options = options;
    this.position = position;
  }

  get open(): Readonly<OpenObject> | null {
    return this.#open;
  }

  /** Rows and bytes of lines in the open object. */
  get size(): { rows: number; bytes: number } {
    const object = this.#open;
    return object ? { rows: object.rows, bytes: object.rawBytes + this.writer.length } : { rows: 0, bytes: 0 };
  }

  has(lsn: Lsn, seq: number): boolean {
    return lsn < this.position.lsn || (lsn === this.position.lsn && seq <= this.position.seq);
  }

  /** Call before an event is written to `writer`, when the open object is of the same date. */
  begin(lsn: Lsn, seq: number, date: string): void {
    this.#open ??= {
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
  }

  /** Call after the event was written. */
  end(lsn: Lsn, seq: number, committedAt: number): void {
    const object = this.#open as OpenObject;
    this.position = object.last = { lsn, seq };
    object.lastCommitAt = committedAt;
    object.rows++;
    if (this.writer.length >= chunkBytes - chunkSpareBytes) this.#pack(object);
  }

  /** Closes the open object; null when there is none. */
  seal(): SealedObject | null {
    const object = this.#open;
    if (!object) return null;
    this.#open = null;
    this.#pack(object);
    const { table, gzip } = this.#options;
    const { date, first, last, lastCommitAt, rows, openedAt } = object;
    const key = formatObjectKey({ table, date, first: position(first), last: position(last), gzip });
    return { table, key, date, first, last, lastCommitAt, rows, openedAt, body: finish(object) };
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
}

/** Lines are handed to zlib in pieces of this size: large enough for its thread, small enough for the cache. */
const chunkBytes = 512 * 1024;
const chunkSpareBytes = 64 * 1024;

/** Level 1: a seventh of the size for a tenth of the time of the default, on change events. */
function openGzip(parts: Buffer[]): Gzip {
  return createGzip({ level: 1, chunkSize: 256 * 1024 }).on('data', (part: Buffer) => parts.push(part));
}

function finish({ gzip, parts }: OpenObject): Promise<Buffer> {
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
