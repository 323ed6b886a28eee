import type { Postgres } from '../../../connectors/postgres.js';
import type { Instant } from '../../../kernel/time.js';
import type { LoadPlace } from './lake-file.js';

const batchSize = 1000;

/**
 * Deletes the objects that were loaded before `before`; never one that waits, failed or is in quarantine. The ledger
 * keeps its rows, so that an object of that key would not be loaded again. Returns how many were deleted.
 */
export async function deleteLoadedObjects(
  { store, warehouse }: LoadPlace,
  before: Instant,
  signal?: AbortSignal,
): Promise<number> {
  let deleted = 0;
  const loadedBefore = async (keys: string[], etags: string[]) => {
    const { rows } = await warehouse.query<{ key: string }>(
      `select ledger.key from millrace.load_ledger ledger
       join unnest($2::text[], $3::text[]) as object (key, etag) on object.key = ledger.key and object.etag = ledger.etag
       where ledger.bucket = $1 and ledger.loaded_at < to_timestamp($4 / 1000.0)
         and not exists (
           select from millrace.load_pending pending where pending.bucket = $1 and pending.key = ledger.key
         )`,
      [store.bucket, keys, etags, before],
    );
    return rows.map((row) => row.key);
  };
  let page: { key: string; etag: string }[] = [];
  const deletePage = async () => {
    for (const key of await loadedBefore(
      page.map((object) => object.key),
      page.map((object) => object.etag),
    )) {
      signal?.throwIfAborted();
      await store.delete(key);
      deleted += 1;
    }
    page = [];
  };
  for await (const { key, etag, lastModified } of store.list('', signal ? { signal } : {})) {
    // What was written later cannot have been loaded earlier.
    if (lastModified < before) page.push({ key, etag });
    if (page.length === batchSize) await deletePage();
  }
  if (page.length > 0) await deletePage();
  return deleted;
}

/**
 * Deletes change events from `raw` whose files were loaded before `before`, file by file. What staging has made of them
 * stays; a full rebuild of the models then begins with what is left. Truncates stay: later rows depend on them.
 * Returns how many rows were deleted.
 */
export async function deleteOldEvents(warehouse: Postgres, before: Instant, signal?: AbortSignal): Promise<number> {
  const { rows: files } = await warehouse.query<{ file_id: number; target: string }>(
    `select file_id, format('raw.%I', table_name) as target from millrace.load_ledger
     where loaded_at < to_timestamp($1 / 1000.0) and events_deleted_at is null
       and to_regclass(format('raw.%I', table_name)) is not null
     order by file_id`,
    [before],
  );
  let deleted = 0;
  for (const { file_id: fileId, target } of files) {
    signal?.throwIfAborted();
    deleted += await warehouse.transaction(async (session) => {
      const { rowCount } = await session.query(`delete from ${target} where file_id = $1 and op <> 't'`, [fileId]);
      await session.query('update millrace.load_ledger set events_deleted_at = now() where file_id = $1', [fileId]);
      return rowCount;
    });
  }
  return deleted;
}
