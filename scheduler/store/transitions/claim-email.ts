import { database } from '../database.js';
import { run, type Script } from '../driver.js';

/** waiting -> sending, one try more. Answers false when someone else has it or it was changed. */
export function* claimEmail(email: { id: number; tries: number }): Script<boolean> {
  const changes = yield* run(
    database
      .updateTable('email')
      .set({ state: 'sending', tries: email.tries + 1 })
      .where('id', '=', email.id)
      .where('state', '=', 'waiting')
      .where('tries', '=', email.tries)
      .compile(),
  );
  return changes === 1;
}
