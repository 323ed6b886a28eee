import { MillraceError } from '../../../kernel/errors.js';
import type { Requester } from '../../model/commands.js';
import { deleteDagRow, deleteDagRunRow, keepLastIds } from '../../store/transitions/delete-rows.js';
import { lookAgain } from '../look-back.js';
import type { Turn } from '../turn.js';
import { audit, type CommandDeps, findDag } from './commands.js';
import { current, findRun } from './find-runs.js';

/** Deletes a run with all that belongs to it. Throws DAG_RUN_ACTIVE while it is running. */
export function deleteDagRun(deps: CommandDeps, dagId: string, runId: string, by: Requester): Promise<void> {
  return deps.alone(async () => {
    const found = await findRun(deps, dagId, runId);
    await deps.request((turn) => {
      const run = current(turn, found);
      if (run.row.state === 'running') {
        throw new MillraceError('DAG_RUN_ACTIVE', `the run ${runId} of ${dagId} is running`, {
          hint: 'Mark it failed first.',
        });
      }
      audit(turn, by, 'delete_dag_run', { dagId, runId });
      if (turn.live.runs.get(run.row.id) === run) turn.live.removeRun(run);
      turn.touchedDags.add(dagId);
      lookAgain(turn, dagId);
      keepIds(turn);
      turn.script(() => deleteDagRunRow(run.row.id));
    });
  });
}

/** Deletes a DAG with its history. Its file is left alone: where it is still there, the DAG comes back with the next import. */
export function deleteDag(deps: CommandDeps, dagId: string, by: Requester): Promise<void> {
  return deps.request((turn) => {
    const dag = findDag(turn, dagId);
    for (const run of dag.runs) {
      if (run.row.state === 'running') {
        throw new MillraceError('DAG_RUN_ACTIVE', `the run ${run.row.runId} of ${dagId} is running`, {
          hint: 'Mark it failed first, or wait for its end.',
        });
      }
    }
    audit(turn, by, 'delete_dag', { dagId });
    for (const run of [...dag.runs]) turn.live.removeRun(run);
    turn.live.dags.delete(dagId);
    turn.live.board.release(dagId);
    keepIds(turn);
    turn.script(() => deleteDagRow(dagId));
    turn.events.push({ kind: 'dag', at: turn.now, dagId, what: 'deleted' });
  });
}

function keepIds(turn: Turn): void {
  const ids = { ...turn.live.ids };
  turn.script(() => keepLastIds(ids, turn.now));
}
