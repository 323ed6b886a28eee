import { compareKeys } from '../../../connectors/object-key.js';
import type { ObjectInfo } from '../../../connectors/object-store.js';
import { type Instant, utcDate } from '../../../kernel/time.js';
import { type LakeFile, type LoadPlace, lakeFileOf } from './lake-file.js';

export interface ListOptions {
  now: Instant;
  /** Folders of so many days, today included, are listed on every run; 3 when unset. */
  recentDays?: number;
  /** Files that one run takes at most; the rest is taken by the next. 10,000 when unset. */
  filesMax?: number;
  /** true: compare the whole bucket now. Else that happens as often as it is cheap, and at least once a day. */
  full?: boolean;
  signal?: AbortSignal;
}

export interface NewFiles {
  files: LakeFile[];
  /** Objects that were looked at. */
  listed: number;
  /** Whether the whole bucket was compared with the ledger. */
  full: boolean;
  /** Whether there is more than one run takes. */
  more: boolean;
}

/**
 * Finds the objects that are neither in the ledger nor in quarantine, in the order of their keys, and remembers them
 * as pending until they are. Every run lists the folders of the last days, and folders that it has never seen, each
 * after its last known key: keys grow with the stream, so that is where new ones appear. What arrives late between
 * known keys is found when the whole bucket is compared with the ledger, which is done as long as that takes less
 * than a hundredth of the time, and once a day in any case.
 */
export async function listNewFiles(place: LoadPlace, options: ListOptions): Promise<NewFiles> {
  const filesMax = options.filesMax ?? 10_000;
  const found = new Map((await pendingFiles(place, filesMax)).map((file) => [file.key, file]));
  const full = options.full ?? (await isFullScanDue(place, options.now));
  const startedAt = performance.now();
  let listed = 0;
  let more = found.size >= filesMax;
  if (!more) {
    for await (const page of pagesOf(full ? place.store.list('', signalOf(options)) : recentObjects(place, options))) {
      listed += page.length;
      const unknown = await unknownObjects(place, page);
      const taken = unknown.slice(0, filesMax - found.size).map(lakeFileOf);
      await rememberPending(place, taken);
      for (const file of taken) found.set(file.key, file);
      more = taken.length < unknown.length;
      if (more) break;
    }
  }
  if (full && !more) await rememberFullScan(place, options.now, performance.now() - startedAt, listed);
  const files = [...found.values()].sort((a, b) => compareKeys(a.key, b.key));
  return { files, listed, full: full && !more, more };
}

const dayMs = 24 * 3600 * 1000;
/** A full scan may take this part of the time that passes. */
const fullScanShare = 0.01;

async function isFullScanDue({ store, warehouse }: LoadPlace, now: Instant): Promise<boolean> {
  const { rows } = await warehouse.query<{ at: number; ms: number }>(
    `select (extract(epoch from full_at) * 1000)::float8 as at, full_ms as ms from millrace.load_scan where bucket = $1`,
    [store.bucket],
  );
  const last = rows[0];
  return last === undefined || now - last.at >= Math.min(dayMs, last.ms / fullScanShare);
}

async function rememberFullScan({ store, warehouse }: LoadPlace, now: Instant, ms: number, objects: number) {
  await warehouse.query(
    `insert into millrace.load_scan (bucket, full_at, full_ms, objects) values ($1, to_timestamp($2 / 1000.0), $3, $4)
     on conflict (bucket) do update set full_at = excluded.full_at, full_ms = excluded.full_ms, objects = excluded.objects`,
    [store.bucket, now, ms, objects],
  );
}

/** The objects after the last known key of each folder that can have new ones. */
async function* recentObjects(place: LoadPlace, options: ListOptions): AsyncGenerator<ObjectInfo> {
  const { store } = place;
  const since = utcDate(options.now - ((options.recentDays ?? 3) - 1) * dayMs);
  for (const table of await store.listFolders('')) {
    for (const folder of await store.listFolders(table)) {
      const prefix = table + folder;
      const date = /^date=(\d{4}-\d{2}-\d{2})\/$/.exec(folder)?.[1];
      const startAfter = await lastKnownKey(place, prefix);
      if (startAfter !== '' && date !== undefined && date < since) continue;
      yield* store.list(prefix, { startAfter, ...signalOf(options) });
    }
  }
}

async function lastKnownKey({ store, warehouse }: LoadPlace, prefix: string): Promise<string> {
  const { rows } = await warehouse.query<{ key: string | null }>(
    `select greatest(
       (select max(key) from millrace.load_ledger where bucket = $1 and key > $2 and key < $3),
       (select max(key) from millrace.load_pending where bucket = $1 and key > $2 and key < $3),
       (select max(key) from millrace.load_quarantine where bucket = $1 and key > $2 and key < $3)) as key`,
    // '0' is the byte after '/': the range is what lies in the folder.
    [store.bucket, prefix, `${prefix.slice(0, -1)}0`],
  );
  return rows[0]?.key ?? '';
}

/** Those of the objects that are neither pending nor were loaded or quarantined as they are now. */
async function unknownObjects({ store, warehouse }: LoadPlace, objects: ObjectInfo[]): Promise<ObjectInfo[]> {
  const { rows } = await warehouse.query<{ key: string; etag: string }>(
    `select key, etag from millrace.load_ledger where bucket = $1 and key = any($2::text[])
     union all
     select key, etag from millrace.load_quarantine where bucket = $1 and key = any($2::text[])
     union all
     select key, etag from millrace.load_pending where bucket = $1 and key = any($2::text[])`,
    [store.bucket, objects.map((object) => object.key)],
  );
  const known = new Set(rows.map(({ key, etag }) => `${etag} ${key}`));
  return objects.filter(({ key, etag }) => !known.has(`${etag} ${key}`));
}

async function pendingFiles({ store, warehouse }: LoadPlace, limit: number): Promise<LakeFile[]> {
  const { rows } = await warehouse.query<LakeFile>(
    'select key, etag, size from millrace.load_pending where bucket = $1 order by key limit $2',
    [store.bucket, limit],
  );
  return rows;
}

async function rememberPending({ store, warehouse }: LoadPlace, files: LakeFile[]): Promise<void> {
  if (files.length === 0) return;
  await warehouse.query(
    `insert into millrace.load_pending (bucket, key, etag, size)
     select $1, * from unnest($2::text[], $3::text[], $4::bigint[])
     on conflict (bucket, key) do update set etag = excluded.etag, size = excluded.size`,
    [store.bucket, files.map((file) => file.key), files.map((file) => file.etag), files.map((file) => file.size)],
  );
}

async function* pagesOf(objects: AsyncIterable<ObjectInfo>): AsyncGenerator<ObjectInfo[]> {
  let page: ObjectInfo[] = [];
  for await (const object of objects) {
    page.push(object);
    if (page.length === 1000) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}

function signalOf({ signal }: ListOptions): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
