import { database } from '../database.js';
import { run, type Script } from '../driver.js';

/**
 * sending -> waiting, for all: the server that was sending them is gone. Each may or may not have been taken; it goes
 * out again with the same Message-ID, so that the reader's mailbox can tell.
 */
export function* releaseEmails(now: number): Script<number> {
  return yield* run(
    database.updateTable('email').set({ state: 'waiting', send_after: now }).where('state', '=', 'sending').compile(),
  );
}
