import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Duckdb, type DuckdbResult, type DuckdbSession, openDuckdb } from '../../connectors/duckdb.js';
import { MillraceError } from '../../kernel/errors.js';
import { Column, quoteIdentifier, quoteLiteral, Relation, type RelationType } from '../compile/relation.js';
import type { Adapter, Connection, QueryResult, RelationName, SchemaLookup, SchemaName } from './adapter.js';

export interface DuckdbSettings {
  /** A file, `:memory:` or `md:database`. */
  path: string;
  /** The catalog that the path is attached as. */
  database: string;
  /** Sessions at the same time. */
  threads: number;
  /** Extensions to load, settings to make, files to attach, as in dbt-duckdb's profile. */
  extensions?: string[];
  settings?: Record<string, string>;
  attach?: { path: string; alias?: string; readOnly?: boolean }[];
  /** What relative paths in statements are seen from. */
  folder?: string;
}

/** Opens DuckDB: a file through the process that owns it, memory and MotherDuck in this one. */
export function openDuckdbAdapter(settings: DuckdbSettings): Adapter {
  return new DuckdbAdapter(settings);
}

class DuckdbAdapter implements Adapter {
  readonly type = 'duckdb';
  readonly database: string;
  readonly #settings: DuckdbSettings;
  readonly #idle: DuckdbSession[] = [];
  readonly #waiting: (() => void)[] = [];
  #leased = 0;
  #opened: Promise<Duckdb> | undefined;

  constructor(settings: DuckdbSettings) {
    this.#settings = settings;
    this.database = settings.database;
  }

  async prepare(): Promise<void> {
    this.#opened ??= openDuckdb(this.#settings.path);
    // A fault is met again, and told, where a session is needed.
    await this.#opened.then((duckdb) => duckdb.prepare()).catch(() => (this.#opened = undefined));
  }

  async withConnection<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const session = await this.#lease();
    const connection = new DuckdbConnection(session);
    const interrupt = () => session.interrupt();
    signal?.addEventListener('abort', interrupt, { once: true });
    let isFit = true;
    try {
      return await work(connection);
    } catch (error) {
      isFit = !isLost(error);
      throw signal?.aborted ? (signal.reason ?? error) : error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
      if (isFit && connection.inTransaction)
        isFit = await connection.rollback().then(
          () => true,
          () => false,
        );
      await this.#release(session, isFit);
    }
  }

  async #lease(): Promise<DuckdbSession> {
    while (this.#leased >= Math.max(1, this.#settings.threads))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#leased++;
    const idle = this.#idle.pop();
    if (idle) return idle;
    try {
      this.#opened ??= openDuckdb(this.#settings.path);
      const session = await (await this.#opened).session();
      for (const statement of preparing(this.#settings)) await session.query(statement);
      return session;
    } catch (error) {
      this.#leased--;
      this.#opened = undefined;
      this.#waiting.shift()?.();
      throw databaseError(error);
    }
  }

  async #release(session: DuckdbSession, isFit: boolean): Promise<void> {
    if (isFit) this.#idle.push(session);
    else await session.close();
    this.#leased--;
    this.#waiting.shift()?.();
  }

  async lookup(connection: Connection, place: SchemaName, identifiers: readonly string[]): Promise<SchemaLookup> {
    const { database, schema } = this.#place(place);
    const here = `database_name = ${quoteLiteral(database)} and schema_name = ${quoteLiteral(schema)}`;
    const names = identifiers.map(quoteLiteral).join(', ') || 'null';
    const { rows } = await connection.query(
      `select null, 'schema' from duckdb_schemas() where ${here} ` +
        `union all select table_name, 'table' from duckdb_tables() where ${here} and table_name in (${names}) ` +
        `union all select view_name, 'view' from duckdb_views() where ${here} and view_name in (${names})`,
    );
    const relations = rows.filter(([identifier]) => identifier !== null);
    return {
      schemaExists: rows.length > relations.length,
      types: new Map(relations.map(([identifier, type]) => [String(identifier), type as RelationType])),
    };
  }

  /** A temporary relation has no schema that one could name: it lives in a catalog of the session's own. */
  #place(name: SchemaName): { database: string; schema: string } {
    if (!name.schema) return { database: 'temp', schema: 'main' };
    return { database: name.database ?? this.database, schema: name.schema };
  }

  async listRelations(connection: Connection, schemas: string[]): Promise<Relation[]> {
    if (schemas.length === 0) return [];
    const where = `database_name = ${quoteLiteral(this.database)} and schema_name in (${schemas.map(quoteLiteral).join(', ')})`;
    const { rows } = await connection.query(
      `select schema_name, table_name, 'table' from duckdb_tables() where ${where} ` +
        `union all select schema_name, view_name, 'view' from duckdb_views() where ${where} order by 1, 2`,
    );
    return rows.map(
      ([schema, identifier, type]) =>
        new Relation({
          database: this.database,
          schema: String(schema),
          identifier: String(identifier),
          type: type as RelationType,
        }),
    );
  }

  async columnsOf(connection: Connection, name: RelationName): Promise<Column[]> {
    const { database, schema } = this.#place(name);
    const { rows } = await connection.query(
      `select column_name, data_type from duckdb_columns() where database_name = ${quoteLiteral(database)} ` +
        `and schema_name = ${quoteLiteral(schema)} and table_name = ${quoteLiteral(name.identifier)} order by column_index`,
    );
    return rows.map(([column, type]) => new Column(String(column), String(type)));
  }

  async columnsOfQuery(connection: Connection, sql: string): Promise<Column[]> {
    const { rows } = await connection.query(`describe select * from (\n${sql}\n) as __columns`);
    return rows.map(([column, type]) => new Column(String(column), String(type)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
    await (await this.#opened)?.close();
    this.#opened = undefined;
  }
}

/** What a new session is told before its first use. */
function preparing({ extensions = [], settings = {}, attach = [], folder }: DuckdbSettings): string[] {
  return [
    ...(folder === undefined ? [] : [`set file_search_path = ${quoteLiteral(folder)}`]),
    ...extensions.flatMap((name) => [`install ${quoteIdentifier(name)}`, `load ${quoteIdentifier(name)}`]),
    ...Object.entries(settings).map(([name, value]) => `set ${quoteIdentifier(name)} = ${quoteLiteral(value)}`),
    ...attach.map(({ path, alias, readOnly }) => {
      const name = alias === undefined ? '' : ` as ${quoteIdentifier(alias)}`;
      return `attach if not exists ${quoteLiteral(path)}${name}${readOnly ? ' (read_only)' : ''}`;
    }),
  ];
}

/**
 * Tasks that start together make the same schema together. Where PostgreSQL waits, DuckDB fails all but the first: the others look again, and
 * find it.
 */
const createsSchema = /^\s*create schema if not exists [^;]*$/i;
const schemaConflict = /write-write conflict on create/i;
const schemaAttemptsMax = 20;

class DuckdbConnection implements Connection {
  inTransaction = false;
  #isLocked = false;
  readonly #session: DuckdbSession;

  constructor(session: DuckdbSession) {
    this.#session = session;
  }

  async query(sql: string): Promise<QueryResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return readResult(await this.#session.query(sql));
      } catch (error) {
        const isRace = !this.inTransaction && createsSchema.test(sql) && schemaConflict.test(String(error));
        if (!isRace || attempt === schemaAttemptsMax) throw databaseError(error);
      }
    }
  }

  /** DuckDB has no locks and fails the second of two writers: the lock is that of the process which owns the database, and stands before the transaction. */
  async begin(lock?: string): Promise<void> {
    if (this.inTransaction) return;
    if (lock !== undefined) await this.#take(lock);
    this.inTransaction = true;
    await this.query('begin transaction');
  }

  async commit(): Promise<void> {
    await this.#end('commit');
  }

  async rollback(): Promise<void> {
    await this.#end('rollback');
  }

  async #end(how: 'commit' | 'rollback'): Promise<void> {
    if (!this.inTransaction) return;
    this.inTransaction = false;
    try {
      await this.query(how);
    } finally {
      if (this.#isLocked) await this.#session.unlock();
      this.#isLocked = false;
    }
  }

  async #take(lock: string): Promise<void> {
    try {
      await this.#session.lock(lock);
      this.#isLocked = true;
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** DuckDB reads files by itself, in parallel: the rows go through one, which the process that owns the database reads. */
  async copyCsv(relation: Relation, columns: string[], csv: Readable): Promise<number> {
    const file = join(tmpdir(), `millrace-${randomUUID()}.csv`);
    try {
      await pipeline(csv, createWriteStream(file, { mode: 0o600 }));
      const { rowsAffected } = await this.query(
        `copy ${relation.render()} (${columns.map(quoteIdentifier).join(', ')}) from ${quoteLiteral(file)} ` +
          `(format csv, header false, delimiter ',', quote '"', escape '"', nullstr '', allow_quoted_nulls false, auto_detect false)`,
      );
      return rowsAffected ?? 0;
    } finally {
      await rm(file, { force: true });
    }
  }
}

function readResult(result: DuckdbResult): QueryResult {
  return {
    columns: result.columns,
    rows: result.rows,
    rowsAffected: result.rowsAffected,
    message: 'OK',
    code: result.statement.replaceAll('_', ' '),
  };
}

function isLost(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'DUCKDB_UNAVAILABLE';
}

function databaseError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError('SQL_DATABASE_ERROR', (error as Error).message, { cause: error });
}
