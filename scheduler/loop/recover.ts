import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import { type AttemptSettings, requeueLost } from './attempt-events.js';
import { lookBack } from './look-back.js';
import type { Turn } from './turn.js';

const serverStopped = { type: 'server_stopped', message: 'the server stopped while it was under way', stack: null };

/**
 * Takes up what the store holds: attempts of a server that is gone are started again, uncharged; timers are set; every
 * live run is decided on once. With `isRestart` false the attempts are still ours, and stay.
 */
export function recover(turn: Turn, settings: AttemptSettings, isRestart: boolean): void {
  for (const dagId of turn.live.dags.keys()) turn.touchedDags.add(dagId);
  for (const run of turn.live.runs.values()) {
    for (const instance of run.instances.flat()) recoverInstance(turn, instance, settings);
    if (run.row.state === 'running') recoverRun(turn, run);
    if (run.row.deadlineAt !== null) turn.live.at(run.row.deadlineAt, { kind: 'run', run });
    if (run.row.state === 'queued' && run.row.runAfter > turn.now)
      turn.live.at(run.row.runAfter, { kind: 'dag', dagId: run.dagId });
  }
  if (isRestart) turn.callbacks.push(...turn.live.callbacks.keys());
  if (isRestart)
    turn.log({ event: 'scheduler started', dag_id: null, run_id: null, task_id: null, map_index: null, user: null });
}

function recoverInstance(turn: Turn, instance: LiveTaskInstance, settings: AttemptSettings): void {
  const { state, attemptId } = instance;
  turn.live.board.moved(instance, null, state);
  if (state === 'deferred') turn.live.deferred.set(instance.id, instance);
  const isOurs = attemptId !== null && turn.live.attempts.has(attemptId);
  if ((state === 'queued' || state === 'running') && !isOurs) {
    requeueLost(turn, instance, turn.now, serverStopped, settings);
  } else if (state === 'restarting' && !isOurs) {
    instance.endedAt = turn.now;
    turn.keepHistory(instance);
    turn.move(instance, null, 'it was cleared while it ran', { endedAt: null, attemptId: null });
  }
  if (instance.dueAt !== null) turn.live.at(instance.dueAt, { kind: 'task_instance', instance });
}

function recoverRun(turn: Turn, run: LiveRun): void {
  const { dagrunTimeoutMs } = run.plan.dag;
  if (dagrunTimeoutMs !== null && run.row.startedAt !== null) {
    turn.live.at(run.row.startedAt + dagrunTimeoutMs, { kind: 'run', run });
  }
  if (run.plan.looksBack) lookBack(turn, run);
  turn.touchAll(run);
}
