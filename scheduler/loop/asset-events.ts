import type { JsonObject } from '../../kernel/json.js';
import { assetsOf, isSatisfied } from '../decide/asset-condition.js';
import type { LiveTaskInstance } from '../decide/live-run.js';
import type { AttemptEffects } from '../model/attempt.js';
import type { AssetCondition, AssetRef } from '../model/dag.js';
import { addAssetEvent, clearAssetQueue, consumeAssetEvents } from '../store/transitions/write-asset.js';
import { createRun } from './create-run.js';
import type { LiveDag } from './live-state.js';
import { runIdOf } from './run-ids.js';
import { taskOf } from './task-of.js';
import type { Turn } from './turn.js';

/** Where an asset event comes from; all null when a person made it. */
export interface AssetEventSource {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** Records that a task has written its assets, and wakes the DAGs that wait for them. */
export function recordAssetEvents(turn: Turn, instance: LiveTaskInstance, events: AttemptEffects['assetEvents']): void {
  const task = taskOf(instance);
  const extras = new Map(events.map((event) => [event.asset.uri, event]));
  const written = new Map([...task.outlets.map((asset) => [asset.uri, asset] as const)]);
  for (const event of events) written.set(event.asset.uri, event.asset);
  const source: AssetEventSource = {
    dagId: instance.run.dagId,
    runId: instance.run.row.runId,
    taskId: task.taskId,
    mapIndex: instance.mapIndex,
  };
  for (const asset of written.values()) emitAssetEvent(turn, asset, extras.get(asset.uri)?.extra ?? {}, source);
}

/** One event of an asset: kept, and put into the queue of every DAG that waits for it and is not paused. */
export function emitAssetEvent(turn: Turn, asset: AssetRef, extra: JsonObject, source: AssetEventSource | null): void {
  const consumers = [...turn.live.dags.values()].filter((dag) => isConsumer(dag, asset));
  const dagIds = consumers.map((dag) => dag.dagId);
  turn.script(() => addAssetEvent({ asset, extra, source, consumers: dagIds, at: turn.now }));
  for (const dag of consumers) {
    dag.queuedAssets.set(asset.uri, turn.now);
    turn.touchedDags.add(dag.dagId);
  }
}

/** Makes a run of a DAG whose assets have all been written. At the limit of active runs the queue is kept. */
export function createAssetRun(turn: Turn, dag: LiveDag): void {
  const condition = conditionOf(dag);
  if (!condition || dag.queuedAssets.size === 0) return;
  if (!isSatisfied(condition, new Set(dag.queuedAssets.keys()))) return;
  if (dag.count('queued', null) + dag.count('running', null) >= dag.maxActiveRuns) return;
  const times = [...dag.queuedAssets.values()];
  const runAfter = Math.max(...times);
  const run = createRun(turn, dag, {
    runId: `${runIdOf('asset_triggered', runAfter)}_${(turn.live.ids.dagRun + 1).toString(16).padStart(8, '0')}`,
    runType: 'asset_triggered',
    logicalDate: null,
    interval: null,
    runAfter,
    conf: {},
    triggeredBy: 'asset',
    triggeringUser: null,
    parent: null,
    backfillId: null,
    note: null,
    reason: 'its assets were written',
  });
  const since = Math.min(...times);
  const uris = assetsOf(condition).map((asset) => asset.uri);
  turn.script(() => consumeAssetEvents({ dagId: dag.dagId, dagRunId: run.row.id, uris, since }));
  turn.script(() => clearAssetQueue(dag.dagId));
  dag.queuedAssets.clear();
}

function isConsumer(dag: LiveDag, asset: AssetRef): boolean {
  if (dag.isPaused || dag.isStale) return false;
  const condition = conditionOf(dag);
  return condition !== null && assetsOf(condition).some((other) => other.uri === asset.uri);
}

function conditionOf(dag: LiveDag): AssetCondition | null {
  const { schedule } = dag.version.dag;
  return schedule.kind === 'assets' || schedule.kind === 'asset_or_time' ? schedule.condition : null;
}
