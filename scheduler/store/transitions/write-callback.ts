import type { CompiledQuery } from 'kysely';
import { database } from '../database.js';
import type { CallbackRequestTable } from '../schema.js';

/** Keeps a call that is to be made. Its key says what it is about: the same call is asked for once. */
export function insertCallback(row: CallbackRequestTable): CompiledQuery {
  return database
    .insertInto('callback_request')
    .values(row)
    .onConflict((conflict) => conflict.column('key').doNothing())
    .compile();
}

export function setCallbackTries(key: string, tries: number): CompiledQuery {
  return database.updateTable('callback_request').set({ tries }).where('key', '=', key).compile();
}

/** The call has been made, or is given up. */
export function deleteCallback(key: string): CompiledQuery {
  return database.deleteFrom('callback_request').where('key', '=', key).compile();
}
