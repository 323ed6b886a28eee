import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import { listImportErrors } from '../../../scheduler/store/queries/admin.js';
import { countDagRuns } from '../../../scheduler/store/queries/dag-runs.js';
import {
  countDagVersions,
  dagVersionByNumber,
  listDagVersions,
} from '../../../scheduler/store/queries/dag-versions.js';
import { countDags, type DagRow, listDags } from '../../../scheduler/store/queries/dags.js';
import { downstreamOf, topologicalOrder } from '../../dag-structure.js';
import type { AppDeps } from '../../deps.js';
import { loadDag, loadLatestVersion, readOne } from '../../pages/load-dag.js';
import { bodyOf, flagOf, listOf, orderOf, pageOf, param, requester, textOf } from './request.js';
import { wireDag, wireDagDetails, wireTask, wireVersion } from './wire.js';

const patchBody = z.strictObject({ is_paused: z.boolean() });
const importErrorsMax = 1000;

export function dagRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/dags', async (request, response) => {
    const page = pageOf(request);
    const [order] = orderOf(
      request,
      { dag_id: 'dag_id', dag_display_name: 'display_name', next_dagrun: 'next_run_after', owner: 'owner' } as const,
      'dag_id',
    );
    const filter = {
      search:
        textOf(request, 'dag_id_pattern')?.replaceAll('%', '') ||
        textOf(request, 'dag_display_name_pattern')?.replaceAll('%', ''),
      paused: flagOf(request, 'paused'),
      owner: listOf(request, 'owners')[0],
      tags: listOf(request, 'tags'),
      lastRunStates:
        listOf(request, 'last_dag_run_state').length > 0 ? listOf(request, 'last_dag_run_state') : undefined,
      includeStale: flagOf(request, 'exclude_stale') === false,
    };
    const [rows, total] = await Promise.all([
      deps.store.read(listDags(filter, order ?? { by: 'dag_id', descending: false }, page)),
      readOne(deps, countDags(filter)),
    ]);
    const broken = await brokenFiles(deps);
    const dags = await Promise.all(
      rows.map(async (row) => wireDag(row, await loadLatestVersion(deps, row), broken.has(row.fileloc))),
    );
    response.json({ dags, total_entries: total?.total ?? 0 });
  });

  router.get('/dags/:dagId', async (request, response) => {
    const dag = await loadDag(deps, param(request, 'dagId'));
    response.json(await dagResponse(deps, dag));
  });

  router.patch('/dags/:dagId', async (request, response) => {
    const { is_paused } = bodyOf(request, patchBody);
    const dag = await loadDag(deps, param(request, 'dagId'));
    await deps.commands.setPaused(dag.dag_id, is_paused, requester(request, response));
    response.json(await dagResponse(deps, await loadDag(deps, dag.dag_id)));
  });

  router.delete('/dags/:dagId', async (request, response) => {
    await loadDag(deps, param(request, 'dagId'));
    await deps.commands.deleteDag(param(request, 'dagId'), requester(request, response));
    response.status(204).end();
  });

  router.get('/dags/:dagId/details', async (request, response) => {
    const dag = await loadDag(deps, param(request, 'dagId'));
    const [version, broken, active] = await Promise.all([
      loadLatestVersion(deps, dag),
      brokenFiles(deps),
      readOne(deps, countDagRuns({ dagId: dag.dag_id, states: ['running', 'queued'] })),
    ]);
    response.json(
      wireDagDetails(dag, version, { hasImportErrors: broken.has(dag.fileloc), activeRuns: active?.total ?? 0 }),
    );
  });

  router.get('/dags/:dagId/tasks', async (request, response) => {
    const version = await latestOf(deps, param(request, 'dagId'));
    const downstream = downstreamOf(version.dag.tasks);
    const byId = new Map(version.dag.tasks.map((task) => [task.taskId, task]));
    const tasks = topologicalOrder(version.dag.tasks)
      .map((id) => byId.get(id))
      .filter((task) => task !== undefined)
      .map((task) => wireTask(version.dag, task, downstream.get(task.taskId) ?? []));
    response.json({ tasks, total_entries: tasks.length });
  });

  router.get('/dags/:dagId/tasks/:taskId', async (request, response) => {
    const version = await latestOf(deps, param(request, 'dagId'));
    const task = version.dag.tasks.find((candidate) => candidate.taskId === param(request, 'taskId'));
    if (!task) throw new MillraceError('NOT_FOUND', `${version.dag.dagId} has no task ${param(request, 'taskId')}`);
    response.json(wireTask(version.dag, task, downstreamOf(version.dag.tasks).get(task.taskId) ?? []));
  });

  router.get('/dagSources/:dagId', async (request, response) => {
    const dag = await loadDag(deps, param(request, 'dagId'));
    const asked = Number(textOf(request, 'version_number'));
    const latest = await loadLatestVersion(deps, dag);
    const number = Number.isSafeInteger(asked) && asked > 0 ? asked : (latest?.versionNumber ?? 0);
    const version = await readOne(deps, dagVersionByNumber(dag.dag_id, number));
    if (!version) throw new MillraceError('NOT_FOUND', `${dag.dag_id} has no version ${number}`);
    if (request.accepts(['json', 'text']) === 'text') return response.type('text/plain').send(version.source);
    response.json({
      content: version.source,
      dag_id: dag.dag_id,
      version_number: version.version_number,
      dag_display_name: dag.display_name,
    });
  });

  router.get('/dags/:dagId/dagVersions', async (request, response) => {
    const dag = await loadDag(deps, param(request, 'dagId'));
    const [rows, total] = await Promise.all([
      deps.store.read(listDagVersions(dag.dag_id, pageOf(request))),
      readOne(deps, countDagVersions(dag.dag_id)),
    ]);
    const versions = rows.map((row) =>
      wireVersion(dag, {
        id: row.id,
        versionNumber: row.version_number,
        bundleHash: row.bundle_hash,
        createdAt: row.created_at,
      }),
    );
    response.json({ dag_versions: versions, total_entries: total?.total ?? 0 });
  });

  router.get('/dags/:dagId/dagVersions/:number', async (request, response) => {
    const dag = await loadDag(deps, param(request, 'dagId'));
    const row = await readOne(deps, dagVersionByNumber(dag.dag_id, Number(param(request, 'number'))));
    if (!row) throw new MillraceError('NOT_FOUND', `${dag.dag_id} has no version ${param(request, 'number')}`);
    response.json(
      wireVersion(dag, {
        id: row.id,
        versionNumber: row.version_number,
        bundleHash: row.bundle_hash,
        createdAt: row.created_at,
      }),
    );
  });

  return router;
}

async function dagResponse(deps: AppDeps, dag: DagRow) {
  const [version, broken] = await Promise.all([loadLatestVersion(deps, dag), brokenFiles(deps)]);
  return wireDag(dag, version, broken.has(dag.fileloc));
}

async function latestOf(deps: AppDeps, dagId: string) {
  const version = await loadLatestVersion(deps, await loadDag(deps, dagId));
  if (!version) throw new MillraceError('NOT_FOUND', `${dagId} has no version yet`);
  return version;
}

async function brokenFiles(deps: AppDeps): Promise<Set<string>> {
  return new Set((await deps.store.read(listImportErrors(importErrorsMax))).map((error) => error.fileloc));
}
