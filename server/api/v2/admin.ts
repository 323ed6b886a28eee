import { Router } from 'express';
import { MillraceError } from '../../../kernel/errors.js';
import { toIso } from '../../../kernel/time.js';
import {
  countImportErrors,
  importErrorById,
  listConnections,
  listImportErrors,
  listPools,
  listVariables,
} from '../../../scheduler/store/queries/admin.js';
import { countEvents, eventById, listEvents } from '../../../scheduler/store/queries/event-log.js';
import { poolUse } from '../../../scheduler/store/queries/task-instances.js';
import type { AppDeps } from '../../deps.js';
import { poolView } from '../../pages/admin.js';
import { readOne } from '../../pages/load-dag.js';
import { pageOf, param, textOf } from './request.js';
import { wirePool } from './wire.js';

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
      deps.store.read(listEvents(filter, pageOf(request), descending)),
      readOne(deps, countEvents(filter)),
    ]);
    response.json({ event_logs: rows.map(wireEvent), total_entries: total?.total ?? 0 });
  });

  router.get('/eventLogs/:id', async (request, response) => {
    const row = await readOne(deps, eventById(Number(param(request, 'id'))));
    if (!row) throw new MillraceError('NOT_FOUND', `no event has the number ${param(request, 'id')}`);
    response.json(wireEvent(row));
  });

  router.get('/pools', async (request, response) => {
    const { limit, offset } = pageOf(request);
    const pools = await poolsOf(deps);
    response.json({ pools: pools.slice(offset, offset + limit).map(wirePool), total_entries: pools.length });
  });

  router.get('/pools/:name', async (request, response) => {
    const pool = (await poolsOf(deps)).find(({ name }) => name === param(request, 'name'));
    if (!pool) throw new MillraceError('NOT_FOUND', `no pool is called ${param(request, 'name')}`);
    response.json(wirePool(pool));
  });

  router.get('/variables', async (request, response) => {
    const { limit, offset } = pageOf(request);
    const rows = await deps.store.read(listVariables());
    // Values are write-only: the API names variables, it never shows what they hold.
    const variables = rows.map((row) => ({
      key: row.key,
      value: '***',
      description: row.description,
      is_encrypted: true,
      team_name: null,
    }));
    response.json({ variables: variables.slice(offset, offset + limit), total_entries: rows.length });
  });

  router.get('/connections', async (request, response) => {
    const { limit, offset } = pageOf(request);
    const rows = await deps.store.read(listConnections());
    const connections = rows.map(({ has_secrets, updated_at: _at, ...row }) => {
      const hidden = has_secrets ? '***' : null;
      return { ...row, password: hidden, extra: hidden, team_name: null };
    });
    response.json({ connections: connections.slice(offset, offset + limit), total_entries: rows.length });
  });

  return router;
}

async function poolsOf(deps: AppDeps) {
  const [pools, use] = await Promise.all([deps.store.read(listPools()), deps.store.read(poolUse())]);
  return pools.map((pool) => poolView(pool, use));
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
