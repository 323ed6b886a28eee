import { database } from '../database.js';
import { run, type Script } from '../driver.js';

/** waiting -> kept, for all: there is no server to send them to, they stay in the outbox to be read. */
export function* keepEmails(): Script<number> {
  return yield* run(
    database.updateTable('email').set({ state: 'kept', send_after: null }).where('state', '=', 'waiting').compile(),
  );
}
