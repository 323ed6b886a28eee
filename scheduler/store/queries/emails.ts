import { database } from '../database.js';
import type { EmailState } from '../schema.js';

export interface EmailFilter {
  state?: EmailState | undefined;
  dagId?: string | undefined;
  runId?: string | undefined;
}

/** Newest first, without the bodies. */
export function listEmails(filter: EmailFilter, page: { limit: number; offset: number }) {
  return filtered(filter)
    .select([
      'id',
      'state',
      'to_json',
      'subject',
      'dag_id',
      'run_id',
      'task_id',
      'map_index',
      'created_at',
      'sent_at',
      'send_after',
      'tries',
      'error',
    ])
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .compile();
}

export function countEmails(filter: EmailFilter) {
  return filtered(filter)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

export function countEmailsByState() {
  return database
    .selectFrom('email')
    .select(({ fn }) => ['state', fn.countAll<number>().as('total')])
    .groupBy('state')
    .compile();
}

export function emailById(id: number) {
  return database.selectFrom('email').selectAll().where('id', '=', id).compile();
}

function filtered(filter: EmailFilter) {
  let query = database.selectFrom('email');
  if (filter.state) query = query.where('state', '=', filter.state);
  if (filter.dagId !== undefined) query = query.where('dag_id', '=', filter.dagId);
  if (filter.runId !== undefined) query = query.where('run_id', '=', filter.runId);
  return query;
}
