import type { LiveRun, LiveTaskInstance } from '../../decide/live-run.js';
import type { Requester } from '../../model/commands.js';
import { executionStates, finishedStates } from '../../model/states.js';
import { reopenRun } from '../clear-instances.js';
import { finishRun } from '../finish-run.js';
import { lookAgain } from '../look-back.js';
import type { Turn } from '../turn.js';
import { audit, type CommandDeps } from './commands.js';
import { current, findRun } from './find-runs.js';
import { setState } from './mark-task-instances.js';

/** Marks a run success or failed, or queues it again. Teardowns that have not run still do, before the run ends. */
export function setDagRunState(
  deps: CommandDeps,
  request: { dagId: string; runId: string; state: 'queued' | 'success' | 'failed' },
  by: Requester,
): Promise<void> {
  return deps.alone(async () => {
    const found = await findRun(deps, request.dagId, request.runId);
    await deps.request((turn) => {
      const run = current(turn, found);
      const reason = `${by.user} set it to ${request.state}`;
      audit(turn, by, `dag_run ${request.state}`, { dagId: request.dagId, runId: request.runId });
      if (request.state === 'queued') return reopenRun(turn, run, reason);
      const isWaitedFor = run.instances.flat().some((one) => isOpenTeardown(run, one));
      for (const instance of run.instances.flat()) {
        if (instance.state === 'removed' || isOpenTeardown(run, instance)) continue;
        if (request.state === 'success' && instance.state !== 'success') setState(turn, instance, 'success', reason);
        if (request.state === 'failed' && !finishedStates.has(instance.state)) {
          // While teardowns run the states of the leaves are all that will tell that the run has failed.
          const isLast = isWaitedFor && run.plan.leaves.has(instance.taskIndex);
          setState(turn, instance, isLast || hasBegun(instance) ? 'failed' : 'skipped', reason);
        }
      }
      if (!turn.live.runs.has(run.row.id)) lookAgain(turn, run.dagId);
      settleState(turn, run, request.state, reason);
    });
  });
}

function isOpenTeardown(run: LiveRun, { taskIndex, state }: LiveTaskInstance): boolean {
  return run.plan.tasks[taskIndex]?.task.isTeardown === true && !finishedStates.has(state);
}

/** It runs, or it does not only because it waits for something in the middle of a try. */
function hasBegun({ state }: LiveTaskInstance): boolean {
  return (
    executionStates.has(state) || state === 'deferred' || state === 'up_for_reschedule' || state === 'awaiting_input'
  );
}

function settleState(turn: Turn, run: LiveRun, state: 'success' | 'failed', reason: string): void {
  if (run.unfinished > 0 && turn.live.runs.has(run.row.id)) turn.touchAll(run);
  else if (run.row.state !== state || run.row.endedAt === null) finishRun(turn, run, { state, reason }, true);
}
