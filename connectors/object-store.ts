import type { Readable } from 'node:stream';

/** One object as a listing shows it. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  etag: string;
  /** Epoch milliseconds. */
  lastModified: number;
}

/**
 * A bucket. `file://` keeps it in a folder, `s3://` speaks to MinIO, AWS S3, GCS (interoperability keys) and every
 * S3-compatible store. Both pass one contract suite (tests/contract/object-store).
 */
export interface ObjectStore {
  /** The URL without secrets, for people. */
  readonly url: string;
  readonly bucket: string;
  /** Every object under the prefix in the byte order of the keys, all pages; `startAfter` is exclusive. */
  list(prefix: string, options?: { startAfter?: string; signal?: AbortSignal }): AsyncIterable<ObjectInfo>;
  /** The names directly under the prefix, up to the next `/`: `date=2026-01-01/` and the like. */
  listFolders(prefix: string): Promise<string[]>;
  /**
   * A stream of the whole object. Rejects with OBJECT_NOT_FOUND when there is none, and with OBJECT_CHANGED when
   * `etag` is given and the object has another one by now.
   */
  get(key: string, options?: { etag?: string; signal?: AbortSignal }): Promise<Readable>;
  /** null when there is none. */
  head(key: string): Promise<ObjectInfo | null>;
  /**
   * Durable when it resolves. With `ifAbsent`, an object that is there stays as it is and the answer is `false`:
   * a durable object is never replaced by other content.
   */
  put(key: string, body: Buffer, options?: { ifAbsent?: boolean; contentType?: string }): Promise<boolean>;
  delete(key: string): Promise<void>;
  close(): Promise<void>;
}
