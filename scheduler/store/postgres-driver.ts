import { hostname } from 'node:os';
import type { CompiledQuery } from 'kysely';
import pg from 'pg';
import { MillraceError } from '../../kernel/errors.js';
import type { QueryRows, Script, ScriptOutcome, StoreDriver } from './driver.js';
import { pendingMigrations, tableWords } from './migrate.js';

/** Connections for reading; writing has one of its own, so that transactions follow one another. */
const readersMax = 8;

/** Held by the session that writes, for as long as it lives: `Mill` in ASCII. */
const schedulerLock = 0x4d696c6c;

export interface PostgresStoreOptions {
  /** Who opens it, for the one who finds it taken: host and process. */
  owner?: string;
}

/**
 * Opens the metadata database on a PostgreSQL server, from the same text as the SQLite one, and brings its schema to
 * this program's version. One scheduler at a time works on it: row ids are counted in memory. Rejects with
 * SCHEDULER_ELSEWHERE when another has it, STORE_TOO_NEW when a newer Millrace made it.
 */
export async function openPostgresStore(url: string, options: PostgresStoreOptions = {}): Promise<PostgresStore> {
  const owner = options.owner ?? `${hostname()}:${process.pid}`;
  const writer = new pg.Client({
    connectionString: url,
    types,
    application_name: `millrace scheduler ${owner}`.slice(0, nameBytesMax),
    keepAlive: true,
  });
  writer.on('error', () => {}); // Told by `lost`, and by the call that needs the connection.
  await writer.connect();
  try {
    await takeLock(writer);
    await migratePostgres(writer);
  } catch (error) {
    await writer.end();
    throw error;
  }
  const readers = new pg.Pool({ connectionString: url, max: readersMax, types });
  readers.on('error', () => {}); // An idle connection that the server ends is replaced when one is needed.
  return new PostgresStore(readers, writer);
}

/** PostgreSQL cuts longer names of applications. */
const nameBytesMax = 63;

export class PostgresStore implements StoreDriver {
  readonly dialect = 'postgres';
  readonly lost: Promise<MillraceError>;
  readonly #readers: pg.Pool;
  readonly #writer: pg.Client;
  #last: Promise<unknown> = Promise.resolve();
  #lost: MillraceError | undefined;
  #isClosing = false;

  constructor(readers: pg.Pool, writer: pg.Client) {
    this.#readers = readers;
    this.#writer = writer;
    this.lost = new Promise((resolve) => {
      writer.once('end', () => {
        if (this.#isClosing) return;
        this.#lost = sessionLost();
        resolve(this.#lost);
      });
    });
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return (await execute(this.#readers, query)).rows as Row[];
  }

  /**
   * One transaction after another, in the session that holds the lock: what a scheduler that has lost it had begun is
   * rolled back with the session, and it writes nothing more. Rejects with SCHEDULER_ELSEWHERE from then on.
   */
  transact<Result>(scripts: Script<Result>[]): Promise<ScriptOutcome<Result>[]> {
    const result = this.#last.then(() => this.#transact(scripts));
    this.#last = result.catch(() => undefined); // Heard by who asked for it; the next one begins all the same.
    return result;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#last;
    await Promise.all([this.#readers.end(), this.#lost ? undefined : this.#writer.end()]);
  }

  async #transact<Result>(scripts: Script<Result>[]): Promise<ScriptOutcome<Result>[]> {
    const client = this.#writer;
    if (this.#lost) throw this.#lost;
    try {
      await client.query('begin');
      const outcomes: ScriptOutcome<Result>[] = [];
      for (const script of scripts) outcomes.push(await step(client, script));
      await client.query('commit');
      return outcomes;
    } catch (error) {
      if (this.#lost) throw this.#lost;
      // When this fails the connection is gone, and the server rolls back what it began.
      await client.query('rollback').catch(() => this.#writer.end());
      throw this.#lost ?? error;
    }
  }
}

async function takeLock(client: pg.Client): Promise<void> {
  const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [schedulerLock]);
  if (rows[0]?.taken === true) return;
  const { rows: holders } = await client.query(
    `select activity.application_name as name, activity.client_addr as address, activity.pid,
       to_char(activity.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since
     from pg_locks as lock join pg_stat_activity as activity on activity.pid = lock.pid
     where lock.locktype = 'advisory' and lock.granted and lock.objid = $1 and lock.objsubid = 1
       and lock.database = (select oid from pg_database where datname = current_database())`,
    [schedulerLock],
  );
  const holder = holders[0];
  const who = holder
    ? `${holder.name} (${holder.address ?? 'local'}, session ${holder.pid}, since ${holder.since} UTC)`
    : 'another session';
  throw new MillraceError('SCHEDULER_ELSEWHERE', `the metadata database belongs to ${who}`, {
    hint: 'Stop that one first, or give this one a database of its own.',
  });
}

function sessionLost(): MillraceError {
  return new MillraceError('SCHEDULER_ELSEWHERE', 'the session that held the metadata database is gone', {
    hint: 'Another scheduler may have it now: this one stops. Start it again when the database is there.',
  });
}

async function step<Result>(client: pg.Client, script: Script<Result>): Promise<ScriptOutcome<Result>> {
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

async function execute(on: pg.Pool | pg.Client, query: CompiledQuery<unknown>): Promise<QueryRows> {
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

async function migratePostgres(client: pg.Client): Promise<void> {
  try {
    await client.query('begin');
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
    await client.query('rollback').catch(() => {}); // The connection is gone, and what it began with it.
    if (cause instanceof MillraceError) throw cause;
    throw new MillraceError('STORE_UNUSABLE', 'the schema of the metadata database cannot be made', { cause });
  }
}

/** 64-bit integers as numbers: ids and times stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.INT8) return (text: string) => Number(text);
    return pg.types.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;
