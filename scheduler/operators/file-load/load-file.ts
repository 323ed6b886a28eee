import { Readable } from 'node:stream';
import type { ObjectStore } from '../../../connectors/object-store.js';
import type { PostgresSession } from '../../../connectors/postgres.js';
import { MillraceError } from '../../../kernel/errors.js';
import { binaryCopyOptions, binaryRows } from './binary-rows.js';
import { ContentError } from './content-error.js';
import { copyOptions, jsonLines, type LineCount } from './json-lines.js';
import { type LakeFile, tableOf } from './lake-file.js';
import { unwrappedLines } from './wrapped-lines.js';

export interface FileLoad {
  file: LakeFile;
  table: string;
  /** false: the ledger had it already, and nothing was done. */
  loaded: boolean;
  /** Events in the file. */
  rows: number;
  /** Those of them that were already there from another file. */
  skippedRows: number;
  /** Bytes after unzipping. */
  bytes: number;
}

/**
 * `direct` copies straight into the landing table and fails on anything unusual. `careful` goes through a temporary
 * table: it unwraps `{schema, payload}`, passes over tombstones and blank lines, skips events that are there, and
 * names the line that is wrong.
 */
export type LoadMode = 'direct' | 'careful';

/**
 * Loads one file and its ledger row in the caller's transaction. The ledger row comes first: whoever else loads the
 * same file waits for this transaction and then finds the row. Throws ContentError when the file is at fault.
 */
export async function loadFile(
  session: PostgresSession,
  store: ObjectStore,
  file: LakeFile,
  options: { mode: LoadMode; runId: string; signal: AbortSignal | undefined },
): Promise<FileLoad> {
  const table = tableOf(file.key);
  const unchanged: FileLoad = { file, table, loaded: false, rows: 0, skippedRows: 0, bytes: 0 };
  const fileId = await enterLedger(session, store.bucket, file, table, options.runId);
  if (fileId === undefined) return unchanged;
  const target = await landingTable(session, table);
  const count: LineCount = { lines: 0, bytes: 0 };
  const object = await openObject(store, file, options.signal);
  try {
    const lines = jsonLines(object, file.size, count);
    const copy = options.mode === 'direct' ? copyDirectly : copyCarefully;
    const { rows, skippedRows } = await copy(session, target, fileId, lines, count);
    await session.query('update millrace.load_ledger set rows = $2, skipped_rows = $3 where file_id = $1', [
      fileId,
      rows,
      skippedRows,
    ]);
    return { ...unchanged, loaded: true, rows, skippedRows, bytes: count.bytes };
  } finally {
    // Where COPY fails, nobody reads the object to its end.
    object.destroy();
  }
}

async function enterLedger(session: PostgresSession, bucket: string, file: LakeFile, table: string, runId: string) {
  const { rows } = await session.query<{ file_id: string | number }>(
    `insert into millrace.load_ledger (bucket, key, etag, size, table_name, run_id) values ($1, $2, $3, $4, $5, $6)
     on conflict (bucket, key, etag) do nothing returning file_id`,
    [bucket, file.key, file.etag, file.size, table, runId],
  );
  return rows[0]?.file_id;
}

async function landingTable(session: PostgresSession, table: string): Promise<string> {
  const { rows } = await session.query<{ target: string | null }>(
    `select to_regclass(format('raw.%I', $1::text))::text as target`,
    [table],
  );
  const target = rows[0]?.target;
  if (!target) throw new ContentError(`there is no table raw.${table} to load it into`);
  return target;
}

async function openObject(store: ObjectStore, file: LakeFile, signal: AbortSignal | undefined): Promise<Readable> {
  try {
    return await store.get(file.key, { etag: file.etag, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'OBJECT_NOT_FOUND') {
      throw new ContentError('the object is gone', { cause: error });
    }
    throw error;
  }
}

async function copyDirectly(
  session: PostgresSession,
  target: string,
  fileId: string | number,
  lines: AsyncIterable<Buffer>,
  count: LineCount,
) {
  await setFileId(session, fileId);
  const rows = await session.copyFrom(`${target} (payload)`, bytesOf(binaryRows(lines)), binaryCopyOptions);
  checkCount(rows, count);
  return { rows, skippedRows: 0 };
}

async function copyCarefully(
  session: PostgresSession,
  target: string,
  fileId: string | number,
  lines: AsyncIterable<Buffer>,
  count: LineCount,
) {
  await session.query(
    `create temporary table load_lines (line bigint generated always as identity, payload jsonb) on commit drop`,
  );
  checkCount(await session.copyFrom('load_lines (payload)', bytesOf(unwrappedLines(lines)), copyOptions), count);
  await session.query(`delete from load_lines where payload is null or jsonb_typeof(payload) = 'null'`);
  await refuseStrangers(session);
  await setFileId(session, fileId);
  await session.query(`create temporary table load_events (like ${target} including generated) on commit drop`);
  const { rowCount: rows } = await session.query(
    `insert into load_events (payload, file_id, loaded_at) select payload, $1, now() from load_lines order by line`,
    [fileId],
  );
  const { rowCount: added } = await session.query(
    `insert into ${target} (payload, file_id, loaded_at)
     select payload, file_id, loaded_at from load_events on conflict (lsn, seq) do nothing`,
  );
  await refuseTakenPositions(session, target);
  await session.query('drop table load_lines, load_events');
  return { rows, skippedRows: rows - added };
}

function bytesOf(chunks: AsyncIterable<Buffer>): Readable {
  return Readable.from(chunks, { objectMode: false, highWaterMark: 1024 * 1024 });
}

/** Generated columns and defaults of the landing tables read it. */
async function setFileId(session: PostgresSession, fileId: string | number): Promise<void> {
  await session.query(`select set_config('millrace.file_id', $1, true)`, [String(fileId)]);
}

function checkCount(rows: number, { lines }: LineCount): void {
  if (rows !== lines) throw new ContentError(`the file has ${lines} lines, of which only ${rows} could be read`);
}

/** Names the first line that is no change event. */
async function refuseStrangers(session: PostgresSession): Promise<void> {
  const { rows } = await session.query<{ line: number; excerpt: string; fault: string }>(
    `select line, left(payload::text, 300) as excerpt, fault
     from load_lines, lateral (select case
       when jsonb_typeof(payload) <> 'object' then 'it is no JSON object'
       when coalesce(payload->>'op', '') not in ('r', 'c', 'u', 'd', 't') then
         format('it is no change event: "op" is %s', coalesce(payload->>'op', 'missing'))
       when coalesce(payload->'source'->>'commit_lsn', payload->'source'->>'lsn') is null then
         'it has no position in the log ("source.lsn")'
       when payload->'source'->'commit_lsn' is not null and payload->'source'->>'seq' is null then
         'it has no place in its transaction ("source.seq")'
       when payload->>'op' <> 't' and coalesce(payload->'after'->>'id', payload->'before'->>'id') is null then
         'it has no key ("id")'
       when coalesce(payload->'after'->>'id', payload->'before'->>'id') !~ '^-?[0-9]{1,18}$' then
         format('its key is no whole number: "id" is %s', coalesce(payload->'after'->>'id', payload->'before'->>'id'))
     end) as checked (fault)
     where fault is not null order by line limit 1`,
  );
  const first = rows[0];
  if (first) throw new ContentError(first.fault, { line: first.line, excerpt: first.excerpt });
}

/** An event may come again; another event at its position is a fault that must not pass in silence. */
async function refuseTakenPositions(session: PostgresSession, target: string): Promise<void> {
  const { rows } = await session.query<{ lsn: string; seq: string }>(
    `select new.lsn, new.seq from load_events new join ${target} old on old.lsn = new.lsn and old.seq = new.seq
     where old.op <> new.op or old.key is distinct from new.key
        or old.payload->'after' is distinct from new.payload->'after'
     limit 1`,
  );
  const taken = rows[0];
  if (taken) throw new ContentError(`another event stands at its position (lsn ${taken.lsn}, seq ${taken.seq})`);
}
