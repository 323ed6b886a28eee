import type { LiveRun } from '../decide/live-run.js';
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
  for (const run of dag.runs) {
    if (run.row.state !== 'running') continue;
    turn.touchAll(run);
    rearm(turn, run);
  }
}

/** What fell due meanwhile was passed over; should the clock have been set back since, it falls due once more. */
function rearm(turn: Turn, run: LiveRun): void {
  for (const instance of run.instances.flat()) {
    if (instance.dueAt !== null && instance.dueAt > turn.now)
      turn.live.at(instance.dueAt, { kind: 'task_instance', instance });
  }
}
