import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';
import { run, type Script } from '../driver.js';
import { type LastIds, lastIdsKey } from '../loading/load-live.js';

/** Deletes a run; its task instances, tries and XComs go with it. */
export function* deleteDagRunRow(dagRunId: number): Script<void> {
  yield* run(
    database.updateTable('backfill_dag_run').set({ dag_run_id: null }).where('dag_run_id', '=', dagRunId).compile(),
  );
  yield* run(database.deleteFrom('dag_run').where('id', '=', dagRunId).compile());
}

/** Deletes a DAG; its runs and versions go with it. */
export function* deleteDagRow(dagId: string): Script<void> {
  yield* run(database.deleteFrom('dag_run').where('dag_id', '=', dagId).compile());
  yield* run(database.deleteFrom('dag').where('dag_id', '=', dagId).compile());
}

/** Keeps the last row ids in use, before rows with the highest ones are deleted. */
export function* keepLastIds(ids: LastIds, at: Instant): Script<void> {
  const changing = { value_json: JSON.stringify(ids), updated_at: at };
  yield* run(
    database
      .insertInto('setting')
      .values({ key: lastIdsKey, ...changing })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(changing))
      .compile(),
  );
}
