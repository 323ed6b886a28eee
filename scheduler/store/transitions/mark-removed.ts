import type { CompiledQuery } from 'kysely';
import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';

/** A task instance whose task the run's version no longer has. */
export function markRemoved(taskInstanceId: number, at: Instant): CompiledQuery {
  return database
    .updateTable('task_instance')
    .set({ state: 'removed', reason: 'its task is not part of this version', updated_at: at })
    .where('id', '=', taskInstanceId)
    .compile();
}
