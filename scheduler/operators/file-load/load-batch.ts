import type { PostgresSession } from '../../../connectors/postgres.js';
import { MillraceError } from '../../../kernel/errors.js';
import { ContentError } from './content-error.js';
import { type LakeFile, type LoadPlace, lakeFileOf, tableOf } from './lake-file.js';
import { type FileLoad, type LoadMode, loadFile } from './load-file.js';
import { type QuarantinedFile, quarantineFile } from './quarantine.js';

export interface LoadOptions {
  /** The run that loads, for the ledger. */
  runId: string;
  signal?: AbortSignal;
  /** Called after each transaction with the number of files that are dealt with. */
  onProgress?: (done: number, total: number) => void;
}

/** What a batch came to. JSON, so that it travels as an XCom. */
export type LoadReport = {
  tables: { table: string; files: number; rows: number; skippedRows: number }[];
  /** Files that the ledger had already. */
  alreadyLoaded: number;
  quarantined: QuarantinedFile[];
  /** Bytes after unzipping. */
  bytes: number;
};

/**
 * Loads the files of a batch, each exactly once for ever: rows and ledger row commit together. Small files share a
 * transaction; when that fails, each of them gets its own. A file that is at fault goes into quarantine and stops
 * nothing else; any other failure (network, database, disk) is thrown, and what has committed stays.
 */
export async function loadBatch(place: LoadPlace, files: LakeFile[], options: LoadOptions): Promise<LoadReport> {
  const loads: FileLoad[] = [];
  const quarantined: QuarantinedFile[] = [];
  for (const group of groupSmall(files)) {
    options.signal?.throwIfAborted();
    for (const outcome of await loadGroup(place, group, options)) {
      if ('reason' in outcome) quarantined.push(outcome);
      else loads.push(outcome);
    }
    options.onProgress?.(loads.length + quarantined.length, files.length);
  }
  await refreshStatistics(place, loads);
  return report(loads, quarantined);
}

/** Files that together are no larger than this share a transaction. */
const groupBytesMax = 8 * 1024 * 1024;
const groupFilesMax = 200;

function groupSmall(files: LakeFile[]): LakeFile[][] {
  const groups: LakeFile[][] = [];
  let size = 0;
  for (const file of files) {
    const last = groups.at(-1);
    if (last && last.length < groupFilesMax && size + file.size <= groupBytesMax) last.push(file);
    else {
      groups.push([file]);
      size = 0;
    }
    size += file.size;
  }
  return groups;
}

async function loadGroup(
  place: LoadPlace,
  group: LakeFile[],
  options: LoadOptions,
): Promise<(FileLoad | QuarantinedFile)[]> {
  try {
    return await loadTogether(place, group, 'direct', options);
  } catch (error) {
    if (!isWorthAnotherWay(error)) throw error;
    const [only] = group;
    if (only && group.length === 1) return [await loadAnotherWay(place, only, error, options)];
  }
  const outcomes: (FileLoad | QuarantinedFile)[] = [];
  for (const file of group) outcomes.push(...(await loadGroup(place, [file], options)));
  return outcomes;
}

function loadTogether({ warehouse, store }: LoadPlace, files: LakeFile[], mode: LoadMode, options: LoadOptions) {
  return warehouse.transaction(async (session) => {
    const loads: FileLoad[] = [];
    for (const file of files) {
      loads.push(await loadFile(session, store, file, { mode, runId: options.runId, signal: options.signal }));
    }
    await closeLedger(session, store.bucket, loads);
    return loads;
  });
}

/**
 * The last step before the commit: the files are pending no longer, and get the number that grows in the order of
 * commits. The lock is held until the commit is visible, so that no lower number can appear after a higher one.
 */
async function closeLedger(session: PostgresSession, bucket: string, loads: FileLoad[]): Promise<void> {
  const keys = loads.map((load) => load.file.key);
  await session.query('delete from millrace.load_pending where bucket = $1 and key = any($2::text[])', [bucket, keys]);
  await session.query(
    `update millrace.load_quarantine set resolved_at = clock_timestamp()
     where bucket = $1 and key = any($2::text[]) and resolved_at is null`,
    [bucket, keys],
  );
  const loaded = loads.filter((load) => load.loaded);
  if (loaded.length === 0) return;
  await session.query(`select pg_advisory_xact_lock(hashtext('millrace.load_seq'))`);
  await session.query(
    `update millrace.load_ledger ledger set load_seq = next.load_seq, loaded_at = clock_timestamp()
     from (select nextval('millrace.load_seq') as load_seq) next, unnest($2::text[], $3::text[]) as file (key, etag)
     where ledger.bucket = $1 and ledger.key = file.key and ledger.etag = file.etag`,
    [bucket, loaded.map((load) => load.file.key), loaded.map((load) => load.file.etag)],
  );
}

/**
 * A file that could not be copied straight in: replaced meanwhile, loaded in part before, unusual (events that are
 * there already, wrapped ones, tombstones), or at fault, which the second way says better.
 */
async function loadAnotherWay(
  place: LoadPlace,
  file: LakeFile,
  first: unknown,
  options: LoadOptions,
): Promise<FileLoad | QuarantinedFile> {
  let current = file;
  try {
    if (isCode(first, 'OBJECT_CHANGED')) {
      const head = await place.store.head(file.key);
      if (!head) throw new ContentError('the object is gone');
      current = lakeFileOf(head);
    } else if (first instanceof ContentError) {
      throw first;
    }
    const [load] = await loadTogether(place, [current], 'careful', options);
    return load as FileLoad;
  } catch (error) {
    const fault = contentErrorOf(error);
    if (!fault) throw error;
    return quarantineFile(place, current, tableOf(file.key), fault, options.runId);
  }
}

/** Whether the file may be at fault, or another load got in between: then it is tried by itself. */
function isWorthAnotherWay(error: unknown): boolean {
  return contentErrorOf(error) !== undefined || isCode(error, 'OBJECT_CHANGED') || isCode(error, '40P01');
}

/** What is wrong with the file, when the file is what is wrong: bad data (class 22) or a broken rule (class 23). */
function contentErrorOf(error: unknown): ContentError | undefined {
  if (error instanceof ContentError) return error;
  const code = codeOf(error);
  if (error instanceof MillraceError || !(error instanceof Error) || !/^2[23]...$/.test(code ?? '')) return undefined;
  const { detail, where } = error as { detail?: string; where?: string };
  const line = /\bline (\d+)(?:, column \w+)?(?:: "([\s\S]*)")?$/m.exec(where ?? '');
  const reason = detail && code?.startsWith('22') ? `${error.message}: ${detail}` : error.message;
  return new ContentError(reason, { line: line ? Number(line[1]) : null, excerpt: line?.[2] ?? null, cause: error });
}

function isCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code;
}

/** When a table has grown by so many pages, and by this part of itself, the planner's picture of it is drawn anew. */
const analyzePagesMin = 1_000;
const analyzeShareMin = 0.5;

/**
 * Lets queries for the newest files find them: the block ranges that were just filled get their summary, and when a
 * table has grown much the planner learns of it at once instead of when autovacuum comes by.
 */
async function refreshStatistics({ warehouse }: LoadPlace, loads: FileLoad[]): Promise<void> {
  const tables = new Set(loads.filter(({ rows, skippedRows }) => rows > skippedRows).map(({ table }) => table));
  for (const table of tables) {
    const { rows } = await warehouse.query<{ name: string; has_grown: boolean }>(
      `select brin_summarize_new_values(format('raw.%I', $1::text || '_file_id')::regclass),
         format('raw.%I', $1::text) as name,
         pg_relation_size(oid) / current_setting('block_size')::int - relpages
           >= greatest($2::float8, $3::float8 * relpages) as has_grown
       from pg_class where oid = format('raw.%I', $1::text)::regclass`,
      [table, analyzePagesMin, analyzeShareMin],
    );
    // Payloads are left out: sampling them costs more than all other columns, and nobody plans by them.
    if (rows[0]?.has_grown) await warehouse.query(`analyze ${rows[0].name} (lsn, seq, op, key, file_id)`);
  }
}

function report(loads: FileLoad[], quarantined: QuarantinedFile[]): LoadReport {
  const tables = new Map<string, LoadReport['tables'][number]>();
  for (const load of loads.filter((each) => each.loaded)) {
    const sum = tables.get(load.table) ?? { table: load.table, files: 0, rows: 0, skippedRows: 0 };
    sum.files += 1;
    sum.rows += load.rows - load.skippedRows;
    sum.skippedRows += load.skippedRows;
    tables.set(load.table, sum);
  }
  return {
    tables: [...tables.values()].sort((a, b) => (a.table < b.table ? -1 : 1)),
    alreadyLoaded: loads.filter((load) => !load.loaded).length,
    quarantined,
    bytes: loads.reduce((sum, load) => sum + load.bytes, 0),
  };
}
