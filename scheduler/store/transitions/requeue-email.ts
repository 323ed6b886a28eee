import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';
import { run, type Script } from '../driver.js';

/** Lets an e-mail of the outbox be sent (again) at once; returns how many rows that was. One being sent is left alone. */
export function* requeueEmail(emailId: number, at: Instant): Script<number> {
  return yield* run(
    database
      .updateTable('email')
      .set({ state: 'waiting', send_after: at, tries: 0, error: null })
      .where('id', '=', emailId)
      .where('state', '<>', 'sending')
      .compile(),
  );
}
