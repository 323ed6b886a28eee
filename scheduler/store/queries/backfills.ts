import { database } from '../database.js';

/** Backfills, the latest first; of one DAG, or only those that are not over. */
export function listBackfills(filter: { dagId?: string; isActive?: boolean }, page: { limit: number; offset: number }) {
  return filtered(filter)
    .selectAll('backfill')
    .select('dag.display_name')
    .orderBy('backfill.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .compile();
}

export function countBackfills(filter: { dagId?: string; isActive?: boolean }) {
  return filtered(filter)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

export function backfillById(id: number) {
  return database
    .selectFrom('backfill')
    .innerJoin('dag', 'dag.dag_id', 'backfill.dag_id')
    .selectAll('backfill')
    .select('dag.display_name')
    .where('backfill.id', '=', id)
    .compile();
}

/** How many dates of each backfill are in which state; dates without a run under why there is none. */
export function backfillStates(ids: readonly number[]) {
  return database
    .selectFrom('backfill_dag_run as item')
    .leftJoin('dag_run', 'dag_run.id', 'item.dag_run_id')
    .select(({ fn }) => [
      'item.backfill_id',
      fn.coalesce('dag_run.state', 'item.exception_reason').as('state'),
      fn.countAll<number>().as('total'),
    ])
    .where('item.backfill_id', 'in', ids)
    .groupBy(['item.backfill_id', 'dag_run.state', 'item.exception_reason'])
    .compile();
}

function filtered({ dagId, isActive }: { dagId?: string; isActive?: boolean }) {
  let query = database.selectFrom('backfill').innerJoin('dag', 'dag.dag_id', 'backfill.dag_id');
  if (dagId !== undefined) query = query.where('backfill.dag_id', '=', dagId);
  if (isActive !== undefined) query = query.where('backfill.completed_at', isActive ? 'is' : 'is not', null);
  return query;
}
