import Database from 'better-sqlite3';
import type { CompiledQuery } from 'kysely';
import type { QueryRows } from './driver.js';

/** How long opening waits for a file that another process has locked. Later there is one writer and no waiting. */
export const busyTimeoutMs = 100;

/** Prepared statements that a connection keeps; the oldest goes first. */
const statementsMax = 500;

/** A connection with its prepared statements. */
export class SqliteConnection {
  readonly database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(database: Database.Database) {
    this.database = database;
  }

  execute<Row>(query: Pick<CompiledQuery<Row>, 'sql' | 'parameters'>): QueryRows {
    const statement = this.#prepare(query.sql);
    if (statement.reader) {
      const rows = statement.all(query.parameters);
      return { rows, changes: rows.length, lastId: undefined };
    }
    const result = statement.run(query.parameters);
    return { rows: [], changes: result.changes, lastId: Number(result.lastInsertRowid) };
  }

  run(sql: string): void {
    this.#prepare(sql).run();
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.database.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > statementsMax) {
      const oldest = this.#statements.keys().next().value;
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }
}

/** Opens a connection that can only read. */
export function openReader(path: string): SqliteConnection {
  const reader = new Database(path, { readonly: true, fileMustExist: true });
  reader.pragma(`busy_timeout = ${busyTimeoutMs}`);
  reader.pragma('trusted_schema = off');
  reader.pragma('query_only = on');
  return new SqliteConnection(reader);
}
