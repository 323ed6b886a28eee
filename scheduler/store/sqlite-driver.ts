import Database from 'better-sqlite3';
import type { CompiledQuery } from 'kysely';
import { describeError, MillraceError } from '../../kernel/errors.js';
import type { QueryRows, Script, ScriptOutcome, StoreDriver } from './driver.js';
import { type Migration, pendingMigrations, tableWords } from './migrate.js';

/** `Mill` in ASCII: tells our file from any other SQLite file. */
const applicationId = 0x4d696c6c;

/** The oldest SQLite without the WAL-reset corruption bug, and with `is not distinct from` and `returning`. */
const sqliteVersionMin = '3.51.0';

/** How long opening waits for a file that another process has locked. Later there is one writer and no waiting. */
const busyTimeoutMs = 100;

/** Prepared statements that a connection keeps; the oldest goes first. */
const statementsMax = 500;

/**
 * Opens (or makes) the metadata database in one SQLite file: one connection that writes, one that reads only.
 * A commit is on disk when it returns (`synchronous=FULL`). Does not migrate: see `migrateSqlite`.
 * Throws STORE_FOREIGN when the file belongs to another program, STORE_TOO_NEW when a newer Millrace made it.
 */
export function openSqliteStore(path: string): SqliteStore {
  const writer = new Database(path);
  try {
    assertVersion(writer);
    assertOurs(writer, path);
    configure(writer);
    migrateSqlite(writer);
    return new SqliteStore(writer, path);
  } catch (error) {
    writer.close();
    throw isDamage(error) ? damaged(path, error) : error;
  }
}

/** Brings the schema to this program's version: every pending migration in one transaction, or none. */
export function migrateSqlite(database: Database.Database): void {
  const migrateAll = database.transaction(() => {
    const current = database.pragma('user_version', { simple: true }) as number;
    for (const migration of pendingMigrations(current)) applyMigration(database, migration);
  });
  migrateAll.immediate();
}

export class SqliteStore implements StoreDriver {
  readonly dialect = 'sqlite';
  readonly #writer: Connection;
  readonly #reader: Connection;

  constructor(writer: Database.Database, path: string) {
    this.#writer = new Connection(writer);
    // An in-memory database has no second connection: there, a read sees what the writer has committed.
    this.#reader = writer.memory ? this.#writer : new Connection(openReader(path));
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return this.#reader.execute(query).rows;
  }

  async transact<Result>(scripts: Script<Result>[]): Promise<ScriptOutcome<Result>[]> {
    const writer = this.#writer;
    writer.run('begin immediate');
    try {
      const outcomes = scripts.map((script) => this.#step(script, scripts.length > 1));
      const only = outcomes[0];
      if (outcomes.length === 1 && only && !only.ok) writer.run('rollback');
      else writer.run('commit');
      return outcomes;
    } catch (error) {
      if (writer.database.inTransaction) writer.run('rollback');
      throw error;
    }
  }

  /** Checks the file, its indexes and references; returns what is wrong, an empty list when nothing is. */
  check(): string[] {
    return faultsOf(this.#reader.database);
  }

  /**
   * Copies the database to a file while it is in use, on the connection that writes: from any other, each commit would
   * begin the copy anew. Resolves when the copy is whole. Rejects with BACKUP_FAILED.
   */
  async backup(path: string): Promise<void> {
    try {
      await this.#writer.database.backup(path);
    } catch (cause) {
      const why = describeError(cause);
      throw new MillraceError('BACKUP_FAILED', `the metadata cannot be copied to ${path}: ${why}`, {
        hint: 'Is there room on the disk of the data folder?',
      });
    }
  }

  async close(): Promise<void> {
    if (this.#reader !== this.#writer) this.#reader.database.close();
    this.#writer.database.close();
  }

  /** A script that is alone needs no savepoint: the transaction is its own. */
  #step<Result>(script: Script<Result>, savepoint: boolean): ScriptOutcome<Result> {
    if (savepoint) this.#writer.run('savepoint script');
    try {
      let step = script.next({ rows: [], changes: 0, lastId: undefined });
      while (!step.done) step = script.next(this.#writer.execute(step.value));
      if (savepoint) this.#writer.run('release script');
      return { ok: true, value: step.value };
    } catch (error) {
      // SQLite itself ends the transaction on a full disk or an I/O error: then nothing of it is left to save.
      if (!this.#writer.database.inTransaction) throw error;
      if (savepoint) {
        this.#writer.run('rollback to script');
        this.#writer.run('release script');
      }
      return { ok: false, error };
    }
  }
}

/** A connection with its prepared statements. */
class Connection {
  readonly database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(database: Database.Database) {
    this.database = database;
  }

  execute<Row>(query: CompiledQuery<Row>): QueryRows {
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

/** What is wrong with a database: pages, indexes, references. Throws nothing for damage: it is the answer. */
export function faultsOf(database: Database.Database): string[] {
  try {
    const found = database.pragma(`integrity_check(${faultsMax})`) as { integrity_check: string }[];
    const faults = found.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    const orphans = database.pragma('foreign_key_check') as { table: string; rowid: number; parent: string }[];
    const references = orphans
      .slice(0, faultsMax)
      .map(({ table, rowid, parent }) => `row ${rowid} of ${table} refers to a ${parent} that does not exist`);
    return [...faults, ...references];
  } catch (error) {
    if (isDamage(error)) return [describeError(error)];
    throw error;
  }
}

/** Faults that are told one by one; more say no more. */
const faultsMax = 20;

/** SQLite's own words for a file that is not what it wrote. */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB|IOERR_(SHORT_READ|CORRUPTFS))/.test(code);
}

export function damaged(path: string, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('STORE_UNUSABLE', `${path} is damaged: ${why}`, {
    hint: 'Keep it, and restore the latest backup into a new folder: `millrace restore FILE`.',
  });
}

function openReader(path: string): Database.Database {
  const reader = new Database(path, { readonly: true, fileMustExist: true });
  reader.pragma(`busy_timeout = ${busyTimeoutMs}`);
  reader.pragma('trusted_schema = off');
  reader.pragma('query_only = on');
  return reader;
}

function configure(database: Database.Database): void {
  database.pragma(`busy_timeout = ${busyTimeoutMs}`);
  database.pragma('journal_mode = wal');
  // better-sqlite3 is compiled with NORMAL for WAL, which a power cut can make forget commits.
  database.pragma('synchronous = full');
  database.pragma('foreign_keys = on');
  database.pragma('wal_autocheckpoint = 1000');
  database.pragma('journal_size_limit = 67108864');
  database.pragma('mmap_size = 0');
  database.pragma('trusted_schema = off');
}

function applyMigration(database: Database.Database, migration: Migration): void {
  for (const statement of migration.statements(tableWords.sqlite)) database.exec(statement);
  database.pragma(`application_id = ${applicationId}`);
  database.pragma(`user_version = ${migration.version}`);
}

function assertVersion(database: Database.Database): void {
  const version = database.prepare('select sqlite_version()').pluck().get() as string;
  if (compareVersions(version, sqliteVersionMin) >= 0) return;
  throw new MillraceError('STORE_UNUSABLE', `SQLite ${version} is too old`, {
    hint: `Install the better-sqlite3 that package.json names; it brings SQLite ${sqliteVersionMin} or newer.`,
  });
}

function assertOurs(database: Database.Database, path: string): void {
  const id = database.pragma('application_id', { simple: true }) as number;
  const tables = database.prepare('select count(*) from sqlite_master').pluck().get() as number;
  if (id === applicationId || (id === 0 && tables === 0)) return;
  throw new MillraceError('STORE_FOREIGN', `${path} is a SQLite file of another program`, {
    hint: 'Set MILLRACE_HOME to a folder of its own.',
  });
}

function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let part = 0; part < Math.max(left.length, right.length); part++) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
