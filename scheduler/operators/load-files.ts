import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ObjectInfo, ObjectStore } from '../../connectors/object-store.js';
import type { PostgresSession } from '../../connectors/postgres.js';
import { describeError, MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { ContentError } from './file-load/content-error.js';
import { copyOptions, jsonLines } from './file-load/json-lines.js';
import type { LoadPlace } from './file-load/lake-file.js';
import { openLoadPlace } from './load-place.js';
import type { Operator, OperatorCall } from './operator.js';

/** What a load came to; the task's return value. */
interface LoadFilesReport {
  files: number;
  rows: number;
  /** Files that could not be loaded, and why. */
  quarantined: { key: string; reason: string }[];
}

/** Keys that one look-up in the ledger holds. */
const keysMax = 1_000;

/**
 * Loads the files under a prefix that its ledger does not know into a table, in the order of their keys, each exactly
 * once: a file's rows and its ledger row commit together. JSON lines become one `payload` column; CSV has a header.
 */
export const loadFilesOperator: Operator = {
  templateFields: ['from', 'prefix', 'into', 'connection', 'quarantine'],
  async perform(call) {
    const { scope, options } = call;
    const target = targetOf(options);
    const place = await openLoadPlace({
      from: String(options['from'] ?? 'lake'),
      connection: String(options['connection'] ?? 'warehouse'),
    });
    await place.warehouse.transaction((session) => prepare(session, target));
    const report: LoadFilesReport = { files: 0, rows: 0, quarantined: [] };
    for await (const object of newObjects(place, target, String(options['prefix'] ?? ''), scope.signal)) {
      scope.signal.throwIfAborted();
      await loadOne(call, place, target, object, report);
      scope.progress(report.files + report.quarantined.length, null);
    }
    Object.assign(scope.effects.details, report as unknown as JsonObject);
    scope.log('INFO', `${report.rows} rows of ${report.files} files into ${target.table}`);
    return report;
  },
};

interface Target {
  /** With its schema, as it is written in SQL. */
  table: string;
  schema: string | null;
  /** The table with its columns. */
  place: string;
  format: 'jsonl' | 'csv';
}

function targetOf(options: JsonObject): Target {
  const into = String(options['into'] ?? '');
  const match = /^(?:([a-z_][\w$]*)\.)?([a-z_][\w$]*)\s*(\([\w$,\s"]+\))?$/i.exec(into);
  if (!match) {
    throw new MillraceError('TASK_FAILED', `into is ${JSON.stringify(into)}, which names no table`, {
      hint: 'Write raw.customers, or raw.customers (payload).',
    });
  }
  const format = options['format'] ?? 'jsonl';
  if (format !== 'jsonl' && format !== 'csv') {
    throw new MillraceError('TASK_FAILED', `format is ${JSON.stringify(format)}; there are jsonl and csv`);
  }
  const [, schema = null, name, columns] = match as unknown as [string, string | undefined, string, string | undefined];
  const table = schema ? `${schema}.${name}` : name;
  const place = `${table} ${columns ?? (format === 'csv' ? '' : '(payload)')}`;
  return { table, schema, place, format };
}

/** The ledger, and for JSON lines the table. Two tasks that come at once wait for each other. */
async function prepare(session: PostgresSession, { table, schema, format }: Target): Promise<void> {
  await session.query('set local client_min_messages = warning');
  await session.query(`select pg_advisory_xact_lock(hashtext('millrace.loaded_file'))`);
  await session.query('create schema if not exists millrace');
  await session.query(`create table if not exists millrace.loaded_file (
    target text not null, bucket text not null, key text not null, etag text not null, bytes bigint not null,
    rows bigint not null, error text, run_id text not null, loaded_at timestamptz not null default now(),
    primary key (target, bucket, key))`);
  if (format === 'csv') return;
  if (schema) await session.query(`create schema if not exists ${schema}`);
  await session.query(`create table if not exists ${table} (payload jsonb not null)`);
}

async function* newObjects(
  { store, warehouse }: LoadPlace,
  { table }: Target,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectInfo> {
  const unknown = async (page: ObjectInfo[]) => {
    const keys = page.map(({ key }) => key);
    const { rows } = await warehouse.query<{ key: string }>(
      'select key from millrace.loaded_file where target = $1 and bucket = $2 and key = any($3)',
      [table, store.bucket, keys],
    );
    const known = new Set(rows.map(({ key }) => key));
    return page.filter(({ key }) => !known.has(key));
  };
  let page: ObjectInfo[] = [];
  for await (const object of store.list(prefix, { signal })) {
    page.push(object);
    if (page.length < keysMax) continue;
    yield* await unknown(page);
    page = [];
  }
  if (page.length > 0) yield* await unknown(page);
}

async function loadOne(
  { scope, options }: OperatorCall,
  { store, warehouse }: LoadPlace,
  target: Target,
  object: ObjectInfo,
  report: LoadFilesReport,
): Promise<void> {
  const enter = (session: PostgresSession, rows: number, error: string | null) =>
    session.query(
      `insert into millrace.loaded_file (target, bucket, key, etag, bytes, rows, error, run_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      [target.table, store.bucket, object.key, object.etag, object.size, rows, error, scope.attempt.runId],
    );
  try {
    await warehouse.transaction(async (session) => {
      // The ledger row comes first: whoever else loads this file waits for it, and then finds it.
      if ((await enter(session, 0, null)).rowCount === 0) return;
      const content = await contentOf(store, target, object, scope.signal);
      const format = target.format === 'csv' ? '(format csv, header true)' : copyOptions;
      const rows = await session.copyFrom(target.place, content, format);
      await session.query('update millrace.loaded_file set rows = $4 where target = $1 and bucket = $2 and key = $3', [
        target.table,
        store.bucket,
        object.key,
        rows,
      ]);
      report.files++;
      report.rows += rows;
    });
  } catch (error) {
    const folder = options['quarantine'];
    if (typeof folder !== 'string' || !isContentFault(error)) throw error;
    const reason = describeError(error);
    await store.put(`${folder.replace(/\/?$/, '/')}${object.key}`, await readWhole(store, object, scope.signal));
    await enter(warehouse, 0, reason);
    report.quarantined.push({ key: object.key, reason });
    scope.log('WARNING', `${object.key} is in quarantine: ${reason}`);
  }
}

async function contentOf(
  store: ObjectStore,
  target: Target,
  object: ObjectInfo,
  signal: AbortSignal,
): Promise<Readable> {
  const stream = await store.get(object.key, { signal });
  if (target.format === 'jsonl') {
    return Readable.from(jsonLines(stream, object.size, { lines: 0, bytes: 0 }), { objectMode: false });
  }
  return object.key.endsWith('.gz') ? stream.pipe(createGunzip()) : stream;
}

async function readWhole(store: ObjectStore, { key }: ObjectInfo, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await store.get(key, { signal })) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What the file itself is at fault for: bytes that no such file has, or data that the table refuses (classes 22, 23). */
function isContentFault(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof ContentError || (typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code));
}
