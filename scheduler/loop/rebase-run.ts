import { LiveRun, type LiveTaskInstance } from '../decide/live-run.js';
import { endAttempt } from './fail-fast.js';
import type { DagVersion } from './live-state.js';
import { lookBack } from './look-back.js';
import { freshTry } from './settle.js';
import type { Turn } from './turn.js';

/** Takes a run over to another version of its DAG: tasks that are gone are removed, new ones and former ones added. */
export function rebaseRun(turn: Turn, run: LiveRun, version: DagVersion): LiveRun {
  if (run.plan.versionId === version.id) return run;
  const wasAlive = turn.live.runs.get(run.row.id) === run;
  const rebased = new LiveRun(version.plan, run.row, run.isStored);
  rebased.previous = run.previous;
  rebased.isLookedBackAt = run.isLookedBackAt;
  turn.live.versions.set(version.id, version);
  for (const old of run.instances.flat()) adopt(turn, run, rebased, old);
  for (const former of run.formerInstances) readopt(turn, rebased, former.taskId, former.instance);
  for (const plan of version.plan.tasks) {
    if (rebased.instances[plan.index]?.length === 0) turn.addInstance(rebased, plan.index, -1);
  }
  if (wasAlive) {
    turn.live.removeRun(run);
    turn.live.addRun(rebased);
    turn.touchAll(rebased);
    tellSuccessors(turn, run, rebased);
    // The version before may not have looked back.
    if (version.plan.looksBack && rebased.previous.kind === 'unknown') lookBack(turn, rebased);
  }
  turn.changedRun(rebased);
  return rebased;
}

/** The task instance as one of the new version; one whose task the version does not have is removed. */
function adopt(turn: Turn, from: LiveRun, to: LiveRun, old: LiveTaskInstance): void {
  const taskId = from.plan.tasks[old.taskIndex]?.task.taskId ?? '';
  const taskIndex = to.plan.indexOf.get(taskId);
  if (taskIndex === undefined) {
    const reason = 'its task is not part of the latest version';
    endAttempt(turn, old, reason);
    turn.move(old, 'removed', reason, { endedAt: turn.now, dueAt: null });
    to.formerInstances.push({ taskId, instance: old });
    return;
  }
  const instance: LiveTaskInstance = { ...old, run: to, taskIndex };
  to.add(instance);
  turn.replace(old, instance);
  // Its slots are those of the new version, and it stands in line as the new object.
  turn.live.board.moved(old, old.state, null);
  turn.live.board.moved(instance, null, instance.state);
  if (instance.state === 'deferred') turn.live.deferred.set(instance.id, instance);
  if (instance.dueAt !== null) turn.live.at(instance.dueAt, { kind: 'task_instance', instance });
  // Whoever still holds the old object must see that it stands for nothing any more.
  old.state = 'removed';
  for (const [attemptId, owner] of turn.live.attempts) if (owner === old) turn.live.attempts.set(attemptId, instance);
}

/** A task that an earlier version had, and this one has again: its instances come back, each with all of its retries. */
function readopt(turn: Turn, to: LiveRun, taskId: string, former: LiveTaskInstance): void {
  const taskIndex = to.plan.indexOf.get(taskId);
  if (taskIndex === undefined) {
    to.formerInstances.push({ taskId, instance: former });
    return;
  }
  const instance: LiveTaskInstance = { ...former, run: to, taskIndex };
  to.add(instance);
  turn.replace(former, instance);
  const maxTries = former.tryNumber + (to.plan.tasks[taskIndex]?.task.retries ?? 0);
  const reason = 'its task is part of the latest version again';
  turn.move(instance, null, reason, { ...freshTry, scheduledAt: null, maxTries, lostCount: 0 });
}

/** What looks back at the run looks at what now stands for it. */
function tellSuccessors(turn: Turn, run: LiveRun, rebased: LiveRun): void {
  for (const other of turn.live.dags.get(run.dagId)?.runs ?? []) {
    if (other.previous.kind !== 'live' || other.previous.run !== run) continue;
    other.previous = { kind: 'live', run: rebased };
    turn.touchAll(other);
  }
}
