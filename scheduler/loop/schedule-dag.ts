import type { LiveRun } from '../decide/live-run.js';
import { storeNextRun } from '../store/transitions/store-next-run.js';
import type { NextRun } from '../timetable/timetable.js';
import { createAssetRun } from './asset-events.js';
import { createRun } from './create-run.js';
import { armDeadline } from './deadline.js';
import type { LiveDag } from './live-state.js';
import { lookBack } from './look-back.js';
import { runIdOf } from './run-ids.js';
import type { Turn } from './turn.js';

/** Makes the runs of a DAG that are due, and starts those that may start. */
export function scheduleDag(turn: Turn, dagId: string): void {
  const dag = turn.live.dags.get(dagId);
  if (!dag || dag.isStale) return;
  if (dag.isPaused) {
    forecast(turn, dag);
    return;
  }
  createDueRuns(turn, dag);
  createAssetRun(turn, dag);
  startQueuedRuns(turn, dag);
}

/** A turn makes no more runs than this; the rest follow in the next, so that a long catchup holds nobody up. */
const runsPerTurnMax = 100;

function createDueRuns(turn: Turn, dag: LiveDag): void {
  for (;;) {
    const next = forecast(turn, dag);
    if (!next) return;
    if (next.runAfter > turn.now) {
      if (dag.armedFor !== next.runAfter) turn.live.at(next.runAfter, { kind: 'dag', dagId: dag.dagId });
      dag.armedFor = next.runAfter;
      return;
    }
    if (turn.runsMade >= runsPerTurnMax) {
      turn.live.at(turn.now, { kind: 'dag', dagId: dag.dagId });
      return;
    }
    // At the limit nothing is made ahead: the end of a run touches the DAG again.
    if (dag.count('queued', null) + dag.count('running', null) >= dag.maxActiveRuns) return;
    if (!dag.takenDates.has(next.logicalDate)) createScheduledRun(turn, dag, next);
    dag.takenDates.delete(next.logicalDate);
    dag.lastInterval = next.interval;
  }
}

function createScheduledRun(turn: Turn, dag: LiveDag, next: NextRun): void {
  createRun(turn, dag, {
    runId: runIdOf('scheduled', next.runAfter),
    runType: 'scheduled',
    logicalDate: next.logicalDate,
    interval: next.interval,
    runAfter: next.runAfter,
    conf: {},
    triggeredBy: 'timetable',
    triggeringUser: null,
    parent: null,
    backfillId: null,
    note: null,
    reason: 'its schedule was due',
  });
}

/** When the DAG is due next; kept in its row, where pages read it. */
function forecast(turn: Turn, dag: LiveDag): NextRun | null {
  const next = dag.timetable.next(dag.lastInterval, turn.now);
  if (next?.runAfter !== dag.next?.runAfter || next?.logicalDate !== dag.next?.logicalDate) {
    turn.write(storeNextRun(dag.dagId, next));
  }
  dag.next = next;
  return next;
}

function startQueuedRuns(turn: Turn, dag: LiveDag): void {
  for (const [backfillId, waiting] of dag.waiting()) {
    const most = mostRunning(turn, dag, backfillId);
    while (dag.count('running', backfillId) < most) {
      const run = waiting.peek();
      if (!run) break;
      if (run.row.state === 'queued' && run.row.runAfter > turn.now) {
        if (dag.wakesAt !== run.row.runAfter) turn.live.at(run.row.runAfter, { kind: 'dag', dagId: dag.dagId });
        dag.wakesAt = run.row.runAfter;
        break;
      }
      waiting.pop();
      if (run.row.state === 'queued' && turn.live.runs.get(run.row.id) === run) startRun(turn, run);
    }
  }
}

/** A backfill has a limit of its own, and none of its runs starts while it is paused. */
function mostRunning(turn: Turn, dag: LiveDag, backfillId: number | null): number {
  if (backfillId === null) return dag.maxActiveRuns;
  const backfill = turn.live.backfills.get(backfillId);
  // A run that was cleared after the end of its backfill runs like any other.
  if (!backfill) return dag.maxActiveRuns;
  return backfill.isPaused ? 0 : backfill.maxActiveRuns;
}

function startRun(turn: Turn, run: LiveRun): void {
  turn.moveRun(run, 'running', 'it may run', { startedAt: run.row.startedAt ?? turn.now });
  const { dagrunTimeoutMs } = run.plan.dag;
  if (dagrunTimeoutMs !== null) {
    turn.live.at((run.row.startedAt ?? turn.now) + dagrunTimeoutMs, { kind: 'run', run });
  }
  armDeadline(turn, run, 'started');
  turn.touchAll(run);
  if (run.plan.looksBack) lookBack(turn, run);
}
