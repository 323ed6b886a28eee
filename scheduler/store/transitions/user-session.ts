import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';
import { run, type Script } from '../driver.js';

/** A signed-in browser or an access token. Only the hash of its secret is stored. */
export function* openUserSession(session: {
  idHash: string;
  user: string;
  at: Instant;
  expiresAt: Instant;
}): Script<void> {
  yield* run(database.deleteFrom('user_session').where('expires_at', '<=', session.at).compile());
  yield* run(
    database
      .insertInto('user_session')
      .values({
        id_hash: session.idHash,
        user: session.user,
        created_at: session.at,
        last_seen_at: session.at,
        expires_at: session.expiresAt,
      })
      .compile(),
  );
}

export function* touchUserSession(idHash: string, at: Instant): Script<void> {
  yield* run(database.updateTable('user_session').set({ last_seen_at: at }).where('id_hash', '=', idHash).compile());
}

export function* closeUserSession(idHash: string): Script<void> {
  yield* run(database.deleteFrom('user_session').where('id_hash', '=', idHash).compile());
}
