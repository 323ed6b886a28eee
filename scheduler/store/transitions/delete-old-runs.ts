import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';
import { ask, type Script } from '../driver.js';
import { loadedLastIds } from '../loading/load-live.js';
import { deleteDagRunRow, keepLastIds } from './delete-rows.js';

/** How many runs `deleteOldRuns` would delete, whatever its limit. */
export function countOldRuns(before: Instant) {
  return oldRuns(before)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

/**
 * Deletes the oldest runs that ended before an instant, at most `limit`; returns how many. The latest scheduled run of
 * each DAG stays, for it says where its schedule goes on.
 */
export function* deleteOldRuns(of: { before: Instant; limit: number; at: Instant }): Script<number> {
  const rows = yield* ask(oldRuns(of.before).select('run.id').orderBy('run.id').limit(of.limit).compile());
  if (rows.length === 0) return 0;
  yield* keepLastIds(yield* loadedLastIds(), of.at);
  for (const { id } of rows) yield* deleteDagRunRow(id);
  return rows.length;
}

function oldRuns(before: Instant) {
  return database
    .selectFrom('dag_run as run')
    .where('run.state', 'in', ['success', 'failed'])
    .where('run.ended_at', '<', before)
    .where((e) =>
      e.or([
        e('run.run_type', '<>', 'scheduled'),
        e.exists(
          e
            .selectFrom('dag_run as later')
            .select('later.id')
            .whereRef('later.dag_id', '=', 'run.dag_id')
            .whereRef('later.logical_date', '>', 'run.logical_date')
            .where('later.run_type', '=', 'scheduled'),
        ),
      ]),
    );
}
