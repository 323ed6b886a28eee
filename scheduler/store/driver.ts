import type { CompiledQuery } from 'kysely';

/**
 * One unit of change, written once for both databases: it yields compiled queries and gets their rows. The SQLite
 * driver steps it synchronously inside `BEGIN IMMEDIATE`; the PostgreSQL driver awaits each step inside its transaction.
 */
export type Script<Result> = Generator<CompiledQuery, Result, QueryRows>;

export interface QueryRows {
  // biome-ignore lint/suspicious/noExplicitAny: the type of a row is that of the compiled query; `ask` restores it
  rows: any[];
  /** How many rows an insert, update or delete changed. */
  changes: number;
  /** Row id of the last insert (SQLite) or undefined (PostgreSQL: use `returning`). */
  lastId: number | undefined;
}

export type ScriptOutcome<Result> = { ok: true; value: Result } | { ok: false; error: unknown };

/** A database that holds Millrace's metadata. */
export interface StoreDriver {
  readonly dialect: 'sqlite' | 'postgres';
  /** Resolves when the database no longer belongs to this process: nothing more can be written. Never of a local file. */
  readonly lost?: Promise<Error>;
  /** Reads on a connection of its own; sees only what is committed. */
  read<Row>(query: CompiledQuery<Row>): Promise<Row[]>;
  /**
   * Runs the scripts in one transaction, a savepoint each: one that throws is rolled back alone and its outcome says
   * why. Resolves after the commit is durable. Rejects, with nothing changed, when the transaction itself fails.
   */
  transact<Result>(scripts: Script<Result>[]): Promise<ScriptOutcome<Result>[]>;
  close(): Promise<void>;
}

/** Yields a query and returns its rows with their type. */
export function* ask<Row>(query: CompiledQuery<Row>): Generator<CompiledQuery, Row[], QueryRows> {
  return (yield query).rows as Row[];
}

/** Yields a statement and returns how many rows it changed. */
export function* run(query: CompiledQuery<unknown>): Generator<CompiledQuery, number, QueryRows> {
  return (yield query).changes;
}

/** Whether a database refused a row because another has its key. */
export function isUniqueViolation(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === '23505';
}

/** Runs one script in a transaction of its own. Rejects with what it threw. */
export async function applyOne<Result>(store: StoreDriver, script: Script<Result>): Promise<Result> {
  const [outcome] = await store.transact([script]);
  if (outcome?.ok) return outcome.value;
  throw outcome?.error;
}
