import { join } from 'node:path';
import type { JsonObject } from '../../kernel/json.js';
import { toIso } from '../../kernel/time.js';
import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import type { RunVerdict } from '../decide/run-state.js';
import type { AttemptEvent, AttemptRequest } from '../model/attempt.js';
import type { SerializedTask } from '../model/dag.js';
import { newTask } from '../model/new-task.js';
import { deleteCallback, insertCallback, setCallbackTries } from '../store/transitions/write-callback.js';
import { logPath, type RequestSettings } from './attempt-request.js';
import type { LiveState } from './live-state.js';
import { paramsOf } from './params.js';
import { taskOf } from './task-of.js';
import type { Turn } from './turn.js';

/** A call of a callback of a DAG file: an attempt that belongs to no task. */
export interface LiveCallback {
  key: string;
  request: CallbackAttempt;
  tries: number;
}

/** All of an attempt but what is known only when it is handed out. */
export type CallbackAttempt = Omit<AttemptRequest, 'attemptId' | 'logPath' | 'bundle' | 'memoryLimitMb'> & {
  bundleHash: string;
  dagRunId: number;
};

type CallbackName = 'onSuccess' | 'onFailure' | 'onRetry';

const prefix = 'callback ';

/** A call that fails is made again, so often in all. */
const callbackTriesMax = 3;

/** No callback is told of more task instances than this. */
const toldInstancesMax = 100;

/** Asks for the call of what the DAG declares for the end of a run. */
export function requestCallback(turn: Turn, run: LiveRun, verdict: RunVerdict): void {
  const name: CallbackName = verdict.state === 'success' ? 'onSuccess' : 'onFailure';
  const told = () => run.instances.flat().filter((one) => one.state === verdict.state);
  ask(turn, run, name, `run ${run.row.id} ${name} ${turn.now}`, verdict.reason, told);
}

/** Asks for the call of what the DAG declares for a try that another follows. */
export function requestRetryCallback(turn: Turn, instance: LiveTaskInstance): void {
  const { run } = instance;
  ask(turn, run, 'onRetry', `task instance ${instance.id} ${instance.tryNumber}`, instance.reason ?? '', () => [
    instance,
  ]);
}

function ask(
  turn: Turn,
  run: LiveRun,
  callback: CallbackName,
  key: string,
  reason: string,
  told: () => LiveTaskInstance[],
): void {
  if (!run.plan.dag.callbacks[callback]) return;
  const version = turn.live.versions.get(run.plan.versionId);
  if (!version) return;
  const request = attemptOf(turn, run, callback, contextOf(run, reason, told()), version.bundleHash);
  turn.live.callbacks.set(key, { key, request, tries: 0 });
  turn.callbacks.push(key);
  turn.lastly(
    insertCallback({
      key,
      dag_run_id: run.row.id,
      request_json: JSON.stringify(request),
      tries: 0,
      created_at: turn.now,
    }),
  );
}

/** The attempt that makes the call; each try of it has an id of its own. */
export function callbackRequest(callback: LiveCallback, settings: RequestSettings): AttemptRequest {
  const { bundleHash, dagRunId, ...request } = callback.request;
  const tryNumber = callback.tries + 1;
  return {
    ...request,
    attemptId: `${prefix}${callback.key} ${tryNumber}`,
    tryNumber,
    bundle: { hash: bundleHash, path: join(settings.bundleFolder, `${bundleHash}.mjs`) },
    logPath: logPath(settings.logFolder, { ...request, dagRunId, tryNumber }),
    memoryLimitMb: settings.taskMemoryMb,
  };
}

/** Whether the attempt makes such a call, and is not over. */
export function isCallbackUnderWay(live: LiveState, attemptId: string): boolean {
  return attemptId.startsWith(prefix) && live.callbacks.has(keyOf(attemptId));
}

function keyOf(attemptId: string): string {
  return attemptId.slice(prefix.length, attemptId.lastIndexOf(' '));
}

/** Whether an event speaks of such a call; then it has been dealt with. */
export function onCallbackEvent(turn: Turn, event: AttemptEvent): boolean {
  if (!event.attemptId.startsWith(prefix)) return false;
  const key = keyOf(event.attemptId);
  const callback = turn.live.callbacks.get(key);
  if (!callback || (event.kind !== 'finished' && event.kind !== 'lost')) return true;
  const error = errorOf(event);
  callback.tries += 1;
  if (error !== null && callback.tries < callbackTriesMax) {
    turn.write(setCallbackTries(key, callback.tries));
    turn.callbacks.push(key);
    return true;
  }
  turn.live.callbacks.delete(key);
  turn.write(deleteCallback(key));
  const { dagId, runId, taskId } = callback.request;
  turn.log({
    event: error === null ? `${taskId} called` : `${taskId} failed`,
    dag_id: dagId,
    run_id: runId,
    task_id: null,
    map_index: null,
    user: 'scheduler',
    extra: error === null ? {} : { error },
  });
  return true;
}

function errorOf(event: Extract<AttemptEvent, { kind: 'finished' | 'lost' }>): string | null {
  if (event.kind === 'lost') return event.error.message;
  return event.outcome.state === 'failed' ? event.outcome.error.message : null;
}

function contextOf(run: LiveRun, reason: string, told: LiveTaskInstance[]): JsonObject {
  return {
    dagRun: {
      dagId: run.dagId,
      runId: run.row.runId,
      state: run.row.state,
      logicalDate: run.row.logicalDate === null ? null : toIso(run.row.logicalDate),
      conf: run.row.conf,
    },
    taskInstances: told.slice(-toldInstancesMax).map((instance) => ({
      taskId: taskOf(instance).taskId,
      mapIndex: instance.mapIndex,
      tryNumber: instance.tryNumber,
      state: instance.state,
      error: instance.error,
    })),
    reason,
  };
}

function attemptOf(
  turn: Turn,
  run: LiveRun,
  callback: CallbackName,
  context: JsonObject,
  bundleHash: string,
): CallbackAttempt {
  const { row, plan } = run;
  return {
    dagId: run.dagId,
    runId: row.runId,
    dagRunId: row.id,
    taskId: callback,
    mapIndex: -1,
    taskInstanceId: -1,
    tryNumber: 1,
    maxTries: callbackTriesMax - 1,
    bundleHash,
    task: callbackTask(callback, context),
    inputs: {},
    context: {
      logicalDate: row.logicalDate,
      dataInterval: row.interval,
      runAfter: row.runAfter,
      runStartedAt: row.startedAt ?? turn.now,
      runType: row.runType,
      conf: row.conf,
      params: paramsOf(plan.dag, row.conf),
      clearNumber: row.clearNumber,
      event: undefined,
      firstStartedAt: null,
    },
    executionTimeoutMs: null,
  };
}

/** A task that is not in the graph: the operator calls the function of the file. */
function callbackTask(callback: CallbackName, context: JsonObject): SerializedTask {
  return newTask({
    taskId: callback,
    operator: 'dag_callback',
    owner: '',
    options: { callback, context },
    triggerRule: 'always',
    weightRule: 'absolute',
    doXcomPush: false,
  });
}
