import type { CompiledQuery } from 'kysely';
import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';

/** Sets a variable, whether it was there or not. The value is sealed already. */
export function setVariable(key: string, sealed: string, at: Instant): CompiledQuery {
  return database
    .insertInto('variable')
    .values({ key, value_encrypted: sealed, description: null, updated_at: at })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value_encrypted: sealed, updated_at: at }))
    .compile();
}

export function deleteVariable(key: string): CompiledQuery {
  return database.deleteFrom('variable').where('key', '=', key).compile();
}
