import Database from 'better-sqlite3';
import type { CompiledQuery } from 'kysely';
import { describeError, MillraceError } from '../../kernel/errors.js';
import { damaged, faultsOf, isDamage } from './damage.js';
import type { Script, ScriptOutcome, StoreDriver } from './driver.js';
import { type Migration, pendingMigrations, tableWords } from './migrate.js';
import { busyTimeoutMs, openReader, SqliteConnection } from './sqlite-connection.js';

/** `Mill` in ASCII: tells our file from any other SQLite file. */
const applicationId = 0x4d696c6c;

/** The oldest SQLite without the WAL-reset corruption bug, and with `is not distinct from` and `returning`. */
const sqliteVersionMin = '3.51.0';

export interface SqliteStoreOptions {
  /**
   * Called once when the disk has failed a write or the file is damaged. From then on the store refuses every change:
   * nobody knows what of the last one is on the disk, and to sync it again would only seem to help. The process should
   * end at once; the next start recovers what is there from the write-ahead log.
   */
  onBroken?(error: unknown): void;
}

/**
 * Opens (or makes) the metadata database in one SQLite file: one connection that writes, one that reads only.
 * A commit is on disk when it returns (`synchronous=FULL`). Does not migrate: see `migrateSqlite`.
 * Throws STORE_UNWRITABLE when the disk is full, STORE_FOREIGN when the file belongs to another program, STORE_TOO_NEW when a newer Millrace made it.
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): SqliteStore {
  const writer = new Database(path);
  try {
    assertVersion(writer);
    assertOurs(writer, path);
    configure(writer);
    migrateSqlite(writer);
    return new SqliteStore(writer, path, options);
  } catch (error) {
    writer.close();
    if (isDamage(error)) throw damaged(path, error);
    throw isFull(error) ? unopened(path, error) : error;
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
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection;
  readonly #options: SqliteStoreOptions;
  #broken: MillraceError | undefined;

  constructor(writer: Database.Database, path: string, options: SqliteStoreOptions) {
    this.#writer = new SqliteConnection(writer);
    this.#options = options;
    // An in-memory database has no second connection: there, a read sees what the writer has committed.
    this.#reader = writer.memory ? this.#writer : openReader(path);
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return this.#reader.execute(query).rows;
  }

  async transact<Result>(scripts: Script<Result>[]): Promise<ScriptOutcome<Result>[]> {
    const writer = this.#writer;
    if (this.#broken) throw this.#broken;
    try {
      writer.run('begin immediate');
      const outcomes = scripts.map((script) => this.#step(script, scripts.length > 1));
      const only = outcomes[0];
      if (outcomes.length === 1 && only && !only.ok) writer.run('rollback');
      else writer.run('commit');
      return outcomes;
    } catch (error) {
      if (isBroken(error)) throw this.#break(error);
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

  #break(error: unknown): MillraceError {
    this.#broken = new MillraceError(
      'STORE_BROKEN',
      `the metadata database cannot be relied on: ${describeError(error)}`,
      {
        hint: 'Look at the disk, then start Millrace again: it goes on from what was committed.',
        cause: error,
      },
    );
    this.#options.onBroken?.(this.#broken);
    return this.#broken;
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
      if (!this.#writer.database.inTransaction || isBroken(error)) throw error;
      if (savepoint) {
        this.#writer.run('rollback to script');
        this.#writer.run('release script');
      }
      return { ok: false, error };
    }
  }
}

/** What no later try can put right: the disk failed, or what is in the file makes no sense. A full disk is not that. */
function isFull(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === 'SQLITE_FULL';
}

function unopened(path: string, error: unknown): MillraceError {
  return new MillraceError('STORE_UNWRITABLE', `the metadata ${path} cannot be opened: ${describeError(error)}`, {
    hint: 'Make room on the disk of the data folder, then start again.',
  });
}

function isBroken(error: unknown): boolean {
  const code = error instanceof Database.SqliteError ? error.code : '';
  return /^SQLITE_(IOERR|CORRUPT|NOTADB)/.test(code);
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
