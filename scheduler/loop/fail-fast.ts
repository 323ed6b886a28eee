import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import { executionStates, finishedStates } from '../model/states.js';
import type { Turn } from './turn.js';

/** In a `fail_fast` DAG the first final failure ends the rest: what runs fails, what waits is skipped, teardowns stay. */
export function failFast(turn: Turn, run: LiveRun, failed: LiveTaskInstance): void {
  const name = run.plan.tasks[failed.taskIndex]?.task.taskId;
  for (const instance of run.instances.flat()) {
    const task = run.plan.tasks[instance.taskIndex]?.task;
    if (instance === failed || task?.isTeardown || finishedStates.has(instance.state)) continue;
    if (executionStates.has(instance.state)) endAttempt(turn, instance, `fail_fast: ${name} failed`);
    const to = executionStates.has(instance.state) ? 'failed' : 'skipped';
    turn.move(instance, to, `fail_fast: ${name} failed`, { endedAt: turn.now, dueAt: null });
  }
}

/** Tells the attempt of an instance to end. Until it has, the instance gets no other. */
export function endAttempt(turn: Turn, instance: LiveTaskInstance, reason: string): void {
  const { attemptId } = instance;
  if (attemptId === null || !turn.live.attempts.has(attemptId)) return;
  instance.lingering = attemptId;
  turn.cancels.push({ attemptId, reason });
}
