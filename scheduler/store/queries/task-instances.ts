import { type CompiledQuery, sql } from 'kysely';
import { database } from '../database.js';
import { isActiveTaskInstance, taskInstanceStatesHint } from './live-rows.js';

type QueryRow<Query> = Query extends CompiledQuery<infer Row> ? Row : never;
export type TaskInstanceRow = QueryRow<ReturnType<typeof taskInstanceByKey>>;
export type GridCell = QueryRow<ReturnType<typeof gridCells>>;

export interface TaskInstanceFilter {
  dagId?: string | undefined;
  dagRunId?: number | undefined;
  taskId?: string | undefined;
  states?: (string | null)[] | undefined;
  pools?: string[] | undefined;
  mapIndex?: number | undefined;
}

export interface TaskInstanceOrder {
  by: 'id' | 'task_id' | 'map_index' | 'state' | 'started_at' | 'ended_at' | 'queued_at' | 'try_number';
  descending: boolean;
}

export function taskInstanceByKey(dagRunId: number, taskId: string, mapIndex: number) {
  return database
    .selectFrom('task_instance')
    .selectAll()
    .where('dag_run_id', '=', dagRunId)
    .where('task_id', '=', taskId)
    .where('map_index', '=', mapIndex)
    .compile();
}

export function listTaskInstances(
  filter: TaskInstanceFilter,
  order: TaskInstanceOrder[],
  page: { limit: number; offset: number },
) {
  let query = filtered(database.selectFrom('task_instance as ti').selectAll('ti'), filter);
  for (const { by, descending } of order) query = query.orderBy(`ti.${by}`, descending ? 'desc' : 'asc');
  return query.orderBy('ti.id').limit(page.limit).offset(page.offset).compile();
}

export function countTaskInstances(filter: TaskInstanceFilter) {
  return filtered(database.selectFrom('task_instance as ti'), filter)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

/** What the grid draws of the task instances of some runs: mapped ones counted by state, the others with their times. */
export function gridCells(dagRunIds: number[]) {
  return database
    .selectFrom('task_instance')
    .select(({ fn }) => [
      'dag_run_id',
      'task_id',
      'state',
      sql<number>`case when map_index < 0 then 0 else 1 end`.as('mapped'),
      fn.countAll<number>().as('total'),
      sql<number | null>`min(started_at)`.as('started_at'),
      sql<number | null>`max(ended_at)`.as('ended_at'),
      sql<number | null>`max(try_number)`.as('try_number'),
    ])
    .where('dag_run_id', 'in', dagRunIds.length > 0 ? dagRunIds : [-1])
    .groupBy(['dag_run_id', 'task_id', 'state', sql`case when map_index < 0 then 0 else 1 end`])
    .compile();
}

/** How many task instances of each run are in each state. */
export function stateCountsOfRuns(dagRunIds: number[]) {
  return database
    .selectFrom('task_instance')
    .select(({ fn }) => ['dag_run_id', 'state', fn.countAll<number>().as('total')])
    .where('dag_run_id', 'in', dagRunIds.length > 0 ? dagRunIds : [-1])
    .groupBy(['dag_run_id', 'state'])
    .compile();
}

/** Times of one task in the latest runs of its DAG, newest first. */
export function taskHistory(dagId: string, taskId: string, mapIndex: number, limit: number) {
  return database
    .selectFrom('dag_run as r')
    .innerJoin('task_instance as ti', (join) =>
      join.onRef('ti.dag_run_id', '=', 'r.id').on('ti.task_id', '=', taskId).on('ti.map_index', '=', mapIndex),
    )
    .select([
      'r.id as dag_run_id',
      'r.run_id',
      'r.run_after',
      'ti.state',
      'ti.queued_at',
      'ti.started_at',
      'ti.ended_at',
      'ti.try_number',
    ])
    .where('r.dag_id', '=', dagId)
    .orderBy('r.run_after', 'desc')
    .orderBy('r.id', 'desc')
    .limit(limit)
    .compile();
}

/** Tries that another followed, oldest first. */
export function triesOf(taskInstanceId: number, limit: number) {
  return database
    .selectFrom('task_instance_history')
    .selectAll()
    .where('task_instance_id', '=', taskInstanceId)
    .orderBy('try_number')
    .orderBy('id')
    .limit(limit)
    .compile();
}

/** The same for every task instance of a run. */
export function triesOfRun(dagRunId: number, limit: number) {
  return database
    .selectFrom('task_instance as ti')
    .innerJoin('task_instance_history as h', 'h.task_instance_id', 'ti.id')
    .select(['h.task_instance_id', 'h.try_number', 'h.state', 'h.queued_at', 'h.started_at', 'h.ended_at'])
    .where('ti.dag_run_id', '=', dagRunId)
    .orderBy('h.id')
    .limit(limit)
    .compile();
}

/** Times of every task in the latest finished runs of a DAG. */
export function taskDurations(dagId: string, runs: number) {
  return sql<{
    dag_run_id: number;
    run_id: string;
    run_after: number;
    task_id: string;
    state: string | null;
    took: number | null;
  }>`
    select r.id as dag_run_id, r.run_id, r.run_after, ti.task_id, max(ti.state) as state,
      max(ti.ended_at) - min(ti.started_at) as took
    from dag_run r join task_instance ti on ti.dag_run_id = r.id
    where r.id in (select id from dag_run where dag_id = ${dagId} and state in ('success', 'failed')
      order by run_after desc, id desc limit ${runs})
    group by r.id, r.run_id, r.run_after, ti.task_id
    order by r.run_after, r.id`.compile(database);
}

/** What each try left to be shown: rendered fields and details. */
export function detailsOf(taskInstanceId: number) {
  return database
    .selectFrom('task_instance_detail')
    .selectAll()
    .where('task_instance_id', '=', taskInstanceId)
    .orderBy('try_number', 'desc')
    .compile();
}

/** Details of the latest try of every task instance of a run. */
export function detailsOfRun(dagRunId: number, limit: number) {
  return database
    .selectFrom('task_instance as ti')
    .innerJoin('task_instance_detail as d', (join) =>
      join.onRef('d.task_instance_id', '=', 'ti.id').onRef('d.try_number', '=', 'ti.try_number'),
    )
    .select(['ti.task_id', 'ti.map_index', 'd.details_json'])
    .where('ti.dag_run_id', '=', dagRunId)
    .orderBy('ti.id')
    .limit(limit)
    .compile();
}

/** Tasks that failed since a time, newest first; the mapped instances of one task in one run count as one. */
export function failedSince(since: number, limit: number) {
  return database
    .selectFrom('task_instance as ti')
    .innerJoin('dag_run as r', 'r.id', 'ti.dag_run_id')
    .select(({ fn }) => [
      'ti.dag_id',
      'ti.task_id',
      'r.run_id',
      'r.run_after',
      fn.countAll<number>().as('total'),
      fn.min<number>('ti.map_index').as('map_index'),
      fn.max<number | null>('ti.ended_at').as('ended_at'),
      fn.max<string | null>('ti.error').as('error'),
    ])
    .where('ti.state', '=', 'failed')
    .where('ti.ended_at', '>=', since)
    .groupBy(['ti.dag_id', 'ti.task_id', 'r.run_id', 'r.run_after'])
    .orderBy(sql`max(ti.ended_at)`, 'desc')
    .limit(limit)
    .compile();
}

export function countFailedSince(since: number) {
  return database
    .selectFrom('task_instance')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where('state', '=', 'failed')
    .where('ended_at', '>=', since)
    .compile();
}

/** Slots in use, by pool and state. */
export function poolUse() {
  return database
    .selectFrom('task_instance')
    .select(({ fn }) => ['pool', 'state', fn.sum<number>('pool_slots').as('slots')])
    .where('state', 'in', ['scheduled', 'queued', 'running', 'restarting', 'deferred'])
    .where(isActiveTaskInstance('task_instance'))
    .groupBy(['pool', 'state'])
    .compile();
}

/** Live task instances by state, over all runs. */
export function countActive() {
  return database
    .selectFrom('task_instance')
    .select(({ fn }) => ['state', fn.countAll<number>().as('total')])
    .where(isActiveTaskInstance('task_instance'))
    .groupBy('state')
    .compile();
}

// biome-ignore lint/suspicious/noExplicitAny: one filter for queries that select different columns of the same table
function filtered<Query extends { where: any }>(query: Query, filter: TaskInstanceFilter): Query {
  let result = query;
  // The run says which DAG it is of: asked for both, SQLite might read all that the DAG ever ran.
  if (filter.dagId !== undefined && filter.dagRunId === undefined)
    result = result.where('ti.dag_id', '=', filter.dagId);
  if (filter.dagRunId !== undefined) result = result.where('ti.dag_run_id', '=', filter.dagRunId);
  if (filter.taskId !== undefined) result = result.where('ti.task_id', '=', filter.taskId);
  if (filter.mapIndex !== undefined) result = result.where('ti.map_index', '=', filter.mapIndex);
  if (filter.pools?.length) result = result.where('ti.pool', 'in', filter.pools);
  if (filter.states?.length) {
    const named = filter.states.filter((state) => state !== null);
    const withoutState = named.length < filter.states.length;
    // biome-ignore lint/suspicious/noExplicitAny: the expression builder of any of those queries
    result = result.where((eb: any) =>
      eb.or([
        ...(named.length > 0 ? [eb('ti.state', 'in', named)] : []),
        ...(withoutState ? [eb('ti.state', 'is', null)] : []),
      ]),
    );
    const hint = withoutState ? undefined : taskInstanceStatesHint('ti', named);
    if (hint) result = result.where(hint);
  }
  return result;
}
