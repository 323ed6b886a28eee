import { database } from '../database.js';
import { run, type Script } from '../driver.js';

/** Sets the note of a run; returns how many rows that was. */
export function* setDagRunNote(key: { dagId: string; runId: string }, note: string | null): Script<number> {
  return yield* run(
    database
      .updateTable('dag_run')
      .set({ note })
      .where('dag_id', '=', key.dagId)
      .where('run_id', '=', key.runId)
      .compile(),
  );
}

/** Sets the note of a task instance; returns how many rows that was. */
export function* setTaskInstanceNote(
  key: { dagId: string; runId: string; taskId: string; mapIndex: number },
  note: string | null,
): Script<number> {
  const theRun = database
    .selectFrom('dag_run')
    .select('id')
    .where('dag_id', '=', key.dagId)
    .where('run_id', '=', key.runId);
  return yield* run(
    database
      .updateTable('task_instance')
      .set({ note })
      .where('dag_run_id', '=', theRun)
      .where('task_id', '=', key.taskId)
      .where('map_index', '=', key.mapIndex)
      .compile(),
  );
}
