import { type CompiledQuery, type SqlBool, sql } from 'kysely';
import { database } from '../database.js';
import { escapeLike } from './dags.js';
import { isLiveRun, runStatesHint } from './live-rows.js';

type QueryRow<Query> = Query extends CompiledQuery<infer Row> ? Row : never;
export type DagRunRow = QueryRow<ReturnType<typeof dagRunByKey>>;

export interface DagRunFilter {
  dagId?: string | undefined;
  states?: string[] | undefined;
  runTypes?: string[] | undefined;
  runIdPattern?: string | undefined;
  search?: string | undefined;
  ranges?: {
    column: 'run_after' | 'logical_date' | 'started_at' | 'ended_at';
    op: '>=' | '>' | '<=' | '<';
    at: number;
  }[];
}

export interface DagRunOrder {
  by: 'id' | 'run_after' | 'logical_date' | 'started_at' | 'ended_at' | 'state' | 'dag_id' | 'run_id' | 'queued_at';
  descending: boolean;
}

export function dagRunByKey(dagId: string, runId: string) {
  return runs().where('r.dag_id', '=', dagId).where('r.run_id', '=', runId).compile();
}

export function dagRunById(id: number) {
  return runs().where('r.id', '=', id).compile();
}

/** The runs that one triggered. */
export function childRuns(parentRunRowId: number, limit: number) {
  return runs().where('r.parent_dag_run_id', '=', parentRunRowId).orderBy('r.id').limit(limit).compile();
}

export function listDagRuns(filter: DagRunFilter, order: DagRunOrder[], page: { limit: number; offset: number }) {
  let query = filtered(runs(), filter);
  for (const { by, descending } of order) query = query.orderBy(`r.${by}`, descending ? 'desc' : 'asc');
  return query.orderBy('r.id', 'desc').limit(page.limit).offset(page.offset).compile();
}

export function countDagRuns(filter: DagRunFilter) {
  return filtered(database.selectFrom('dag_run as r'), filter)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

/** Runs of a DAG up to a row, newest first: the columns of the grid. */
export function gridRuns(dagId: string, filter: DagRunFilter, limit: number) {
  return filtered(runs(), { ...filter, dagId })
    .orderBy('r.run_after', 'desc')
    .orderBy('r.id', 'desc')
    .limit(limit)
    .compile();
}

/** The latest finished runs of a DAG with their times: what is usual. */
export function finishedRuns(dagId: string, limit: number) {
  return database
    .selectFrom('dag_run')
    .select(['id', 'run_id', 'state', 'run_after', 'queued_at', 'started_at', 'ended_at'])
    .where('dag_id', '=', dagId)
    .where('state', 'in', ['success', 'failed'])
    .orderBy('run_after', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .compile();
}

/** More than anybody keeps. */
const runsCountedMax = 1_000_000_000;

/** How many runs of each DAG ended well and badly since a time. */
export function runOutcomesSince(since: number, dagId?: string) {
  let recent = database.selectFrom('dag_run').select(['dag_id', 'state']).where('run_after', '>=', since);
  if (dagId !== undefined) recent = recent.where('dag_id', '=', dagId);
  // The limit keeps the time in charge: left to itself SQLite reads all runs by DAG, which spares it the grouping.
  return database
    .selectFrom(recent.orderBy('run_after', 'desc').limit(runsCountedMax).as('recent'))
    .select(({ fn }) => ['dag_id', 'state', fn.countAll<number>().as('total')])
    .groupBy(['dag_id', 'state'])
    .compile();
}

/** How many runs of a DAG there were on each UTC day (days since the epoch), by state. */
export function runCountsByDay(dagId: string, from: number, to: number) {
  return sql<{ day: number; state: string; total: number }>`
    select run_after / 86400000 as day, state, count(*) as total from dag_run
    where dag_id = ${dagId} and run_after >= ${from} and run_after < ${to}
    group by 1, 2`.compile(database);
}

/** Live runs, the oldest first. */
export function liveRuns(limit: number) {
  return runs().where(isLiveRun('r')).orderBy('r.id').limit(limit).compile();
}

export function countLiveRuns() {
  return database
    .selectFrom('dag_run')
    .select(({ fn }) => ['state', fn.countAll<number>().as('total')])
    .where(isLiveRun('dag_run'))
    .groupBy('state')
    .compile();
}

/** Runs whose run_after lies in [from, to): the timeline and the calendar. */
export function runsBetween(from: number, to: number, limit: number, dagId?: string) {
  let query = database
    .selectFrom('dag_run')
    .select(['id', 'dag_id', 'run_id', 'state', 'run_type', 'run_after', 'queued_at', 'started_at', 'ended_at'])
    .where('run_after', '>=', from)
    .where('run_after', '<', to);
  if (dagId !== undefined) query = query.where('dag_id', '=', dagId);
  return query.orderBy('run_after', 'desc').orderBy('id', 'desc').limit(limit).compile();
}

function runs() {
  return database
    .selectFrom('dag_run as r')
    .innerJoin('dag_version as v', 'v.id', 'r.dag_version_id')
    .selectAll('r')
    .select(['v.version_number', 'v.bundle_hash']);
}

// biome-ignore lint/suspicious/noExplicitAny: one filter for queries that select different columns of the same table
function filtered<Query extends { where: any }>(query: Query, filter: DagRunFilter): Query {
  let result = query;
  if (filter.dagId !== undefined) result = result.where('r.dag_id', '=', filter.dagId);
  if (filter.states?.length) {
    result = result.where('r.state', 'in', filter.states);
    const hint = runStatesHint('r', filter.states);
    if (hint) result = result.where(hint);
  }
  if (filter.runTypes?.length) result = result.where('r.run_type', 'in', filter.runTypes);
  if (filter.runIdPattern) result = result.where('r.run_id', 'like', filter.runIdPattern);
  if (filter.search) {
    const pattern = `%${escapeLike(filter.search.toLowerCase())}%`;
    result = result.where(
      sql<SqlBool>`(lower(r.run_id) like ${pattern} escape '\\' or lower(r.dag_id) like ${pattern} escape '\\')`,
    );
  }
  for (const { column, op, at } of filter.ranges ?? []) result = result.where(`r.${column}`, op, at);
  return result;
}
