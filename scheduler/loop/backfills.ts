import { setBackfillCompleted } from '../store/transitions/write-backfill.js';
import type { Turn } from './turn.js';

/** A backfill is complete when the last of its runs is over. */
export function completeBackfill(turn: Turn, backfillId: number): void {
  const backfill = turn.live.backfills.get(backfillId);
  const dag = backfill && turn.live.dags.get(backfill.dagId);
  if (!dag || dag.count('queued', backfillId) + dag.count('running', backfillId) > 0) return;
  turn.live.backfills.delete(backfillId);
  turn.write(setBackfillCompleted(backfillId, turn.now));
}
