import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import { endAttempt } from './fail-fast.js';
import { lookAgain } from './look-back.js';
import { freshTry } from './settle.js';
import { taskOf } from './task-of.js';
import type { Turn } from './turn.js';

/** Sets task instances back to undecided, each with all of its retries; one that runs is ended first. */
export function clearInstances(turn: Turn, run: LiveRun, instances: LiveTaskInstance[], reason: string): void {
  for (const instance of instances) {
    const maxTries = instance.tryNumber + taskOf(instance).retries;
    const isUnderWay = instance.attemptId !== null && turn.live.attempts.has(instance.attemptId);
    if ((instance.state === 'running' || instance.state === 'queued') && isUnderWay) {
      endAttempt(turn, instance, reason);
      turn.move(instance, 'restarting', reason, { maxTries });
      continue;
    }
    if (instance.state === 'restarting') continue;
    if (instance.tryNumber > 0) turn.keepHistory(instance);
    turn.move(instance, null, reason, { ...freshTry, scheduledAt: null, maxTries, lostCount: 0 });
    turn.touch(run, instance.taskIndex, instance);
  }
  run.row.clearNumber += 1;
  run.row.queuedAt = turn.now;
  turn.changedRun(run);
}

/** A run that was finished is queued again. One that is not keeps its state. */
export function reopenRun(turn: Turn, run: LiveRun, reason: string): void {
  if (run.row.state !== 'success' && run.row.state !== 'failed') return;
  turn.moveRun(run, 'queued', reason, { queuedAt: turn.now, startedAt: null, endedAt: null });
  turn.live.addRun(run);
  lookAgain(turn, run.dagId);
}
