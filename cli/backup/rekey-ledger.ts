import type { ClientBase } from 'pg';
import type { ObjectStore } from '../../connectors/object-store.js';

const pageRows = 5_000;

/**
 * A file's etag is of its inode and time, so a copied file has another: the ledger would take every object for a new one
 * and load it again. Objects of the key and size that the ledger knows are those that it knows. Returns how many.
 */
export async function rekeyLedger(client: ClientBase, objects: ObjectStore): Promise<number> {
  const { rows } = await client.query(`select to_regclass('millrace.load_ledger') is not null as there`);
  if (!rows[0]?.there) return 0;
  let rekeyed = 0;
  let page: { key: string; size: number; etag: string }[] = [];
  const flush = async () => {
    rekeyed += await rekey(client, objects.bucket, page);
    page = [];
  };
  for await (const object of objects.list('')) {
    page.push(object);
    if (page.length >= pageRows) await flush();
  }
  await flush();
  return rekeyed;
}

async function rekey(
  client: ClientBase,
  bucket: string,
  page: { key: string; size: number; etag: string }[],
): Promise<number> {
  if (page.length === 0) return 0;
  const values = [bucket, page.map(({ key }) => key), page.map(({ size }) => size), page.map(({ etag }) => etag)];
  const objects = 'unnest($2::text[], $3::bigint[], $4::text[]) as object (key, size, etag)';
  const isSame = 'known.bucket = $1 and known.key = object.key and known.size = object.size';
  // Of an object that was replaced, the ledger has several rows; the file is the last of them.
  const { rowCount } = await client.query(
    `update millrace.load_ledger as known set etag = object.etag from ${objects}
     where ${isSame} and known.file_id = (
       select max(file_id) from millrace.load_ledger as other where other.bucket = $1 and other.key = object.key)`,
    values,
  );
  for (const table of ['load_quarantine', 'load_pending']) {
    await client.query(
      `update millrace.${table} as known set etag = object.etag from ${objects} where ${isSame}`,
      values,
    );
  }
  return rowCount ?? 0;
}
