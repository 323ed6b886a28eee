import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import type { JsonObject } from '../../../kernel/json.js';
import { toIso } from '../../../kernel/time.js';
import type { BackfillRequest } from '../../../scheduler/model/admin-commands.js';
import { backfillById, countBackfills, listBackfills } from '../../../scheduler/store/queries/backfills.js';
import { type AppDeps, parseObject } from '../../deps.js';
import { loadDag, readOne } from '../../pages/load-dag.js';
import { bodyOf, flagOf, isoTime, pageOf, param, requester, textOf } from './request.js';

const createBody = z.strictObject({
  dag_id: z.string().min(1),
  from_date: isoTime,
  to_date: isoTime,
  run_backwards: z.boolean().default(false),
  dag_run_conf: z.record(z.string(), z.json()).nullish(),
  reprocess_behavior: z.enum(['none', 'failed', 'completed']).default('none'),
  max_active_runs: z.int().min(1).default(10),
});

/** Backfills in Airflow's shapes: made, listed, looked at, paused and cancelled. */
export function backfillRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/backfills', async (request, response) => {
    const dagId = textOf(request, 'dag_id');
    const isActive = flagOf(request, 'active');
    const filter = {
      ...(dagId === undefined || dagId === '~' ? {} : { dagId }),
      ...(isActive === undefined ? {} : { isActive }),
    };
    const backfills = await deps.store.read(listBackfills(filter, pageOf(request)));
    const [count] = await deps.store.read(countBackfills(filter));
    response.json({ backfills: backfills.map(wireBackfill), total_entries: Number(count?.total ?? 0) });
  });

  router.post('/backfills', async (request, response) => {
    const { backfillId } = await create(deps, request, response, false);
    response.json(wireBackfill(await load(deps, backfillId as number)));
  });

  router.post('/backfills/dry_run', async (request, response) => {
    const { runs } = await create(deps, request, response, true);
    const backfills = runs
      .filter((run) => run.skipped === null)
      .map((run) => ({ logical_date: toIso(run.logicalDate) }));
    response.json({ backfills, total_entries: backfills.length });
  });

  router.get('/backfills/:id', async (request, response) => {
    response.json(wireBackfill(await load(deps, idOf(request))));
  });

  const act = (what: string, command: (id: number, request: Request, response: Response) => Promise<void>) =>
    router.put(`/backfills/:id/${what}`, async (request, response) => {
      const { id } = await load(deps, idOf(request));
      await command(id, request, response);
      response.json(wireBackfill(await load(deps, id)));
    });
  act('pause', (id, ...by) => deps.commands.setBackfillPaused(id, true, requester(...by)));
  act('unpause', (id, ...by) => deps.commands.setBackfillPaused(id, false, requester(...by)));
  act('cancel', (id, ...by) => deps.commands.cancelBackfill(id, requester(...by)));
  return router;
}

async function create(deps: AppDeps, request: Request, response: Response, dryRun: boolean) {
  const body = bodyOf(request, createBody);
  await loadDag(deps, body.dag_id);
  const wish: BackfillRequest = {
    dagId: body.dag_id,
    from: body.from_date,
    to: body.to_date,
    conf: (body.dag_run_conf ?? {}) as JsonObject,
    runBackwards: body.run_backwards,
    reprocess: body.reprocess_behavior,
    maxActiveRuns: body.max_active_runs,
    dryRun,
  };
  return deps.commands.createBackfill(wish, requester(request, response));
}

function idOf(request: Request): number {
  return Number(param(request, 'id'));
}

async function load(deps: AppDeps, id: number) {
  const row = Number.isSafeInteger(id) ? await readOne(deps, backfillById(id)) : undefined;
  if (row) return row;
  throw new MillraceError('BACKFILL_NOT_FOUND', `there is no backfill ${id}`);
}

function wireBackfill(row: Awaited<ReturnType<typeof load>>) {
  return {
    id: row.id,
    dag_id: row.dag_id,
    dag_display_name: row.display_name,
    from_date: toIso(row.from_date),
    to_date: toIso(row.to_date),
    dag_run_conf: parseObject(row.dag_run_conf_json),
    is_paused: row.is_paused === 1,
    reprocess_behavior: row.reprocess_behavior,
    max_active_runs: row.max_active_runs,
    created_at: toIso(row.created_at),
    completed_at: row.completed_at === null ? null : toIso(row.completed_at),
    updated_at: toIso(row.completed_at ?? row.created_at),
  };
}
