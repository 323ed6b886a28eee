import { database } from '../database.js';
import { ask, type Script } from '../driver.js';
import type { EmailTable } from '../schema.js';

export type NewEmail = Pick<
  EmailTable,
  | 'message_id'
  | 'to_json'
  | 'cc_json'
  | 'subject'
  | 'text'
  | 'html'
  | 'attachments_json'
  | 'dag_id'
  | 'run_id'
  | 'task_id'
  | 'map_index'
  | 'created_at'
>;

/** Puts an e-mail into the outbox. Its Message-ID says what it is about: the same one is never put in twice. */
export function* addEmail(email: NewEmail): Script<number | null> {
  const rows = yield* ask(
    database
      .insertInto('email')
      .values({ ...email, state: 'waiting', send_after: email.created_at })
      .onConflict((conflict) => conflict.column('message_id').doNothing())
      .returning('id')
      .compile(),
  );
  return rows[0]?.id ?? null;
}
