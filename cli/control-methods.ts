import { z } from 'zod';
import type { Settings } from '../kernel/config.js';
import { MillraceError } from '../kernel/errors.js';
import type { Json, JsonObject } from '../kernel/json.js';
import { systemClock } from '../kernel/time.js';
import { readLogRange } from '../scheduler/executor/task-logs.js';
import { logPath } from '../scheduler/loop/attempt-request.js';
import { checkStore } from '../scheduler/maintenance/check.js';
import { cleanStore, cleanTables } from '../scheduler/maintenance/clean.js';
import type { TaskInstanceKey } from '../scheduler/model/attempt.js';
import type { StoreDriver } from '../scheduler/store/driver.js';
import { listImportErrors } from '../scheduler/store/queries/admin.js';
import { dagRunByKey, listDagRuns } from '../scheduler/store/queries/dag-runs.js';
import { dagById, latestRunsOfDags, listDags } from '../scheduler/store/queries/dags.js';
import { listTaskInstances, taskInstanceByKey } from '../scheduler/store/queries/task-instances.js';
import type { SqliteStore } from '../scheduler/store/sqlite-driver.js';
import { type BackupFacts, settingsFacts } from './backup/facts.js';
import { adminMethods } from './control-admin.js';
import { backfillMethods } from './control-backfills.js';
import type { ControlMethods } from './control-socket.js';
import type { Databases } from './databases.js';
import type { Home } from './home.js';
import type { Scheduling } from './scheduling.js';
import type { PartStatus } from './supervisor.js';
import { requireWarehouse } from './warehouse.js';

export interface ControlDeps {
  home: Home;
  settings: Settings;
  databases: Databases;
  scheduling: Scheduling;
  store: SqliteStore;
  parts(): PartStatus[];
}

/** More than a terminal shows; who wants all of it asks the REST API page by page. */
const rowsMax = 1_000;
const by = { user: 'cli', via: 'cli' } as const;

const text = z.string().min(1);
const dagOnly = z.object({ dagId: text });
/** `runId` null or absent = the latest run. */
const inRun = z.object({ dagId: text, runId: text.nullish() });
const inTask = inRun.extend({ taskId: text, mapIndex: z.number().int().default(-1) });
const trigger = z.object({
  dagId: text,
  runId: text.nullish(),
  logicalDate: z.number().nullish(),
  conf: z.record(z.string(), z.json()).default({}),
  note: z.string().nullish(),
});
/** Which others are meant as well, and whether only to say so. */
const around = {
  downstream: z.boolean().default(false),
  upstream: z.boolean().default(false),
  past: z.boolean().default(false),
  future: z.boolean().default(false),
  dryRun: z.boolean().default(false),
};
type Around = z.infer<z.ZodObject<typeof around>>;
const clear = inRun.extend({
  taskIds: z.array(text).default([]),
  mapIndex: z.number().int().nullish(),
  onlyFailed: z.boolean().default(false),
  onlyRunning: z.boolean().default(false),
  latestVersion: z.boolean().default(false),
  ...around,
});
const mark = inTask.extend({
  mapIndex: z.number().int().nullable(),
  state: z.enum(['success', 'failed', 'skipped']),
  ...around,
});
/** `final`: a last line without its end is taken for whole. */
const ofLog = inTask.extend({
  tryNumber: z.number().int().nullish(),
  offset: z.number().int().min(0).default(0),
  final: z.boolean().default(false),
});
const clean = z.object({ before: z.number(), tables: z.array(z.enum(cleanTables)), dryRun: z.boolean() });

/** What the commands may ask of a running server. */
export function controlMethods(deps: ControlDeps): ControlMethods {
  const { store, scheduling } = deps;
  const { scheduler } = scheduling;
  return {
    ...adminMethods(scheduling, store),
    ...backfillMethods(scheduler, store),
    databaseUrl: async ({ database }) => databaseUrl(deps.databases, String(database)),
    parts: async () => deps.parts() as unknown as Json,
    dags: async () => dagList(store),
    importErrors: async () => (await store.read(listImportErrors(rowsMax))) as unknown as Json,
    runs: async (params) => runList(store, dagOnly.parse(params).dagId),
    run: async (params) => runOf(store, inRun.parse(params)),
    tasks: async (params) => taskList(store, await runOf(store, inRun.parse(params))),
    setPaused: async (params) => {
      const { dagId, paused } = dagOnly.extend({ paused: z.boolean() }).parse(params);
      await scheduler.commands.setPaused(dagId, paused, by);
      return null;
    },
    trigger: async (params) => {
      const { runId = null, logicalDate = null, note = null, dagId, conf } = trigger.parse(params);
      return scheduler.commands.triggerDagRun(
        { dagId, runId, logicalDate, note, conf: conf as JsonObject, dataInterval: null, runAfter: null },
        by,
      );
    },
    clear: async (params) => {
      const { taskIds, mapIndex, onlyFailed, onlyRunning, latestVersion, ...wish } = clear.parse(params);
      const { dag_id: dagId, run_id: runId } = await runOf(store, wish);
      const cleared = await scheduler.commands.clearTaskInstances(
        {
          dagId,
          runId,
          taskIds,
          mapIndexes: mapIndex == null ? null : [mapIndex],
          onlyFailed,
          onlyRunning,
          ...included(wish),
          resetDagRuns: true,
          runOnLatestVersion: latestVersion,
        },
        by,
      );
      return cleared as unknown as Json;
    },
    mark: async (params) => {
      const { state, taskId, mapIndex, ...wish } = mark.parse(params);
      const { dag_id: dagId, run_id: runId } = await runOf(store, wish);
      const request = { dagId, runId, taskId, mapIndex, state, ...included(wish) };
      return (await scheduler.commands.markTaskInstances(request, by)) as unknown as Json;
    },
    explain: async (params) => (await scheduler.explain(await keyOf(store, inTask.parse(params)))) as unknown as Json,
    log: async (params) => logOf(deps, ofLog.parse(params)),
    checkStore: async () => (await checkSound(deps)) as unknown as Json,
    cleanStore: async (params) => {
      const request = clean.parse(params);
      const now = systemClock.now();
      return (await cleanStore({ store, logFolder: deps.home.taskLogFolder, now }, request)) as Json;
    },
    backupFacts: async () => backupFacts(deps),
    copyStore: async ({ path }) => {
      await store.backup(text.parse(path));
      return null;
    },
  };
}

function included({ upstream, downstream, past, future, dryRun }: Around) {
  return {
    includeUpstream: upstream,
    includeDownstream: downstream,
    includePast: past,
    includeFuture: future,
    dryRun,
  };
}

function checkSound({ store, home, scheduling }: ControlDeps) {
  return checkStore({
    store,
    secrets: scheduling.secrets,
    logFolder: home.taskLogFolder,
    bundleFolder: home.bundleFolder,
  });
}

function backupFacts({ databases, settings, home }: ControlDeps): Json {
  return {
    embeddedUrl: databases.embedded?.url('postgres') ?? null,
    ...settingsFacts(settings, home),
  } satisfies BackupFacts as unknown as Json;
}

function databaseUrl({ warehouseUrl, sourceUrl }: Databases, database: string): string {
  if (database === 'warehouse') return requireWarehouse(warehouseUrl);
  if (database === 'source' && sourceUrl !== null) return sourceUrl;
  throw new MillraceError('REQUEST_INVALID', `This server has no database called ${database}.`, {
    hint: 'Ask for warehouse or source.',
  });
}

async function dagList(store: StoreDriver): Promise<Json> {
  const dags = await store.read(listDags({}, { by: 'dag_id', descending: false }, { limit: rowsMax, offset: 0 }));
  const latest = await store.read(
    latestRunsOfDags(
      dags.map((dag) => dag.dag_id),
      1,
    ),
  );
  return dags.map((dag) => ({
    dagId: dag.dag_id,
    schedule: dag.schedule_summary,
    isPaused: dag.is_paused === 1,
    nextRunAfter: dag.next_run_after,
    lastState: latest.find((run) => run.dag_id === dag.dag_id)?.state ?? null,
    fileloc: dag.fileloc,
  }));
}

async function runList(store: StoreDriver, dagId: string): Promise<Json> {
  await requireDag(store, dagId);
  const newest = [{ by: 'id', descending: true }] as const;
  const runs = await store.read(listDagRuns({ dagId }, [...newest], { limit: 25, offset: 0 }));
  return runs as unknown as Json;
}

async function taskList(store: StoreDriver, run: { id: number }): Promise<Json> {
  const order = [{ by: 'id', descending: false }] as const;
  const page = { limit: rowsMax, offset: 0 };
  return (await store.read(listTaskInstances({ dagRunId: run.id }, [...order], page))) as unknown as Json;
}

type Run = { id: number; dag_id: string; run_id: string; state: string };

async function runOf(
  store: StoreDriver,
  { dagId, runId }: { dagId: string; runId?: string | null | undefined },
): Promise<Run> {
  if (runId) {
    const [run] = await store.read(dagRunByKey(dagId, runId));
    if (run) return run;
    await requireDag(store, dagId);
    throw new MillraceError('DAG_RUN_NOT_FOUND', `${dagId} has no run ${runId}.`, {
      hint: `\`millrace dags runs ${dagId}\` lists them.`,
    });
  }
  const [latest] = await store.read(listDagRuns({ dagId }, [{ by: 'id', descending: true }], { limit: 1, offset: 0 }));
  if (latest) return latest;
  await requireDag(store, dagId);
  throw new MillraceError('DAG_RUN_NOT_FOUND', `${dagId} has not run yet.`);
}

async function requireDag(store: StoreDriver, dagId: string): Promise<void> {
  const [dag] = await store.read(dagById(dagId));
  if (dag) return;
  throw new MillraceError('DAG_NOT_FOUND', `No DAG is called ${dagId}.`, { hint: '`millrace dags list` lists them.' });
}

async function keyOf(
  store: StoreDriver,
  { taskId, mapIndex, ...place }: z.infer<typeof inTask>,
): Promise<TaskInstanceKey> {
  const run = await runOf(store, place);
  return { dagId: run.dag_id, runId: run.run_id, taskId, mapIndex };
}

/** A part of the log of a try from an offset on, its secrets masked, and whether more will come. */
async function logOf(
  { store, home, scheduling }: ControlDeps,
  { taskId, mapIndex, tryNumber, offset, final, ...place }: z.infer<typeof ofLog>,
): Promise<Json> {
  const run = await runOf(store, place);
  const [instance] = await store.read(taskInstanceByKey(run.id, taskId, mapIndex));
  if (!instance) {
    throw new MillraceError('TASK_INSTANCE_NOT_FOUND', `${run.dag_id} ${run.run_id} has no task instance ${taskId}.`, {
      hint: `\`millrace tasks list ${run.dag_id}\` lists them; for a mapped one give --map-index.`,
    });
  }
  const chosen = tryNumber ?? instance.try_number;
  const path = logPath(home.taskLogFolder, {
    dagId: run.dag_id,
    dagRunId: run.id,
    taskId,
    mapIndex,
    tryNumber: chosen,
  });
  const isLive = chosen === instance.try_number && ['queued', 'running', 'restarting'].includes(instance.state ?? '');
  // The state was read before the file: what was written before the end of the try is in what is read now.
  const range = await readLogRange(path, offset, { final: final || !isLive });
  const entries = range.entries.map((entry) => ({ ...entry, event: scheduling.masker.mask(entry.event) }));
  return { ...range, entries: entries as unknown as Json, isLive };
}
