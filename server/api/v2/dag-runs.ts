import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import type { JsonObject } from '../../../kernel/json.js';
import {
  countDagRuns,
  type DagRunFilter,
  type DagRunRow,
  listDagRuns,
} from '../../../scheduler/store/queries/dag-runs.js';
import type { AppDeps } from '../../deps.js';
import { loadDag, loadRun, loadVersion, readOne } from '../../pages/load-dag.js';
import { bodyOf, instantOf, isoTime, listOf, orderOf, pageOf, param, requester, textOf } from './request.js';
import { wireRun } from './wire.js';

const anyDag = '~';
const triggerBody = z.strictObject({
  dag_run_id: z.string().min(1).max(250).nullish(),
  data_interval_start: isoTime.nullish(),
  data_interval_end: isoTime.nullish(),
  logical_date: isoTime.nullable(),
  run_after: isoTime.nullish(),
  conf: z.record(z.string(), z.json()).nullish(),
  note: z.string().max(1000).nullish(),
  partition_key: z.null().optional(),
});
const patchBody = z.strictObject({
  state: z.enum(['queued', 'success', 'failed']).nullish(),
  note: z.string().max(1000).nullish(),
});
const clearBody = z.strictObject({
  dry_run: z.boolean().default(true),
  only_failed: z.boolean().default(false),
  only_new: z.boolean().optional(),
  run_on_latest_version: z.boolean().default(false),
});

const ranges = [
  ['run_after', 'run_after'],
  ['logical_date', 'logical_date'],
  ['start_date', 'started_at'],
  ['end_date', 'ended_at'],
] as const;
const operators = { gte: '>=', gt: '>', lte: '<=', lt: '<' } as const;

export function dagRunRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const path = '/dags/:dagId/dagRuns';

  router.get(path, async (request, response) => {
    const dagId = param(request, 'dagId');
    if (dagId !== anyDag) await loadDag(deps, dagId);
    const filter: DagRunFilter = {
      dagId: dagId === anyDag ? undefined : dagId,
      states: listOf(request, 'state'),
      runTypes: listOf(request, 'run_type'),
      runIdPattern: textOf(request, 'run_id_pattern'),
      ranges: ranges.flatMap(([name, column]) =>
        Object.entries(operators).flatMap(([suffix, op]) => {
          const at = instantOf(request, `${name}_${suffix}`);
          return at === undefined ? [] : [{ column, op, at }];
        }),
      ),
    };
    const order = orderOf(
      request,
      {
        id: 'id',
        dag_run_id: 'run_id',
        run_id: 'run_id',
        dag_id: 'dag_id',
        state: 'state',
        run_after: 'run_after',
        logical_date: 'logical_date',
        start_date: 'started_at',
        end_date: 'ended_at',
        queued_at: 'queued_at',
      } as const,
      'id',
    );
    const [runs, total] = await Promise.all([
      deps.store.read(listDagRuns(filter, order, pageOf(request))),
      readOne(deps, countDagRuns(filter)),
    ]);
    response.json({ dag_runs: await runResponses(deps, runs), total_entries: total?.total ?? 0 });
  });

  router.post(path, async (request, response) => {
    const body = bodyOf(request, triggerBody);
    const [start, end] = [body.data_interval_start ?? null, body.data_interval_end ?? null];
    if ((start === null) !== (end === null)) {
      throw new MillraceError('REQUEST_INVALID', 'data_interval_start and data_interval_end come both or neither');
    }
    const dag = await loadDag(deps, param(request, 'dagId'));
    const created = await deps.commands.triggerDagRun(
      {
        dagId: dag.dag_id,
        runId: body.dag_run_id ?? null,
        logicalDate: body.logical_date,
        dataInterval: start === null || end === null ? null : { start, end },
        runAfter: body.run_after ?? null,
        conf: (body.conf ?? {}) as JsonObject,
        note: body.note ?? null,
      },
      requester(request, response),
    );
    response.json(await runResponse(deps, await loadRun(deps, dag.dag_id, created.runId)));
  });

  router.get(`${path}/:runId`, async (request, response) => {
    response.json(await runResponse(deps, await loadRun(deps, param(request, 'dagId'), param(request, 'runId'))));
  });

  router.patch(`${path}/:runId`, async (request, response) => {
    const body = bodyOf(request, patchBody);
    const run = await loadRun(deps, param(request, 'dagId'), param(request, 'runId'));
    const by = requester(request, response);
    if (body.state) await deps.commands.setDagRunState(run.dag_id, run.run_id, body.state, by);
    if (body.note !== undefined) await deps.commands.setNote({ dagId: run.dag_id, runId: run.run_id }, body.note, by);
    response.json(await runResponse(deps, await loadRun(deps, run.dag_id, run.run_id)));
  });

  router.delete(`${path}/:runId`, async (request, response) => {
    const run = await loadRun(deps, param(request, 'dagId'), param(request, 'runId'));
    await deps.commands.deleteDagRun(run.dag_id, run.run_id, requester(request, response));
    response.status(204).end();
  });

  router.post(`${path}/:runId/clear`, async (request, response) => {
    const body = bodyOf(request, clearBody);
    const run = await loadRun(deps, param(request, 'dagId'), param(request, 'runId'));
    const cleared = await deps.commands.clearDagRun(
      { dagId: run.dag_id, runId: run.run_id, onlyFailed: body.only_failed, dryRun: body.dry_run },
      requester(request, response),
    );
    if (!body.dry_run) return response.json(await runResponse(deps, await loadRun(deps, run.dag_id, run.run_id)));
    response.json({
      task_instances: cleared.map((item) => ({
        task_id: item.taskId,
        dag_id: item.dagId,
        dag_run_id: item.runId,
        map_index: item.mapIndex,
        state: item.state,
      })),
      total_entries: cleared.length,
    });
  });

  return router;
}

/** Reads each DAG once, however many of the runs are its. */
async function runResponses(deps: AppDeps, runs: DagRunRow[]) {
  const dags = new Map<string, ReturnType<typeof loadDag>>();
  const dagOf = (dagId: string) => {
    const known = dags.get(dagId) ?? loadDag(deps, dagId);
    dags.set(dagId, known);
    return known;
  };
  return Promise.all(
    runs.map(async (run) => wireRun(await dagOf(run.dag_id), run, await loadVersion(deps, run.dag_version_id))),
  );
}

async function runResponse(deps: AppDeps, run: DagRunRow) {
  const [dag, version] = await Promise.all([loadDag(deps, run.dag_id), loadVersion(deps, run.dag_version_id)]);
  return wireRun(dag, run, version);
}
