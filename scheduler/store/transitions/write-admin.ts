import type { CompiledQuery } from 'kysely';
import type { Instant } from '../../../kernel/time.js';
import { database } from '../database.js';

/** Makes a pool or changes it. */
export function setPool(pool: {
  name: string;
  slots: number;
  description: string | null;
  includeDeferred: boolean;
}): CompiledQuery {
  const changing = {
    slots: pool.slots,
    description: pool.description,
    include_deferred: pool.includeDeferred ? (1 as const) : (0 as const),
  };
  return database
    .insertInto('pool')
    .values({ name: pool.name, ...changing })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(changing))
    .compile();
}

export function deletePool(name: string): CompiledQuery {
  return database.deleteFrom('pool').where('name', '=', name).compile();
}

/** Sets a variable, whether it was there or not. The value is sealed already; without a description the old one stays. */
export function setVariable(of: {
  key: string;
  sealed: string;
  description: string | null;
  at: Instant;
}): CompiledQuery {
  const changing = { value_encrypted: of.sealed, updated_at: of.at };
  return database
    .insertInto('variable')
    .values({ key: of.key, description: of.description, ...changing })
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet(of.description === null ? changing : { ...changing, description: of.description }),
    )
    .compile();
}

export function deleteVariable(key: string): CompiledQuery {
  return database.deleteFrom('variable').where('key', '=', key).compile();
}

/** Makes a connection or changes it. Password and extra are sealed already. */
export function setConnection(of: {
  id: string;
  type: string;
  description: string | null;
  host: string | null;
  schema: string | null;
  login: string | null;
  port: number | null;
  sealed: string | null;
  at: Instant;
}): CompiledQuery {
  const changing = {
    conn_type: of.type,
    description: of.description,
    host: of.host,
    schema: of.schema,
    login: of.login,
    port: of.port,
    secrets_encrypted: of.sealed,
    updated_at: of.at,
  };
  return database
    .insertInto('connection')
    .values({ connection_id: of.id, ...changing })
    .onConflict((conflict) => conflict.column('connection_id').doUpdateSet(changing))
    .compile();
}

export function deleteConnection(id: string): CompiledQuery {
  return database.deleteFrom('connection').where('connection_id', '=', id).compile();
}
