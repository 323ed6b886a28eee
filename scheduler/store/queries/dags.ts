import { type CompiledQuery, type SqlBool, sql } from 'kysely';
import type { RunType } from '../../model/states.js';
import { database } from '../database.js';

export interface DagFilter {
  /** Part of the id, the display name or the owner. */
  search?: string | undefined;
  dagIds?: string[] | undefined;
  paused?: boolean | undefined;
  owner?: string | undefined;
  tags?: string[] | undefined;
  /** DAGs whose latest run is in one of these states. */
  lastRunStates?: string[] | undefined;
  includeStale?: boolean | undefined;
}

export interface DagOrder {
  by: 'dag_id' | 'display_name' | 'next_run_after' | 'owner';
  descending: boolean;
}

const selected = [
  'dag.dag_id',
  'dag.fileloc',
  'dag.display_name',
  'dag.description',
  'dag.owner',
  'dag.tags_json',
  'dag.schedule_summary',
  'dag.timezone',
  'dag.is_paused',
  'dag.is_stale',
  'dag.max_active_runs',
  'dag.max_active_tasks',
  'dag.latest_version_id',
  'dag.next_run_after',
  'dag.next_logical_date',
  'dag.next_interval_start',
  'dag.next_interval_end',
  'dag.last_parsed_at',
  'dag.last_parse_ms',
  'dag.created_at',
] as const;

export type DagRow = QueryRow<ReturnType<typeof dagById>>;
type QueryRow<Query> = Query extends CompiledQuery<infer Row> ? Row : never;

export function dagById(dagId: string) {
  return database.selectFrom('dag').select(selected).where('dag_id', '=', dagId).compile();
}

export function listDags(filter: DagFilter, order: DagOrder, page: { limit: number; offset: number }) {
  return filtered(filter)
    .select(selected)
    .orderBy(sql`${sql.ref(`dag.${order.by}`)} is null`)
    .orderBy(`dag.${order.by}`, order.descending ? 'desc' : 'asc')
    .orderBy('dag.dag_id')
    .limit(page.limit)
    .offset(page.offset)
    .compile();
}

export function countDags(filter: DagFilter) {
  return filtered(filter)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

/** How many DAGs there are, paused, running, and failed with their latest run: the tabs over the list. */
export function countDagsByCondition() {
  return database
    .selectFrom('dag')
    .where('is_stale', '=', 0)
    .select(({ fn }) => [
      fn.countAll<number>().as('total'),
      sql<number>`coalesce(sum(is_paused), 0)`.as('paused'),
      sql<number>`coalesce(sum(case when ${latestState} = 'failed' then 1 else 0 end), 0)`.as('failed'),
      sql<number>`coalesce(sum(case when ${latestState} in ('running', 'queued') then 1 else 0 end), 0)`.as('running'),
    ])
    .compile();
}

/** Ids, names and owners of every DAG that is there: for search, filters and the palette. */
export function dagNames(limit: number) {
  return database
    .selectFrom('dag')
    .select(['dag_id', 'display_name', 'owner', 'tags_json', 'is_paused'])
    .where('is_stale', '=', 0)
    .orderBy('dag_id')
    .limit(limit)
    .compile();
}

export interface RunBar {
  dag_id: string;
  id: number;
  run_id: string;
  state: 'queued' | 'running' | 'success' | 'failed';
  run_type: RunType;
  run_after: number;
  started_at: number | null;
  ended_at: number | null;
}

/** The newest runs of each DAG, newest first. */
export function latestRunsOfDags(dagIds: string[], perDag: number): CompiledQuery<RunBar> {
  return sql<RunBar>`
    select r.dag_id, r.id, r.run_id, r.state, r.run_type, r.run_after, r.started_at, r.ended_at
    from dag join dag_run r on r.id in (
      select id from dag_run where dag_run.dag_id = dag.dag_id order by run_after desc, id desc limit ${perDag})
    where dag.dag_id in (${sql.join(dagIds.length > 0 ? dagIds : [''])})
    order by r.dag_id, r.run_after desc, r.id desc`.compile(database);
}

/** Automated runs that are due next. */
export function nextRuns(limit: number) {
  return database
    .selectFrom('dag')
    .select(['dag_id', 'display_name', 'schedule_summary', 'next_run_after'])
    .where('is_paused', '=', 0)
    .where('is_stale', '=', 0)
    .where('next_run_after', 'is not', null)
    .orderBy('next_run_after')
    .orderBy('dag_id')
    .limit(limit)
    .compile();
}

const latestState = sql<string>`(select state from dag_run where dag_run.dag_id = dag.dag_id
  order by run_after desc, id desc limit 1)`;

function filtered(filter: DagFilter) {
  let query = database.selectFrom('dag');
  if (!filter.includeStale) query = query.where('dag.is_stale', '=', 0);
  if (filter.dagIds) query = query.where('dag.dag_id', 'in', filter.dagIds.length > 0 ? filter.dagIds : ['']);
  if (filter.paused !== undefined) query = query.where('dag.is_paused', '=', filter.paused ? 1 : 0);
  if (filter.owner) query = query.where('dag.owner', '=', filter.owner);
  if (filter.search) {
    const pattern = `%${escapeLike(filter.search.toLowerCase())}%`;
    query = query.where(
      sql<SqlBool>`(lower(dag.dag_id) like ${pattern} escape '\\' or lower(dag.display_name) like ${pattern} escape '\\'
        or lower(dag.owner) like ${pattern} escape '\\')`,
    );
  }
  for (const tag of filter.tags ?? []) {
    query = query.where(sql<SqlBool>`dag.tags_json like ${`%${escapeLike(JSON.stringify(tag))}%`} escape '\\'`);
  }
  if (filter.lastRunStates) query = query.where(sql<SqlBool>`${latestState} in (${sql.join(filter.lastRunStates)})`);
  return query;
}

/** A text as it stands inside a LIKE pattern with `escape '\'`. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
