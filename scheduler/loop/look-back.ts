import type { LiveRun } from '../decide/live-run.js';
import type { Turn } from './turn.js';

/** Asks for the run before this one. The first run of a backfill looks at none. */
export function lookBack(turn: Turn, run: LiveRun): void {
  const { backfillId } = run.row;
  const isFirst = backfillId !== null && turn.live.backfills.get(backfillId)?.firstRunId === run.row.id;
  if (isFirst) run.previous = { kind: 'none' };
  else turn.wantsPrevious.push(run);
}

/** What the runs of a DAG know of the runs before them is no longer so: each looks again. */
export function lookAgain(turn: Turn, dagId: string): void {
  for (const run of turn.live.dags.get(dagId)?.runs ?? []) {
    if (!run.plan.looksBack || run.row.state !== 'running') continue;
    run.previous = { kind: 'unknown' };
    lookBack(turn, run);
  }
}
