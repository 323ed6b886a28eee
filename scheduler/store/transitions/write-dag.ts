import type { CompiledQuery, Insertable } from 'kysely';
import type { Instant } from '../../../kernel/time.js';
import type { AssetCondition, AssetRef, ImportError, ImportedFile, SerializedDag } from '../../model/dag.js';
import { database } from '../database.js';
import { ask, run, type Script } from '../driver.js';
import type { DagVersionTable } from '../schema.js';

/** Makes the row of a DAG that was never seen; `updateDag` fills it. */
export function insertDag(dag: SerializedDag, fileloc: string, at: Instant): CompiledQuery {
  return database
    .insertInto('dag')
    .values({
      dag_id: dag.dagId,
      fileloc,
      display_name: dag.displayName,
      owner: dag.owner,
      tags_json: '[]',
      schedule_summary: '',
      timezone: dag.timezone,
      is_paused: dag.isPausedUponCreation ? 1 : 0,
      is_stale: 0,
      max_active_runs: dag.maxActiveRuns,
      max_active_tasks: dag.maxActiveTasks,
      created_at: at,
      description: null,
      latest_version_id: null,
      next_run_after: null,
      next_logical_date: null,
      next_interval_start: null,
      next_interval_end: null,
      last_parsed_at: null,
      last_parse_ms: null,
    })
    .onConflict((conflict) => conflict.column('dag_id').doNothing())
    .compile();
}

export function updateDag(
  dag: SerializedDag,
  facts: { fileloc: string; versionId: number; scheduleSummary: string; at: Instant },
): CompiledQuery {
  return database
    .updateTable('dag')
    .set({
      fileloc: facts.fileloc,
      display_name: dag.displayName,
      description: dag.description,
      owner: dag.owner,
      tags_json: JSON.stringify(dag.tags),
      schedule_summary: facts.scheduleSummary,
      timezone: dag.timezone,
      is_stale: 0,
      max_active_runs: dag.maxActiveRuns,
      max_active_tasks: dag.maxActiveTasks,
      latest_version_id: facts.versionId,
      last_parsed_at: facts.at,
    })
    .where('dag_id', '=', dag.dagId)
    .compile();
}

export function insertDagVersion(row: Insertable<DagVersionTable>): CompiledQuery {
  return database.insertInto('dag_version').values(row).compile();
}

export function setDagStale(dagId: string): CompiledQuery {
  return database.updateTable('dag').set({ is_stale: 1 }).where('dag_id', '=', dagId).compile();
}

export function setDagPaused(dagId: string, isPaused: boolean): CompiledQuery {
  return database
    .updateTable('dag')
    .set({ is_paused: isPaused ? 1 : 0 })
    .where('dag_id', '=', dagId)
    .compile();
}

export function upsertDagFile(file: ImportedFile, at: Instant): CompiledQuery {
  const changing = { bundle_hash: file.bundleHash, parsed_at: at, parse_ms: 0 };
  return database
    .insertInto('dag_file')
    .values({ fileloc: file.fileloc, ...changing })
    .onConflict((conflict) => conflict.column('fileloc').doUpdateSet(changing))
    .compile();
}

export function deleteDagFile(fileloc: string): CompiledQuery {
  return database.deleteFrom('dag_file').where('fileloc', '=', fileloc).compile();
}

export function deleteImportErrors(fileloc: string): CompiledQuery {
  return database.deleteFrom('import_error').where('fileloc', '=', fileloc).compile();
}

export function insertImportError(error: ImportError, at: Instant): CompiledQuery {
  return database
    .insertInto('import_error')
    .values({
      fileloc: error.fileloc,
      message: error.message,
      line: error.line,
      column_number: error.column,
      excerpt: error.excerpt,
      stack: error.stack,
      at,
    })
    .compile();
}

/** Which assets the DAG waits for, writes and reads, of its latest version. */
export function* saveAssetReferences(dag: SerializedDag, at: Instant): Script<void> {
  yield* run(database.deleteFrom('asset_reference').where('dag_id', '=', dag.dagId).compile());
  for (const { asset, taskId, kind } of referencesOf(dag)) {
    const assetId = yield* ensureAsset(asset, at);
    yield* run(
      database
        .insertInto('asset_reference')
        .values({ asset_id: assetId, dag_id: dag.dagId, task_id: taskId, kind })
        .onConflict((conflict) => conflict.doNothing())
        .compile(),
    );
  }
}

/** The row id of an asset; makes the row when it is new. */
export function* ensureAsset(asset: AssetRef, at: Instant): Script<number> {
  const known = yield* ask(
    database
      .selectFrom('asset')
      .select('id')
      .where((e) => e.or([e('uri', '=', asset.uri), e('name', '=', asset.name)]))
      .compile(),
  );
  if (known[0]) return known[0].id;
  const made = yield* ask(
    database.insertInto('asset').values({ name: asset.name, uri: asset.uri, created_at: at }).returning('id').compile(),
  );
  return (made[0] as { id: number }).id;
}

interface Reference {
  asset: AssetRef;
  taskId: string;
  kind: 'schedule' | 'outlet' | 'inlet';
}

function referencesOf(dag: SerializedDag): Reference[] {
  const found: Reference[] = [];
  const { schedule } = dag;
  if (schedule.kind === 'assets' || schedule.kind === 'asset_or_time') {
    for (const asset of assetsIn(schedule.condition)) found.push({ asset, taskId: '', kind: 'schedule' });
  }
  for (const task of dag.tasks) {
    for (const asset of task.outlets) found.push({ asset, taskId: task.taskId, kind: 'outlet' });
    for (const asset of task.inlets) found.push({ asset, taskId: task.taskId, kind: 'inlet' });
  }
  return found;
}

function assetsIn(condition: AssetCondition): AssetRef[] {
  if ('asset' in condition) return [condition.asset];
  return ('all' in condition ? condition.all : condition.any).flatMap(assetsIn);
}
