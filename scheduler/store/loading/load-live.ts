import { type Selectable, sql } from 'kysely';
import type { JsonObject } from '../../../kernel/json.js';
import type { DataInterval } from '../../../kernel/time.js';
import type { SerializedDag } from '../../model/dag.js';
import type { Timetable } from '../../timetable/timetable.js';
import { database } from '../database.js';
import { ask, type Script, type StoreDriver } from '../driver.js';
import { isLiveRun } from '../queries/live-rows.js';
import type {
  BackfillTable,
  CallbackRequestTable,
  DagRunTable,
  DagTable,
  PoolTable,
  TaskInstanceTable,
} from '../schema.js';

export type DagRow = Selectable<DagTable>;
export type RunRow = Selectable<DagRunTable>;
export type TaskInstanceRow = Selectable<TaskInstanceTable>;

export interface VersionRow {
  id: number;
  dagId: string;
  number: number;
  bundleHash: string;
  dag: SerializedDag;
}

/** The DAGs that have a version. */
export function loadDags(store: StoreDriver): Promise<DagRow[]> {
  return store.read(database.selectFrom('dag').selectAll().where('latest_version_id', 'is not', null).compile());
}

/** No more dates that are taken are kept per DAG; only a person who makes runs of the future comes near it. */
const takenDatesMax = 10_000;

const scheduledPrefix = 'scheduled__';

/**
 * The interval of the latest scheduled run, and the logical dates that lie before the timetable and have a run already.
 * A run that a backfill took over was scheduled all the same: its id says so. Latest is what was due last: after a
 * change of schedule logical dates may go back.
 */
export async function loadSchedulePlace(
  store: StoreDriver,
  dagId: string,
  timetable: Timetable,
): Promise<{ lastInterval: DataInterval | null; taken: number[] }> {
  const [last] = await store.read(
    database
      .selectFrom('dag_run')
      .select(['interval_start', 'interval_end'])
      .where('dag_id', '=', dagId)
      // An expression, so that no index of run ids is tried: a DAG may have a million of them.
      .where((e) => e.fn('substr', ['run_id', sql.lit(1), sql.lit(scheduledPrefix.length)]), '=', scheduledPrefix)
      .where('logical_date', 'is not', null)
      .orderBy('run_after', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .compile(),
  );
  const lastInterval =
    last && last.interval_start !== null && last.interval_end !== null
      ? { start: last.interval_start, end: last.interval_end }
      : null;
  return { lastInterval, taken: await loadTakenDates(store, dagId, timetable, lastInterval) };
}

/**
 * After a change of schedule the next interval is aligned backwards, by less than one step: its start is the only date
 * before the end of the last one that counts.
 */
async function loadTakenDates(
  store: StoreDriver,
  dagId: string,
  timetable: Timetable,
  last: DataInterval | null,
): Promise<number[]> {
  const dates = database
    .selectFrom('dag_run')
    .select('logical_date')
    .where('dag_id', '=', dagId)
    .orderBy('logical_date')
    .limit(takenDatesMax);
  const aligned = last && timetable.inferInterval(last.end).end;
  const ahead = await store.read(
    dates.where('logical_date', '>=', last ? last.end : Number.MIN_SAFE_INTEGER).compile(),
  );
  const behind = aligned === null ? [] : await store.read(dates.where('logical_date', '=', aligned).compile());
  return [...behind, ...ahead].flatMap((row) => row.logical_date ?? []);
}

export async function loadVersions(store: StoreDriver, ids: readonly number[]): Promise<VersionRow[]> {
  const found: VersionRow[] = [];
  for (const some of chunks(ids)) {
    const rows = await store.read(
      database
        .selectFrom('dag_version')
        .select(['id', 'dag_id', 'version_number', 'bundle_hash', 'serialized_json'])
        .where('id', 'in', some)
        .compile(),
    );
    for (const row of rows) {
      found.push({
        id: row.id,
        dagId: row.dag_id,
        number: row.version_number,
        bundleHash: row.bundle_hash,
        dag: JSON.parse(row.serialized_json) as SerializedDag,
      });
    }
  }
  return found;
}

export function loadUnfinishedRuns(store: StoreDriver): Promise<RunRow[]> {
  return store.read(database.selectFrom('dag_run').selectAll().where(isLiveRun('dag_run')).orderBy('id').compile());
}

export async function loadRuns(store: StoreDriver, ids: readonly number[]): Promise<RunRow[]> {
  const found: RunRow[] = [];
  for (const some of chunks(ids)) {
    found.push(...(await store.read(database.selectFrom('dag_run').selectAll().where('id', 'in', some).compile())));
  }
  return found;
}

/** The task instances of the runs, in the order of task and map index. */
export async function loadTaskInstances(store: StoreDriver, runIds: readonly number[]): Promise<TaskInstanceRow[]> {
  const found: TaskInstanceRow[] = [];
  for (const some of chunks(runIds)) {
    found.push(
      ...(await store.read(
        database
          .selectFrom('task_instance')
          .selectAll()
          .where('dag_run_id', 'in', some)
          .orderBy('dag_run_id')
          .orderBy('id')
          .compile(),
      )),
    );
  }
  return found;
}

export interface XComRow {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  value_json: string;
}

/** XComs of the runs under one key: return values of what others are mapped over, or what branches chose. */
export async function loadXComs(
  store: StoreDriver,
  runIds: readonly number[],
  key: string,
  taskIds: readonly string[] | null,
): Promise<XComRow[]> {
  const found: XComRow[] = [];
  if (taskIds?.length === 0) return found;
  for (const some of chunks(runIds)) {
    let query = database
      .selectFrom('xcom')
      .select(['dag_run_id', 'task_id', 'map_index', 'value_json'])
      .where('dag_run_id', 'in', some)
      .where('key', '=', key);
    if (taskIds) query = query.where('task_id', 'in', taskIds);
    found.push(...(await store.read(query.orderBy('map_index').compile())));
  }
  return found;
}

export function loadPools(store: StoreDriver): Promise<Selectable<PoolTable>[]> {
  return store.read(database.selectFrom('pool').selectAll().compile());
}

export function loadBackfillRuns(
  store: StoreDriver,
  backfillId: number,
): Promise<{ dag_run_id: number | null; sort_ordinal: number }[]> {
  return store.read(
    database
      .selectFrom('backfill_dag_run')
      .select(['dag_run_id', 'sort_ordinal'])
      .where('backfill_id', '=', backfillId)
      .orderBy('sort_ordinal')
      .compile(),
  );
}

/** The assets that DAGs have been told of since their last run. */
export function loadAssetQueue(store: StoreDriver): Promise<{ dag_id: string; uri: string; at: number }[]> {
  return store.read(
    database
      .selectFrom('asset_dag_run_queue as queue')
      .innerJoin('asset', 'asset.id', 'queue.asset_id')
      .select(['queue.dag_id', 'asset.uri', 'queue.at'])
      .compile(),
  );
}

export function loadCallbacks(store: StoreDriver): Promise<Selectable<CallbackRequestTable>[]> {
  return store.read(database.selectFrom('callback_request').selectAll().orderBy('created_at').compile());
}

/** How many of the latest runs have failed one after another, up to `most`. */
export async function loadFailuresInRow(store: StoreDriver, dagId: string, most: number): Promise<number> {
  const rows = await store.read(
    database
      .selectFrom('dag_run')
      .select('state')
      .where('dag_id', '=', dagId)
      .where('state', 'in', ['success', 'failed'])
      .where('run_type', '<>', 'backfill')
      .orderBy('run_after', 'desc')
      .orderBy('id', 'desc')
      .limit(most)
      .compile(),
  );
  const good = rows.findIndex((row) => row.state === 'success');
  return good < 0 ? rows.length : good;
}

export function loadBackfills(store: StoreDriver): Promise<Selectable<BackfillTable>[]> {
  return store.read(database.selectFrom('backfill').selectAll().where('completed_at', 'is', null).compile());
}

export interface LastIds {
  dagRun: number;
  taskInstance: number;
  dagVersion: number;
  backfill: number;
}

/** The highest row ids in use or ever used: the scheduler numbers new rows by itself, and gives no number twice. */
export async function loadLastIds(store: StoreDriver): Promise<LastIds> {
  const queries = lastIdsQueries();
  const highest = await Promise.all(queries.map(async ({ query }) => (await store.read(query))[0]?.id ?? 0));
  const [kept] = await store.read(keptIdsQuery());
  return combineIds(highest, kept?.value_json);
}

/** As `loadLastIds`, within a script. */
export function* loadedLastIds(): Script<LastIds> {
  const highest: number[] = [];
  for (const { query } of lastIdsQueries()) highest.push((yield* ask(query))[0]?.id ?? 0);
  const [kept] = yield* ask(keptIdsQuery());
  return combineIds(highest, kept?.value_json);
}

const numberedTables = {
  dagRun: 'dag_run',
  taskInstance: 'task_instance',
  dagVersion: 'dag_version',
  backfill: 'backfill',
} as const;

function lastIdsQueries() {
  return Object.values(numberedTables).map((table) => ({
    query: database
      .selectFrom(table)
      .select((e) => e.fn.max<number | null>('id').as('id'))
      .compile(),
  }));
}

function keptIdsQuery() {
  return database.selectFrom('setting').select('value_json').where('key', '=', lastIdsKey).compile();
}

function combineIds(highest: number[], keptJson: string | undefined): LastIds {
  const kept = (keptJson === undefined ? {} : JSON.parse(keptJson)) as Partial<LastIds>;
  const names = Object.keys(numberedTables) as (keyof LastIds)[];
  const ids = names.map((name, at) => [name, Math.max(Number(highest[at] ?? 0), kept[name] ?? 0)]);
  return Object.fromEntries(ids) as unknown as LastIds;
}

/** Where the last ids are kept when rows are deleted, so that none is given twice: logs are filed under them. */
export const lastIdsKey = 'last_ids';

export function parseConf(row: RunRow): JsonObject {
  return JSON.parse(row.conf_json) as JsonObject;
}

/** Lists for `in (…)`: SQLite takes 32,766 values in a statement, and a few hundred are as quick. */
function chunks<Item>(items: readonly Item[]): Item[][] {
  const size = 500;
  const found: Item[][] = [];
  for (let at = 0; at < items.length; at += size) found.push(items.slice(at, at + size));
  return found;
}
