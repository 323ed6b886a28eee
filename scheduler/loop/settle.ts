import { decideTask, type TaskDecision } from '../decide/decide-task.js';
import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import { runVerdict } from '../decide/run-state.js';
import type { Executor } from '../model/attempt.js';
import { endAttempt } from './fail-fast.js';
import { finishRun } from './finish-run.js';
import { scheduleDag } from './schedule-dag.js';
import { taskOf } from './task-of.js';
import type { Turn } from './turn.js';

export interface SettleDeps {
  newId(): string;
  executor: Pick<Executor, 'lookAhead'>;
}

/**
 * Decides on all that the turn has touched, and on what these decisions touch, until nothing moves any more. Then the
 * free workers are given out. What nothing touched costs nothing.
 */
export function settle(turn: Turn, deps: SettleDeps): void {
  do {
    for (const dagId of take(turn.touchedDags)) scheduleDag(turn, dagId);
    for (const run of turn.touched.keys()) settleRun(turn, run);
  } while (turn.touchedDags.size > 0 || turn.touched.size > 0);
  if (!turn.isStopping) queueTaskInstances(turn, deps);
}

function settleRun(turn: Turn, run: LiveRun): void {
  const tasks = turn.touched.get(run);
  turn.touched.delete(run);
  if (run.row.state !== 'running' || turn.live.runs.get(run.row.id) !== run) return;
  // A paused DAG schedules nothing new, but a run whose tasks are all over ends.
  if (turn.live.dags.get(run.dagId)?.isPaused && run.unfinished > 0) return;
  for (const [taskIndex, which] of tasks ?? []) {
    const only = which === 'all' ? undefined : [...which];
    for (const decision of decideTask(run, taskIndex, turn.now, only)) apply(turn, run, decision);
  }
  if ((turn.touched.get(run)?.size ?? 0) > 0) return;
  turn.touched.delete(run);
  const verdict = runVerdict(run);
  if (verdict) finishRun(turn, run, verdict);
}

function apply(turn: Turn, run: LiveRun, decision: TaskDecision): void {
  if (decision.kind === 'resize') {
    resize(turn, run, decision);
    return;
  }
  const { instance, to, reason } = decision;
  if (to === 'scheduled') schedule(turn, instance, reason);
  else turn.move(instance, to, reason, { endedAt: turn.now, dueAt: null });
}

/** Opens the next try, or goes on with the one that paused. */
export function schedule(turn: Turn, instance: LiveTaskInstance, reason: string): void {
  const { task } = instance.run.plan.tasks[instance.taskIndex] as (typeof instance.run.plan.tasks)[number];
  const goesOn =
    instance.state === 'up_for_reschedule' || instance.state === 'deferred' || instance.state === 'awaiting_input';
  if (goesOn) {
    turn.move(instance, 'scheduled', reason, { scheduledAt: turn.now, dueAt: null });
    return;
  }
  if (instance.state === 'up_for_retry') turn.keepHistory(instance);
  if (instance.tryNumber > 0) turn.clearXComsOf(instance);
  turn.move(instance, 'scheduled', reason, { ...freshTry, tryNumber: instance.tryNumber + 1, scheduledAt: turn.now });
  // Nothing is to be run for an empty task: it is there for its edges.
  if (task.operator === 'empty' && task.outlets.length === 0) {
    turn.move(instance, 'success', 'an empty task', { startedAt: turn.now, endedAt: turn.now });
  }
}

/** What a new try does not keep of the one before. */
export const freshTry = {
  attemptId: null,
  queuedAt: null,
  startedAt: null,
  endedAt: null,
  dueAt: null,
  firstStartedAt: null,
  error: null,
  pid: null,
  hostname: null,
  triggerJson: null,
  eventJson: null,
  skipMemo: null,
} as const;

/** Makes as many instances of a mapped task as its list has elements; those beyond it are removed. */
function resize(turn: Turn, run: LiveRun, decision: Extract<TaskDecision, { kind: 'resize' }>): void {
  const { taskIndex, length, reason } = decision;
  const instances = run.instances[taskIndex] as LiveTaskInstance[];
  const first = instances[0];
  if (first && first.mapIndex < 0) {
    first.mapIndex = 0;
    turn.changedInstance(first);
  }
  const present = new Set(instances.map((instance) => instance.mapIndex));
  for (const instance of instances) {
    if (instance.mapIndex >= length) {
      turn.clearXComsOf(instance);
      endAttempt(turn, instance, reason);
      turn.move(instance, 'removed', reason, { endedAt: turn.now, dueAt: null });
    } else if (instance.state === 'removed') restore(turn, instance, reason);
  }
  for (let mapIndex = 0; mapIndex < length; mapIndex++) {
    if (!present.has(mapIndex)) turn.addInstance(run, taskIndex, mapIndex);
  }
  turn.touch(run, taskIndex);
}

/** An instance that was removed once runs again, with all of its retries. */
function restore(turn: Turn, instance: LiveTaskInstance, reason: string): void {
  if (instance.tryNumber > 0) turn.keepHistory(instance);
  const maxTries = instance.tryNumber + taskOf(instance).retries;
  turn.move(instance, null, reason, { ...freshTry, scheduledAt: null, maxTries, lostCount: 0 });
}

function queueTaskInstances(turn: Turn, deps: SettleDeps): void {
  const isHeld = (instance: LiveTaskInstance) => heldBy(turn, instance);
  const lookAhead = deps.executor.lookAhead?.() ?? 0;
  const next = () => turn.live.board.take(isHeld, lookAhead);
  for (let instance = next(); instance; instance = next()) {
    turn.move(instance, 'queued', 'it was handed to the executor', { attemptId: deps.newId(), queuedAt: turn.now });
    turn.queued.push(instance);
  }
}

export function heldBy(turn: Pick<Turn, 'live'>, instance: LiveTaskInstance): string | null {
  return turn.live.dags.get(instance.run.dagId)?.isPaused ? 'its DAG is paused' : null;
}

function take<Item>(items: Set<Item>): Item[] {
  const taken = [...items];
  items.clear();
  return taken;
}
