import { MillraceError } from '../../../kernel/errors.js';
import type { Requester, SchedulerCommands } from '../../model/commands.js';
import { setDagRunNote, setTaskInstanceNote } from '../../store/transitions/set-note.js';
import { audit, type CommandDeps } from './commands.js';

type Target = Parameters<SchedulerCommands['setNote']>[0];

/** Sets or removes the note on a run or a task instance. */
export async function setNote(deps: CommandDeps, target: Target, note: string | null, by: Requester): Promise<void> {
  const { dagId, runId, taskId, mapIndex } = target;
  let changed = 0;
  await deps.request((turn) => {
    const run = turn.live.findRun(dagId, runId);
    if (run && taskId === undefined) run.row.note = note;
    turn.script(function* () {
      changed =
        taskId === undefined
          ? yield* setDagRunNote({ dagId, runId }, note)
          : yield* setTaskInstanceNote({ dagId, runId, taskId, mapIndex: mapIndex ?? -1 }, note);
    });
    audit(turn, by, 'note', target);
  });
  if (changed > 0) return;
  if (taskId === undefined) throw new MillraceError('DAG_RUN_NOT_FOUND', `${dagId} has no run ${runId}`);
  throw new MillraceError('TASK_INSTANCE_NOT_FOUND', `${dagId} ${runId} has no task instance ${taskId}`);
}
