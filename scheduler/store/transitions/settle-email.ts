import { database } from '../database.js';
import { run, type Script } from '../driver.js';

export type EmailOutcome =
  /** `error` names the addresses that the server refused, when it took the message for others. */
  | { state: 'sent'; at: number; error: string | null }
  | { state: 'waiting'; sendAfter: number; error: string }
  | { state: 'failed'; error: string };

/** sending -> what became of the try `tries`. */
export function* settleEmail(email: { id: number; tries: number }, outcome: EmailOutcome): Script<boolean> {
  const changes = yield* run(
    database
      .updateTable('email')
      .set({
        state: outcome.state,
        error: outcome.error,
        sent_at: outcome.state === 'sent' ? outcome.at : null,
        send_after: outcome.state === 'waiting' ? outcome.sendAfter : null,
      })
      .where('id', '=', email.id)
      .where('state', '=', 'sending')
      .where('tries', '=', email.tries)
      .compile(),
  );
  return changes === 1;
}
