import type { LiveRun, LiveTaskInstance, PreviousRun } from '../decide/live-run.js';
import type { RunVerdict } from '../decide/run-state.js';
import { completeBackfill } from './backfills.js';
import { requestCallback } from './callbacks.js';
import { pauseDag } from './pause-dag.js';
import type { Turn } from './turn.js';

/**
 * Ends a run: it leaves memory, the next of its DAG may start, and what looked back at it is told. Whoever ends it by
 * hand knows: then no callback is called.
 */
export function finishRun(turn: Turn, run: LiveRun, verdict: RunVerdict, isByHand = false): void {
  turn.moveRun(run, verdict.state, verdict.reason, { endedAt: turn.now, deadlineAt: null });
  tellSuccessors(turn, run);
  turn.live.removeRun(run);
  if (!isByHand) requestCallback(turn, run, verdict);
  if (run.row.backfillId !== null) completeBackfill(turn, run.row.backfillId);
  else countFailures(turn, run);
}

/** So many failures in a row pause the DAG. */
function countFailures(turn: Turn, run: LiveRun): void {
  const dag = turn.live.dags.get(run.dagId);
  if (!dag) return;
  const most = dag.version.dag.maxConsecutiveFailedDagRuns;
  dag.failuresInRow = run.row.state === 'failed' ? dag.failuresInRow + 1 : 0;
  if (most === 0 || dag.failuresInRow < most || dag.isPaused) return;
  pauseDag(turn, run.dagId, true);
  turn.log({
    event: 'paused',
    dag_id: run.dagId,
    run_id: run.row.runId,
    task_id: null,
    map_index: null,
    user: 'scheduler',
    extra: { reason: `${dag.failuresInRow} runs have failed in a row` },
  });
}

function tellSuccessors(turn: Turn, run: LiveRun): void {
  if (!run.isLookedBackAt) return;
  for (const other of turn.live.dags.get(run.dagId)?.runs ?? []) {
    if (other.previous.kind !== 'live' || other.previous.run !== run) continue;
    other.previous = factsOf(run);
    turn.touchAll(other);
  }
}

/** What later runs may still want to know of a run that has left memory. */
function factsOf(run: LiveRun): PreviousRun {
  const states = new Map(
    run.plan.tasks.map((plan) => [
      plan.task.taskId,
      (run.instances[plan.index] as LiveTaskInstance[]).map((instance) => instance.state),
    ]),
  );
  return { kind: 'finished', states, logicalDate: run.row.logicalDate ?? run.row.runAfter };
}
