import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';
import { ask, run, type Script } from '../driver.js';

const linkKey = 'login_link';

/** Makes the one login link that works; the one before it no longer does. Only the hash of its token is stored. */
export function* createLoginLink(link: { tokenHash: string; at: Instant; expiresAt: Instant }): Script<void> {
  const value = {
    value_json: JSON.stringify({ hash: link.tokenHash, expiresAt: link.expiresAt }),
    updated_at: link.at,
  };
  yield* run(
    database
      .insertInto('setting')
      .values({ key: linkKey, ...value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(value))
      .compile(),
  );
}

/** Uses the link up. True when the token is the one of the link and in time. */
export function* useLoginLink(tokenHash: string, at: Instant): Script<boolean> {
  const rows = yield* ask(database.selectFrom('setting').select('value_json').where('key', '=', linkKey).compile());
  const link = rows[0] ? (JSON.parse(rows[0].value_json) as { hash: string; expiresAt: number }) : undefined;
  if (!link || link.hash !== tokenHash || link.expiresAt <= at) return false;
  yield* run(database.deleteFrom('setting').where('key', '=', linkKey).compile());
  return true;
}
