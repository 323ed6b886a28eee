import type { LiveRun } from './live-run.js';

export interface RunVerdict {
  state: 'success' | 'failed';
  reason: string;
}

/**
 * What a running run has come to; null while it goes on. To be asked after every task that could move has moved:
 * then a run in which all that is left waits for something that will not come is a deadlock.
 */
export function runVerdict(run: LiveRun): RunVerdict | null {
  const { unfinished } = run;
  if (unfinished === 0) {
    if (run.plan.dag.failFast && hasFailure(run)) return { state: 'failed', reason: 'fail_fast: a task failed' };
    if (run.leavesBroken > 0) return { state: 'failed', reason: `${run.leavesBroken} of its last tasks failed` };
    return { state: 'success', reason: 'all of its last tasks succeeded or were skipped' };
  }
  const undecided = run.count(null);
  if (undecided < unfinished || waitsForOthers(run)) return null;
  return { state: 'failed', reason: `deadlock: ${undecided} task instances wait for what will not come` };
}

/** The skips that `fail_fast` leaves behind would make a run of success of it: the failure itself counts. */
function hasFailure(run: LiveRun): boolean {
  return run.instances.flat().some(({ state, taskIndex }) => {
    const task = run.plan.tasks[taskIndex]?.task;
    return state === 'failed' && (!task?.isTeardown || task.onFailureFailDagrun);
  });
}

/** Something outside this run may yet let one of its tasks go on. */
function waitsForOthers(run: LiveRun): boolean {
  return run.plan.looksBack;
}
