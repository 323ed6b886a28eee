import type { CompiledQuery, Selectable } from 'kysely';
import { database } from '../database.js';
import type { EmailTable } from '../schema.js';

/** The e-mails that may be sent now, the oldest first. */
export function dueEmails(now: number, limit: number): CompiledQuery<Selectable<EmailTable>> {
  return database
    .selectFrom('email')
    .selectAll()
    .where('state', '=', 'waiting')
    .where((or) => or.or([or('send_after', 'is', null), or('send_after', '<=', now)]))
    .orderBy('id')
    .limit(limit)
    .compile();
}

/** When the next e-mail that waits for another try may be sent; no row when none waits. */
export function nextEmailAt(): CompiledQuery<{ at: number | null }> {
  return database
    .selectFrom('email')
    .select((of) => of.fn.min('send_after').as('at'))
    .where('state', '=', 'waiting')
    .compile();
}
