import { LiveRun, type LiveTaskInstance } from '../decide/live-run.js';
import { markRemoved } from '../store/transitions/mark-removed.js';
import { endAttempt } from './fail-fast.js';
import type { DagVersion } from './live-state.js';
import type { Turn } from './turn.js';

/** Takes a run over to another version of its DAG: tasks that are gone are removed, new ones are added. */
export function rebaseRun(turn: Turn, run: LiveRun, version: DagVersion): LiveRun {
  if (run.plan.versionId === version.id) return run;
  const wasAlive = turn.live.runs.get(run.row.id) === run;
  const rebased = new LiveRun(version.plan, run.row, run.isStored);
  rebased.previous = run.previous;
  rebased.ranBefore = run.ranBefore;
  turn.live.versions.set(version.id, version);
  for (const old of run.instances.flat()) adopt(turn, run, rebased, old);
  for (const plan of version.plan.tasks) {
    if (rebased.instances[plan.index]?.length === 0) turn.addInstance(rebased, plan.index, -1);
  }
  if (wasAlive) {
    turn.live.removeRun(run);
    turn.live.addRun(rebased);
    turn.touchAll(rebased);
  }
  turn.changedRun(rebased);
  return rebased;
}

/** The task instance as one of the new version; a task that the version does not have is removed in the store. */
function adopt(turn: Turn, from: LiveRun, to: LiveRun, old: LiveTaskInstance): void {
  const taskId = from.plan.tasks[old.taskIndex]?.task.taskId ?? '';
  const taskIndex = to.plan.indexOf.get(taskId);
  if (taskIndex === undefined) {
    turn.write(markRemoved(old.id, turn.now));
    endAttempt(turn, old, 'its task is not part of the latest version');
    turn.live.board.moved(old, old.state, 'removed');
    turn.live.deferred.delete(old.id);
    old.state = 'removed';
    return;
  }
  const instance: LiveTaskInstance = { ...old, run: to, taskIndex };
  to.add(instance);
  // Its slots are those of the new version, and it stands in line as the new object.
  turn.live.board.moved(old, old.state, null);
  turn.live.board.moved(instance, null, instance.state);
  if (instance.state === 'deferred') turn.live.deferred.set(instance.id, instance);
  if (instance.dueAt !== null) turn.live.at(instance.dueAt, { kind: 'task_instance', instance });
  // Whoever still holds the old object must see that it stands for nothing any more.
  old.state = 'removed';
  for (const [attemptId, owner] of turn.live.attempts) if (owner === old) turn.live.attempts.set(attemptId, instance);
}
