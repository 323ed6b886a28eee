import { CompiledQuery } from 'kysely';
import type { Instant } from '../../kernel/time.js';
import { applyOne, ask, run, type Script, type StoreDriver } from '../store/driver.js';
import { loadedLastIds } from '../store/loading/load-live.js';
import { countOldRuns, deleteOldRuns } from '../store/transitions/delete-old-runs.js';
import { keepLastIds } from '../store/transitions/delete-rows.js';
import { countOldLogs, deleteOldLogs } from './task-log-folders.js';

/** What `db clean` can delete from. `dag_run` takes task instances, tries and XComs along. */
export const cleanTables = [
  'dag_run',
  'event_log',
  'email',
  'asset_event',
  'backfill',
  'dag_version',
  'user_session',
  'task_log',
] as const;
export type CleanTable = (typeof cleanTables)[number];

/** Rows deleted in one transaction: the scheduler's own commits wait no longer than for these. */
const rowsPerBatch = 500;

/** Which rows are old and needed by nothing; `?` is the instant. */
const oldRows: Record<Exclude<CleanTable, 'dag_run' | 'task_log'>, { key: string; where: string }> = {
  event_log: { key: 'id', where: 'at < ?' },
  // What still has to be sent stays.
  email: { key: 'id', where: `created_at < ? and state in ('sent', 'failed', 'kept')` },
  // An event that a waiting or running DAG run was made of, or is to be made of, stays.
  asset_event: {
    key: 'id',
    where: `at < ? and not exists (select 1 from asset_dag_run_queue as queue where queue.asset_id = asset_event.asset_id)
      and not exists (
        select 1 from asset_event_dag_run as used join dag_run as run on run.id = used.dag_run_id
        where used.asset_event_id = asset_event.id and run.state in ('queued', 'running'))`,
  },
  backfill: { key: 'id', where: 'completed_at < ?' },
  // A version that a run or its DAG refers to stays.
  dag_version: {
    key: 'id',
    where: `created_at < ? and not exists (select 1 from dag_run as run where run.dag_version_id = dag_version.id)
      and not exists (select 1 from dag where dag.latest_version_id = dag_version.id)`,
  },
  user_session: { key: 'id_hash', where: 'expires_at < ?' },
};

export interface CleanRequest {
  before: Instant;
  tables: readonly CleanTable[];
  /** Only counts. */
  dryRun: boolean;
}

/** Deletes what is older than an instant and over, in small transactions. Returns how many rows (runs, log folders). */
export async function cleanStore(
  { store, logFolder, now }: { store: StoreDriver; logFolder: string; now: Instant },
  { before, tables, dryRun }: CleanRequest,
): Promise<Partial<Record<CleanTable, number>>> {
  const done: Partial<Record<CleanTable, number>> = {};
  for (const table of cleanTables.filter((one) => tables.includes(one))) {
    if (table === 'task_log') {
      done[table] = await (dryRun ? countOldLogs : deleteOldLogs)({ store, logFolder }, before);
    } else if (table === 'dag_run') {
      done[table] = dryRun
        ? await countRows(store, countOldRuns(before))
        : await inBatches(store, (limit) => deleteOldRuns({ before, limit, at: now }));
    } else {
      const { where } = oldRows[table];
      done[table] = dryRun
        ? await countRows(store, CompiledQuery.raw(`select count(*) as total from ${table} where ${where}`, [before]))
        : await inBatches(store, (limit) => deleteOldRows(table, before, limit, now));
    }
  }
  return done;
}

function* deleteOldRows(table: keyof typeof oldRows, before: Instant, limit: number, now: Instant): Script<number> {
  const { key, where } = oldRows[table];
  const rows = yield* ask(
    CompiledQuery.raw(`select ${key} as id from ${table} where ${where} limit ${limit}`, [before]) as CompiledQuery<{
      id: number | string;
    }>,
  );
  if (rows.length === 0) return 0;
  // Ids are counted in memory: one that was given is not given again.
  yield* keepLastIds(yield* loadedLastIds(), now);
  for (const { id } of rows) yield* run(CompiledQuery.raw(`delete from ${table} where ${key} = ?`, [id]));
  return rows.length;
}

async function inBatches(store: StoreDriver, script: (limit: number) => Script<number>): Promise<number> {
  for (let deleted = 0; ; ) {
    const some = await applyOne(store, script(rowsPerBatch));
    deleted += some;
    if (some < rowsPerBatch) return deleted;
  }
}

async function countRows(store: StoreDriver, query: CompiledQuery): Promise<number> {
  const [row] = (await store.read(query)) as { total: number }[];
  return Number(row?.total ?? 0);
}
