import { sql } from 'kysely';
import { database } from '../database.js';

export function listImportErrors(limit: number, offset = 0) {
  return database
    .selectFrom('import_error')
    .selectAll()
    .orderBy('at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .compile();
}

export function importErrorById(id: number) {
  return database.selectFrom('import_error').selectAll().where('id', '=', id).compile();
}

export function countImportErrors() {
  return database
    .selectFrom('import_error')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

export function listPools() {
  return database.selectFrom('pool').selectAll().orderBy('name').limit(1000).compile();
}

/** Names and notes only: a value is never shown again. */
export function listVariables() {
  return database
    .selectFrom('variable')
    .select(['key', 'description', 'updated_at'])
    .orderBy('key')
    .limit(1000)
    .compile();
}

/** Without password and extra: they are never shown again. */
export function listConnections() {
  return database
    .selectFrom('connection')
    .select([
      'connection_id',
      'conn_type',
      'description',
      'host',
      'schema',
      'login',
      'port',
      'updated_at',
      sql<number>`secrets_encrypted is not null`.as('has_secrets'),
    ])
    .orderBy('connection_id')
    .limit(1000)
    .compile();
}
