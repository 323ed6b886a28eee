import { type Request, Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import { toIso } from '../../../kernel/time.js';
import type { ClearedTaskInstance } from '../../../scheduler/model/commands.js';
import { type DagRunRow, dagRunById } from '../../../scheduler/store/queries/dag-runs.js';
import {
  countTaskInstances,
  detailsOf,
  listTaskInstances,
  type TaskInstanceFilter,
  type TaskInstanceRow,
  triesOf,
} from '../../../scheduler/store/queries/task-instances.js';
import { xcomByKey, xcomsOf } from '../../../scheduler/store/queries/xcoms.js';
import { type AppDeps, parseObject } from '../../deps.js';
import { logFilesOf } from '../../logs/log-view.js';
import { loadDag, loadRun, loadTaskInstance, loadVersion, readOne } from '../../pages/load-dag.js';
import { bodyOf, flagOf, isoTime, listOf, orderOf, pageOf, param, requester, textOf } from './request.js';
import { wireTaskInstance, wireTry } from './wire.js';

const any = '~';
const logLinesMax = 2000;
const clearBody = z.strictObject({
  dry_run: z.boolean().default(true),
  start_date: isoTime.nullish(),
  end_date: isoTime.nullish(),
  only_failed: z.boolean().default(true),
  only_running: z.boolean().default(false),
  reset_dag_runs: z.boolean().default(true),
  task_ids: z.array(z.union([z.string(), z.tuple([z.string(), z.int()])])).nullish(),
  dag_run_id: z.string().nullish(),
  include_upstream: z.boolean().default(false),
  include_downstream: z.boolean().default(false),
  include_future: z.boolean().default(false),
  include_past: z.boolean().default(false),
  run_on_latest_version: z.boolean().default(false),
  prevent_running_task: z.boolean().default(false),
});
const patchBody = z.strictObject({
  new_state: z.enum(['success', 'failed', 'skipped']).nullish(),
  note: z.string().max(1000).nullish(),
  include_upstream: z.boolean().default(false),
  include_downstream: z.boolean().default(false),
  include_future: z.boolean().default(false),
  include_past: z.boolean().default(false),
});

export function taskInstanceRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const list = '/dags/:dagId/dagRuns/:runId/taskInstances';
  const one = `${list}/:taskId`;

  router.get(list, async (request, response) => {
    const filter = await filterOf(deps, request);
    const order = orderOf(
      request,
      {
        id: 'id',
        task_id: 'task_id',
        map_index: 'map_index',
        state: 'state',
        start_date: 'started_at',
        end_date: 'ended_at',
        queued_when: 'queued_at',
        try_number: 'try_number',
      } as const,
      // Over many runs the map index says nothing, and to sort by it is to read all that ever ran.
      filter.dagRunId === undefined ? 'id' : 'map_index',
    );
    response.json(await collection(deps, filter, order, pageOf(request)));
  });

  router.get([one, `${one}/:mapIndex`], async (request, response, next) => {
    if (!isIndex(request.params['mapIndex'])) return next();
    const { row, place } = await located(deps, request);
    const details = await deps.store.read(detailsOf(row.id));
    response.json(wireTaskInstance(place, row, deps.masker.redact(parseObject(details[0]?.rendered_json))));
  });

  router.patch([one, `${one}/:mapIndex`, `${one}/dry_run`], async (request, response) => {
    const dryRun = request.path.endsWith('/dry_run');
    const body = bodyOf(request, patchBody);
    const run = await loadRun(deps, param(request, 'dagId'), param(request, 'runId'));
    const mapIndex = request.params['mapIndex'] === undefined ? null : Number(request.params['mapIndex']);
    const by = requester(request, response);
    let changed: ClearedTaskInstance[] = [];
    if (body.new_state) {
      changed = await deps.commands.markTaskInstances(
        {
          dagId: run.dag_id,
          runId: run.run_id,
          taskId: param(request, 'taskId'),
          mapIndex,
          state: body.new_state,
          dryRun,
          includeUpstream: body.include_upstream,
          includeDownstream: body.include_downstream,
          includePast: body.include_past,
          includeFuture: body.include_future,
        },
        by,
      );
    }
    if (body.note !== undefined && !dryRun) {
      const target = {
        dagId: run.dag_id,
        runId: run.run_id,
        taskId: param(request, 'taskId'),
        mapIndex: mapIndex ?? -1,
      };
      await deps.commands.setNote(target, body.note, by);
    }
    if (changed.length === 0) changed = [asCleared(await located(deps, request))];
    response.json(await collectionOf(deps, changed));
  });

  router.post('/dags/:dagId/clearTaskInstances', async (request, response) => {
    const body = bodyOf(request, clearBody);
    const dag = await loadDag(deps, param(request, 'dagId'));
    if (body.dag_run_id) await loadRun(deps, dag.dag_id, body.dag_run_id);
    const ids = body.task_ids ?? [];
    const indexes = ids.filter((id): id is [string, number] => Array.isArray(id)).map(([, index]) => index);
    const cleared = await deps.commands.clearTaskInstances(
      {
        dagId: dag.dag_id,
        runId: body.dag_run_id ?? null,
        taskIds: [...new Set(ids.map((id) => (Array.isArray(id) ? id[0] : id)))],
        mapIndexes: indexes.length > 0 ? indexes : null,
        onlyFailed: body.only_failed,
        onlyRunning: body.only_running,
        includeUpstream: body.include_upstream,
        includeDownstream: body.include_downstream,
        includePast: body.include_past,
        includeFuture: body.include_future,
        resetDagRuns: body.reset_dag_runs,
        runOnLatestVersion: body.run_on_latest_version,
        dryRun: body.dry_run,
      },
      requester(request, response),
    );
    response.json(await collectionOf(deps, cleared));
  });

  router.get([`${one}/tries`, `${one}/:mapIndex/tries`], async (request, response) => {
    const { row, place } = await located(deps, request);
    const earlier = await deps.store.read(triesOf(row.id, 100));
    const tries = [...earlier.filter((item) => item.try_number < row.try_number), row].map((item) =>
      wireTry(place, row, item),
    );
    response.json({ task_instances: tries, total_entries: tries.length });
  });

  router.get([`${one}/dependencies`, `${one}/:mapIndex/dependencies`], async (request, response, next) => {
    if (!isIndex(request.params['mapIndex'])) return next();
    const { row } = await located(deps, request);
    const { reasons } = await deps.explain({
      dagId: row.dag_id,
      runId: param(request, 'runId'),
      taskId: row.task_id,
      mapIndex: row.map_index,
    });
    const dependencies = reasons.map(({ text, task }) => ({
      name: task?.taskId ?? 'Task Instance State',
      reason: text,
    }));
    response.json({ dependencies });
  });

  router.get(`${one}/logs/:tryNumber`, async (request, response) => {
    const { row, place } = await located(deps, request);
    const mapIndex = row.map_index;
    const path = deps.logPath({
      dagId: row.dag_id,
      dagRunId: place.run.id,
      taskId: row.task_id,
      mapIndex,
      tryNumber: Number(param(request, 'tryNumber')),
    });
    const kind = request.accepts(['json', 'application/x-ndjson']);
    if (!kind) throw new MillraceError('NOT_ACCEPTABLE', 'logs come as application/json or application/x-ndjson');
    const log = await logFilesOf(deps).open(path);
    if (!log) throw new MillraceError('NOT_FOUND', 'this try has no log');
    const from = Math.max(1, Number(textOf(request, 'token')) || 1);
    const whole = flagOf(request, 'full_content') === true || kind !== 'json';
    const lines = await log.read(from, whole ? log.lineCount : logLinesMax);
    const content = lines.map((line) => ({
      ...(line.at === null ? {} : { timestamp: toIso(line.at) }),
      ...(line.level === null ? {} : { level: line.level }),
      event: line.group === 'open' ? `::group::${line.text}` : line.group === 'close' ? '::endgroup::' : line.text,
    }));
    if (kind !== 'json')
      return response.type('application/x-ndjson').send(content.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const next = (lines.at(-1)?.number ?? from - 1) + 1;
    response.json({ content, continuation_token: next <= log.lineCount ? String(next) : null });
  });

  router.get(`${one}/xcomEntries`, async (request, response) => {
    const { run, dag, taskId } = await xcomPlace(deps, request);
    const map = textOf(request, 'map_index');
    const rows = await deps.store.read(xcomsOf(run.id, taskId, map === undefined ? null : Number(map), 0));
    response.json({ xcom_entries: rows.map((row) => wireXCom(run, dag, taskId, row)), total_entries: rows.length });
  });

  router.get(`${one}/xcomEntries/:key`, async (request, response) => {
    const { run, dag, taskId } = await xcomPlace(deps, request);
    const row = await readOne(
      deps,
      xcomByKey(run.id, taskId, Number(textOf(request, 'map_index') ?? -1), param(request, 'key')),
    );
    if (!row) throw new MillraceError('NOT_FOUND', `the task has no XCom ${param(request, 'key')}`);
    const json = deps.masker.mask(row.value_json);
    const value: unknown = flagOf(request, 'stringify') === true ? json : JSON.parse(json);
    response.json({ ...wireXCom(run, dag, taskId, row), value });
  });

  return router;
}

async function filterOf(deps: AppDeps, request: Request): Promise<TaskInstanceFilter> {
  const [dagId, runId] = [param(request, 'dagId'), param(request, 'runId')];
  const run = dagId === any || runId === any ? undefined : await loadRun(deps, dagId, runId);
  const states = listOf(request, 'state').map((state) => (state === 'none' || state === 'no_status' ? null : state));
  return {
    dagId: dagId === any ? undefined : dagId,
    dagRunId: run?.id,
    states,
    pools: listOf(request, 'pool'),
    taskId: textOf(request, 'task_id'),
  };
}

async function collection(
  deps: AppDeps,
  filter: TaskInstanceFilter,
  order: Parameters<typeof listTaskInstances>[1],
  page: { limit: number; offset: number },
) {
  const [rows, total] = await Promise.all([
    deps.store.read(listTaskInstances(filter, order, page)),
    readOne(deps, countTaskInstances(filter)),
  ]);
  const places = new Map<number, Awaited<ReturnType<typeof placeOf>>>();
  const task_instances = [];
  for (const row of rows) {
    const place = places.get(row.dag_run_id) ?? (await placeOf(deps, row.dag_run_id));
    places.set(row.dag_run_id, place);
    task_instances.push(wireTaskInstance(place, row));
  }
  return { task_instances, total_entries: total?.total ?? 0 };
}

/** What a clear or a mark touched, read back from the store. */
async function collectionOf(deps: AppDeps, changed: ClearedTaskInstance[]) {
  const task_instances = [];
  for (const item of changed) {
    const run = await loadRun(deps, item.dagId, item.runId);
    const row = await loadTaskInstance(deps, run, item.taskId, item.mapIndex);
    task_instances.push(wireTaskInstance(await placeOf(deps, run.id), row));
  }
  return { task_instances, total_entries: task_instances.length };
}

async function located(deps: AppDeps, request: Request) {
  const run = await loadRun(deps, param(request, 'dagId'), param(request, 'runId'));
  const index = request.params['mapIndex'] ?? textOf(request, 'map_index') ?? '-1';
  const row = await loadTaskInstance(deps, run, param(request, 'taskId'), Number(index));
  return { run, row, place: await placeOf(deps, run.id) };
}

async function placeOf(deps: AppDeps, dagRunId: number) {
  const run = (await readOne(deps, dagRunById(dagRunId))) as DagRunRow;
  const [dag, version] = await Promise.all([loadDag(deps, run.dag_id), loadVersion(deps, run.dag_version_id)]);
  return { dag, run, version };
}

async function xcomPlace(deps: AppDeps, request: Request) {
  const run = await loadRun(deps, param(request, 'dagId'), param(request, 'runId'));
  return { run, dag: await loadDag(deps, run.dag_id), taskId: param(request, 'taskId') };
}

function wireXCom(
  run: DagRunRow,
  dag: { display_name: string },
  taskId: string,
  row: { key: string; map_index: number; at: number },
) {
  return {
    key: row.key,
    timestamp: toIso(row.at),
    logical_date: run.logical_date === null ? null : toIso(run.logical_date),
    map_index: row.map_index,
    task_id: taskId,
    dag_id: run.dag_id,
    run_id: run.run_id,
    dag_display_name: dag.display_name,
    task_display_name: taskId,
    run_after: toIso(run.run_after),
  };
}

function asCleared({ run, row }: { run: DagRunRow; row: TaskInstanceRow }): ClearedTaskInstance {
  return { dagId: run.dag_id, runId: run.run_id, taskId: row.task_id, mapIndex: row.map_index, state: row.state };
}

function isIndex(text: string | string[] | undefined): boolean {
  return text === undefined || (typeof text === 'string' && /^-?\d+$/.test(text));
}
