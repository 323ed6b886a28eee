import { literalLength } from '../decide/expansion.js';
import { LiveRun, type LiveTaskInstance, newTaskInstance, type SkipMemo } from '../decide/live-run.js';
import type { DagPlan } from '../decide/plan.js';
import type { StoreDriver } from '../store/driver.js';
import * as loading from '../store/loading/load-live.js';
import type { CallbackAttempt } from './callbacks.js';
import { DagVersion, LiveDag, LiveState } from './live-state.js';

/** Rebuilds all that is alive from the store; `attempts` are those still under way, when the process has not restarted. */
export async function revive(
  store: StoreDriver,
  parallelism: number,
  attempts: ReadonlyMap<string, LiveTaskInstance> = new Map(),
): Promise<LiveState> {
  const pools = await loading.loadPools(store);
  const live = new LiveState(
    parallelism,
    pools.map((pool) => ({ name: pool.name, slots: pool.slots, includeDeferred: pool.include_deferred === 1 })),
  );
  for (const [attemptId, instance] of attempts) live.attempts.set(attemptId, instance);
  Object.assign(live.ids, await loading.loadLastIds(store));
  const dags = await loading.loadDags(store);
  await loadVersions(
    store,
    live,
    dags.flatMap((row) => row.latest_version_id ?? []),
  );
  for (const row of dags) {
    const version = live.versions.get(row.latest_version_id ?? 0);
    if (!version) continue;
    const dag = new LiveDag({
      dagId: row.dag_id,
      fileloc: row.fileloc,
      isPaused: row.is_paused === 1,
      isStale: row.is_stale === 1,
      version,
      lastInterval: null,
    });
    const place = await loading.loadSchedulePlace(store, dag.dagId, dag.timetable);
    dag.lastInterval = place.lastInterval;
    for (const date of place.taken) dag.takenDates.add(date);
    live.dags.set(dag.dagId, dag);
  }
  for (const row of await loading.loadBackfills(store)) {
    live.backfills.set(row.id, {
      id: row.id,
      dagId: row.dag_id,
      isPaused: row.is_paused === 1,
      maxActiveRuns: row.max_active_runs,
      firstRunId: null,
      ordinals: new Map(),
    });
  }
  await loadBackfillOrder(store, live);
  await loadWaiting(store, live);
  for (const run of await reviveRuns(store, live, await loading.loadUnfinishedRuns(store))) live.addRun(run);
  return live;
}

/** Makes runs of their rows, with their task instances, and changes nothing that is alive: `LiveState.addRun` makes one alive. */
export async function reviveRuns(store: StoreDriver, live: LiveState, rows: loading.RunRow[]): Promise<LiveRun[]> {
  await loadVersions(
    store,
    live,
    rows.map((row) => row.dag_version_id),
  );
  const runs = new Map<number, LiveRun>();
  for (const row of rows) {
    const version = live.versions.get(row.dag_version_id);
    if (version) runs.set(row.id, new LiveRun(version.plan, liveRow(row), true));
  }
  const facts = await loadFacts(store, [...runs.values()]);
  for (const row of await loading.loadTaskInstances(store, [...runs.keys()])) {
    const run = runs.get(row.dag_run_id);
    if (!run) continue;
    const taskIndex = run.plan.indexOf.get(row.task_id);
    if (taskIndex !== undefined) run.add(liveInstance(run, taskIndex, row, facts));
    else run.formerInstances.push({ taskId: row.task_id, instance: liveInstance(run, -1, row, facts) });
  }
  for (const run of runs.values()) sortInstances(run);
  return [...runs.values()];
}

/** The order of the runs of each backfill under way. */
async function loadBackfillOrder(store: StoreDriver, live: LiveState): Promise<void> {
  for (const backfill of live.backfills.values()) {
    for (const row of await loading.loadBackfillRuns(store, backfill.id)) {
      if (row.dag_run_id === null) continue;
      backfill.firstRunId ??= row.dag_run_id;
      backfill.ordinals.set(row.dag_run_id, row.sort_ordinal);
    }
  }
}

/** What waits to be done: assets in queues, callbacks, failures that are counted. */
async function loadWaiting(store: StoreDriver, live: LiveState): Promise<void> {
  for (const row of await loading.loadAssetQueue(store)) live.dags.get(row.dag_id)?.queuedAssets.set(row.uri, row.at);
  for (const row of await loading.loadCallbacks(store)) {
    const request = JSON.parse(row.request_json) as CallbackAttempt;
    live.callbacks.set(row.key, { key: row.key, request, tries: row.tries });
  }
  for (const dag of live.dags.values()) {
    const most = dag.version.dag.maxConsecutiveFailedDagRuns;
    if (most > 0) dag.failuresInRow = await loading.loadFailuresInRow(store, dag.dagId, most);
  }
}

async function loadVersions(store: StoreDriver, live: LiveState, ids: number[]): Promise<void> {
  const missing = [...new Set(ids)].filter((id) => !live.versions.has(id));
  for (const row of await loading.loadVersions(store, missing)) {
    live.versions.set(row.id, new DagVersion(row));
  }
}

interface Facts {
  lengths: Map<string, number | null>;
  memos: Map<string, SkipMemo>;
}

/** What the decisions need of XComs: the lengths of the lists that tasks are mapped over, and what branches chose. */
async function loadFacts(store: StoreDriver, runs: LiveRun[]): Promise<Facts> {
  const ids = runs.map((run) => run.row.id);
  const sources = [...new Set(runs.flatMap((run) => mappingSources(run.plan)))];
  const lengths = new Map<string, number | null>();
  for (const row of await loading.loadXComs(store, ids, 'return_value', sources)) {
    lengths.set(placeOf(row.dag_run_id, row.task_id, row.map_index), literalLength(JSON.parse(row.value_json)));
  }
  const memos = new Map<string, SkipMemo>();
  for (const row of await loading.loadXComs(store, ids, 'skipmixin_key', null)) {
    memos.set(placeOf(row.dag_run_id, row.task_id, row.map_index), JSON.parse(row.value_json) as SkipMemo);
  }
  return { lengths, memos };
}

function mappingSources(plan: DagPlan): string[] {
  const indexes = new Set(plan.tasks.flatMap((task) => task.mapping?.sources ?? []));
  return [...indexes].map((index) => (plan.tasks[index] as DagPlan['tasks'][number]).task.taskId);
}

function liveRow(row: loading.RunRow): LiveRun['row'] {
  const { interval_start: start, interval_end: end } = row;
  return {
    id: row.id,
    runId: row.run_id,
    runType: row.run_type,
    state: row.state,
    logicalDate: row.logical_date,
    interval: start === null || end === null ? null : { start, end },
    runAfter: row.run_after,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    conf: loading.parseConf(row),
    triggeredBy: row.triggered_by,
    triggeringUser: row.triggering_user,
    parent:
      row.parent_dag_run_id === null
        ? null
        : { dagRunId: row.parent_dag_run_id, taskId: row.parent_task_id ?? '', mapIndex: row.parent_map_index ?? -1 },
    backfillId: row.backfill_id,
    clearNumber: row.clear_number,
    deadlineAt: row.deadline_at,
    reason: row.reason,
    note: row.note,
  };
}

function liveInstance(run: LiveRun, taskIndex: number, row: loading.TaskInstanceRow, facts: Facts): LiveTaskInstance {
  const place = placeOf(row.dag_run_id, row.task_id, row.map_index);
  return {
    ...newTaskInstance(run, taskIndex, row.map_index, row.id),
    state: row.state,
    tryNumber: row.try_number,
    maxTries: row.max_tries,
    attemptId: row.attempt_id,
    scheduledAt: row.scheduled_at,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    dueAt: row.due_at,
    firstStartedAt: row.first_started_at,
    reason: row.reason,
    error: row.error,
    pid: row.pid,
    hostname: row.hostname,
    renderedMapIndex: row.rendered_map_index,
    triggerJson: row.trigger_json,
    eventJson: row.event_json,
    lostCount: row.lost_count,
    returnLength: facts.lengths.get(place),
    skipMemo: facts.memos.get(place) ?? null,
    stored: { state: row.state, attemptId: row.attempt_id, mapIndex: row.map_index },
  };
}

function sortInstances(run: LiveRun): void {
  for (const instances of run.instances) instances.sort((a, b) => a.mapIndex - b.mapIndex);
}

function placeOf(runId: number, taskId: string, mapIndex: number): string {
  return `${runId} ${mapIndex} ${taskId}`;
}
