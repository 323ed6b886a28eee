import type { Requester } from '../../model/commands.js';
import { setDagPaused } from '../../store/transitions/write-dag.js';
import type { Turn } from '../turn.js';
import { audit, type CommandDeps, findDag } from './commands.js';

/** Pauses a DAG (what runs goes on, nothing new begins) or lets it go on. */
export function setPaused(deps: CommandDeps, dagId: string, paused: boolean, by: Requester): Promise<void> {
  return deps.request((turn) => {
    findDag(turn, dagId);
    audit(turn, by, paused ? 'paused' : 'unpaused', { dagId });
    pauseDag(turn, dagId, paused);
  });
}

/** Pauses or unpauses; what waited for that is looked at again. */
export function pauseDag(turn: Turn, dagId: string, paused: boolean): void {
  const dag = findDag(turn, dagId);
  if (dag.isPaused === paused) return;
  dag.isPaused = paused;
  dag.armedFor = null;
  turn.write(setDagPaused(dagId, paused));
  turn.events.push({ kind: 'dag', at: turn.now, dagId, what: paused ? 'paused' : 'unpaused' });
  turn.touchedDags.add(dagId);
  if (paused) return;
  turn.live.board.release(dagId);
  for (const run of dag.runs) if (run.row.state === 'running') turn.touchAll(run);
}
