import type { CompiledQuery } from 'kysely';
import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';
import type { BackfillDagRunTable, BackfillTable } from '../schema.js';

export function insertBackfill(row: Omit<BackfillTable, 'id' | 'completed_at'> & { id: number }): CompiledQuery {
  return database
    .insertInto('backfill')
    .values({ ...row, completed_at: null })
    .compile();
}

/** One logical date of a backfill: the run that covers it, or why there is none. */
export function insertBackfillRun(row: BackfillDagRunTable): CompiledQuery {
  return database.insertInto('backfill_dag_run').values(row).compile();
}

export function setBackfillPaused(backfillId: number, isPaused: boolean): CompiledQuery {
  return database
    .updateTable('backfill')
    .set({ is_paused: isPaused ? 1 : 0 })
    .where('id', '=', backfillId)
    .compile();
}

export function setBackfillCompleted(backfillId: number, at: Instant): CompiledQuery {
  return database.updateTable('backfill').set({ completed_at: at }).where('id', '=', backfillId).compile();
}
