import type { CompiledQuery } from 'kysely';
import pg from 'pg';
import { MillraceError } from '../../kernel/errors.js';
import type { QueryRows, Script, ScriptOutcome, StoreDriver } from './driver.js';
import { pendingMigrations, tableWords } from './migrate.js';

/** Connections for reading; writing has one of its own, so that transactions follow one another. */
const readersMax = 8;

/** Held while a schema is brought up to date: two servers that start together migrate once. */
const migrationLock = 0x4d696c6c;

/**
 * Opens the metadata database on a PostgreSQL server, from the same text as the SQLite one, and brings its schema to
 * this program's version. Throws STORE_TOO_NEW when a newer Millrace made it.
 */
export async function openPostgresStore(url: string): Promise<PostgresStore> {
  const readers = new pg.Pool({ connectionString: url, max: readersMax, types });
  const writer = new pg.Pool({ connectionString: url, max: 1, types });
  try {
    await migratePostgres(writer);
  } catch (error) {
    await Promise.all([readers.end(), writer.end()]);
    throw error;
  }
  return new PostgresStore(readers, writer);
}

export class PostgresStore implements StoreDriver {
  readonly dialect = 'postgres';
  readonly #readers: pg.Pool;
  readonly #writer: pg.Pool;

  constructor(readers: pg.Pool, writer: pg.Pool) {
    this.#readers = readers;
    this.#writer = writer;
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return (await execute(this.#readers, query)).rows as Row[];
  }

  async transact<Result>(scripts: Script<Result>[]): Promise<ScriptOutcome<Result>[]> {
    const client = await this.#writer.connect();
    let failure: Error | undefined;
    try {
      await client.query('begin');
      const outcomes: ScriptOutcome<Result>[] = [];
      for (const script of scripts) outcomes.push(await step(client, script));
      await client.query('commit');
      return outcomes;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      // A connection whose transaction broke is not used again: the server rolls back what it began.
      client.release(failure);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#readers.end(), this.#writer.end()]);
  }
}

async function step<Result>(client: pg.PoolClient, script: Script<Result>): Promise<ScriptOutcome<Result>> {
  await client.query('savepoint script');
  try {
    let next = script.next({ rows: [], changes: 0, lastId: undefined });
    while (!next.done) next = script.next(await execute(client, next.value));
    await client.query('release savepoint script');
    return { ok: true, value: next.value };
  } catch (error) {
    // When the connection is gone this throws as well, and the whole transaction fails, as it must.
    await client.query('rollback to savepoint script');
    return { ok: false, error };
  }
}

async function execute(on: pg.Pool | pg.PoolClient, query: CompiledQuery<unknown>): Promise<QueryRows> {
  const result = await on.query({ text: numbered(query.sql), values: [...query.parameters] });
  return { rows: result.rows, changes: result.rowCount ?? 0, lastId: undefined };
}

const numberedTexts = new Map<string, string>();
const numberedTextsMax = 2_000;

/** Placeholders as PostgreSQL has them: `?` becomes `$1`, `$2` …, but within quotes. */
function numbered(sql: string): string {
  const known = numberedTexts.get(sql);
  if (known !== undefined) return known;
  let count = 0;
  const text = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g, (part) => (part === '?' ? `$${++count}` : part));
  if (numberedTexts.size >= numberedTextsMax) numberedTexts.clear();
  numberedTexts.set(sql, text);
  return text;
}

async function migratePostgres(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await client.query('create table if not exists millrace_schema (version bigint primary key, name text not null)');
    const found = await client.query('select coalesce(max(version), 0) as version from millrace_schema');
    for (const migration of pendingMigrations(Number(found.rows[0]?.version ?? 0))) {
      for (const statement of migration.statements(tableWords.postgres)) await client.query(statement);
      await client.query('insert into millrace_schema (version, name) values ($1, $2)', [
        migration.version,
        migration.name,
      ]);
    }
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    if (cause instanceof MillraceError) throw cause;
    throw new MillraceError('STORE_UNUSABLE', 'the schema of the metadata database cannot be made', { cause });
  } finally {
    client.release();
  }
}

/** 64-bit integers as numbers: ids and times stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.INT8) return (text: string) => Number(text);
    return pg.types.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;
