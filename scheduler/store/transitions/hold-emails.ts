import { database } from '../database.js';
import { run, type Script } from '../driver.js';

/** waiting, sending -> kept, for all: they may have been sent since the copy was made. Each can be sent again by hand. */
export function* holdEmails(reason: string): Script<number> {
  return yield* run(
    database
      .updateTable('email')
      .set({ state: 'kept', send_after: null, error: reason })
      .where('state', 'in', ['waiting', 'sending'])
      .compile(),
  );
}
