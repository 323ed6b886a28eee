import type { CompiledQuery } from 'kysely';
import { MillraceError } from '../../kernel/errors.js';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import { type DagRunRow, dagRunByKey } from '../../scheduler/store/queries/dag-runs.js';
import { dagVersionById } from '../../scheduler/store/queries/dag-versions.js';
import { type DagRow, dagById } from '../../scheduler/store/queries/dags.js';
import { type TaskInstanceRow, taskInstanceByKey } from '../../scheduler/store/queries/task-instances.js';
import type { AppDeps } from '../deps.js';

export interface LoadedVersion {
  id: number;
  versionNumber: number;
  bundleHash: string;
  source: string;
  createdAt: number;
  dag: SerializedDag;
}

/** The first row of a query, or undefined. */
export async function readOne<Row>(deps: AppDeps, query: CompiledQuery<Row>): Promise<Row | undefined> {
  return (await deps.store.read(query))[0];
}

/** Throws DAG_NOT_FOUND. */
export async function loadDag(deps: AppDeps, dagId: string): Promise<DagRow> {
  const row = await readOne(deps, dagById(dagId));
  if (!row)
    throw new MillraceError('DAG_NOT_FOUND', `no DAG is called ${dagId}`, {
      hint: 'The list of DAGs shows their ids.',
    });
  return row;
}

const versionsMax = 200;
const versionCaches = new WeakMap<AppDeps, Map<number, Promise<LoadedVersion>>>();

/** A version's graph. Versions never change, so each is parsed once, also when many ask for it at the same time. */
export function loadVersion(deps: AppDeps, versionId: number): Promise<LoadedVersion> {
  const cache = versionCaches.get(deps) ?? new Map<number, Promise<LoadedVersion>>();
  versionCaches.set(deps, cache);
  const known = cache.get(versionId);
  if (known) return known;
  const loading = readVersion(deps, versionId);
  cache.set(versionId, loading);
  loading.catch(() => cache.delete(versionId));
  if (cache.size > versionsMax) {
    const oldest = cache.keys().next().value;
    if (oldest !== undefined) cache.delete(oldest);
  }
  return loading;
}

async function readVersion(deps: AppDeps, versionId: number): Promise<LoadedVersion> {
  const row = await readOne(deps, dagVersionById(versionId));
  if (!row) throw new MillraceError('NOT_FOUND', `no DAG version has the id ${versionId}`);
  return {
    id: row.id,
    versionNumber: row.version_number,
    bundleHash: row.bundle_hash,
    source: row.source,
    createdAt: row.created_at,
    dag: JSON.parse(row.serialized_json) as SerializedDag,
  };
}

/** The newest version of a DAG; undefined before its first import is complete. */
export async function loadLatestVersion(deps: AppDeps, dag: DagRow): Promise<LoadedVersion | undefined> {
  return dag.latest_version_id === null ? undefined : loadVersion(deps, dag.latest_version_id);
}

/** Throws DAG_RUN_NOT_FOUND. */
export async function loadRun(deps: AppDeps, dagId: string, runId: string): Promise<DagRunRow> {
  const row = await readOne(deps, dagRunByKey(dagId, runId));
  if (!row) throw new MillraceError('DAG_RUN_NOT_FOUND', `${dagId} has no run ${runId}`);
  return row;
}

/** Throws TASK_INSTANCE_NOT_FOUND. */
export async function loadTaskInstance(
  deps: AppDeps,
  run: DagRunRow,
  taskId: string,
  mapIndex: number,
): Promise<TaskInstanceRow> {
  const row = await readOne(deps, taskInstanceByKey(run.id, taskId, mapIndex));
  if (!row) {
    const place = mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
    throw new MillraceError('TASK_INSTANCE_NOT_FOUND', `run ${run.run_id} has no task instance ${place}`);
  }
  return row;
}
