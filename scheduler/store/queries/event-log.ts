import { database } from '../database.js';

export interface EventLogFilter {
  dagId?: string | undefined;
  runId?: string | undefined;
  taskId?: string | undefined;
  user?: string | undefined;
  event?: string | undefined;
}

/** Newest first. */
export function listEvents(filter: EventLogFilter, page: { limit: number; offset: number }, descending = true) {
  return filtered(filter)
    .selectAll()
    .orderBy('id', descending ? 'desc' : 'asc')
    .limit(page.limit)
    .offset(page.offset)
    .compile();
}

export function countEvents(filter: EventLogFilter) {
  return filtered(filter)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

export function eventById(id: number) {
  return database.selectFrom('event_log').selectAll().where('id', '=', id).compile();
}

function filtered(filter: EventLogFilter) {
  let query = database.selectFrom('event_log');
  if (filter.dagId !== undefined) query = query.where('dag_id', '=', filter.dagId);
  if (filter.runId !== undefined) query = query.where('run_id', '=', filter.runId);
  if (filter.taskId !== undefined) query = query.where('task_id', '=', filter.taskId);
  if (filter.user !== undefined) query = query.where('user', '=', filter.user);
  if (filter.event !== undefined) query = query.where('event', '=', filter.event);
  return query;
}
