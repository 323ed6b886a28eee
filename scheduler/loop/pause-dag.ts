import { setDagPaused } from '../store/transitions/write-dag.js';
import type { Turn } from './turn.js';

/** Pauses or unpauses; what waited for that is looked at again. */
export function pauseDag(turn: Turn, dagId: string, paused: boolean): void {
  const dag = turn.live.dags.get(dagId);
  if (!dag || dag.isPaused === paused) return;
  dag.isPaused = paused;
  dag.armedFor = null;
  turn.write(setDagPaused(dagId, paused));
  turn.events.push({ kind: 'dag', at: turn.now, dagId, what: paused ? 'paused' : 'unpaused' });
  turn.touchedDags.add(dagId);
  if (paused) return;
  dag.failuresInRow = 0;
  turn.live.board.release(dagId);
  for (const run of dag.runs) if (run.row.state === 'running') turn.touchAll(run);
}
