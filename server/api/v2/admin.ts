import { Router } from 'express';
import { MillraceError } from '../../../kernel/errors.js';
import { toIso } from '../../../kernel/time.js';
import { countImportErrors, importErrorById, listImportErrors } from '../../../scheduler/store/queries/admin.js';
import { countEvents, eventById, listEvents } from '../../../scheduler/store/queries/event-log.js';
import type { AppDeps } from '../../deps.js';
import { eventsOf } from '../../events-of.js';
import { readOne } from '../../pages/load-dag.js';
import { pageOf, param, textOf } from './request.js';

export function adminRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/importErrors', async (request, response) => {
    const { limit, offset } = pageOf(request);
    const [rows, total] = await Promise.all([
      deps.store.read(listImportErrors(limit, offset)),
      readOne(deps, countImportErrors()),
    ]);
    response.json({ import_errors: rows.map(wireImportError), total_entries: total?.total ?? 0 });
  });

  router.get('/importErrors/:id', async (request, response) => {
    const row = await readOne(deps, importErrorById(Number(param(request, 'id'))));
    if (!row) throw new MillraceError('NOT_FOUND', `no import error has the number ${param(request, 'id')}`);
    response.json(wireImportError(row));
  });

  router.get('/eventLogs', async (request, response) => {
    const filter = {
      dagId: textOf(request, 'dag_id'),
      runId: textOf(request, 'run_id'),
      taskId: textOf(request, 'task_id'),
      user: textOf(request, 'owner'),
      event: textOf(request, 'event'),
    };
    const descending = (textOf(request, 'order_by') ?? '-when').startsWith('-');
    const [rows, total] = await Promise.all([
      eventsOf(deps, listEvents(filter, pageOf(request), descending)),
      readOne(deps, countEvents(filter)),
    ]);
    response.json({ event_logs: rows.map(wireEvent), total_entries: total?.total ?? 0 });
  });

  router.get('/eventLogs/:id', async (request, response) => {
    const row = await readOne(deps, eventById(Number(param(request, 'id'))));
    if (!row) throw new MillraceError('NOT_FOUND', `no event has the number ${param(request, 'id')}`);
    response.json(wireEvent({ ...row, extra_json: deps.masker.mask(row.extra_json) }));
  });

  return router;
}

function wireImportError(row: {
  id: number;
  at: number;
  fileloc: string;
  message: string;
  stack: string | null;
  excerpt: string | null;
}) {
  const stack = [row.message, row.excerpt, row.stack].filter(Boolean).join('\n');
  return {
    import_error_id: row.id,
    timestamp: toIso(row.at),
    filename: row.fileloc,
    bundle_name: 'dags-folder',
    stack_trace: stack,
  };
}

function wireEvent(row: {
  id: number;
  at: number;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  event: string;
  user: string | null;
  extra_json: string;
}) {
  return {
    event_log_id: row.id,
    when: toIso(row.at),
    dag_id: row.dag_id,
    task_id: row.task_id,
    run_id: row.run_id,
    map_index: row.map_index,
    try_number: null,
    event: row.event,
    logical_date: null,
    owner: row.user,
    extra: row.extra_json,
    dag_display_name: row.dag_id,
    task_display_name: row.task_id,
  };
}
