import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBResult,
  type DuckDBValue,
  StatementType,
} from '@duckdb/node-api';
import { DuckdbLocks } from './duckdb-locks.js';

/** What the last statement of a text gave. */
export interface DuckdbResult {
  columns: { name: string; type: string }[];
  /** Numbers, booleans, null; everything else as DuckDB writes it (exact numerics, times, lists, structs). */
  rows: unknown[][];
  /** Rows written, or read by a SELECT; null where it has no meaning. */
  rowsAffected: number | null;
  /** DuckDB's word for the statement: `SELECT`, `INSERT`, `CREATE` … */
  statement: string;
}

/** One session: statements run one after another, transactions are its own. */
export interface DuckdbSession {
  /** Runs one or more statements. Rejects with DuckDB's own message. */
  query(sql: string): Promise<DuckdbResult>;
  /** Waits until no other session of the database holds the lock of that name, and holds it. A session holds one at a time. */
  lock(name: string): Promise<void>;
  /** Gives the lock back; nothing when it holds none. */
  unlock(): Promise<void>;
  /** Stops what runs or waits; it rejects. */
  interrupt(): void;
  /** Ends the session; an open transaction is rolled back. */
  close(): Promise<void>;
}

/** A database of this process. */
export interface DuckdbEngine {
  session(): Promise<DuckdbSession>;
  close(): void;
}

/** Opens a database in this process: a file (which nobody else may have open), `:memory:` or `md:…`. */
export async function openDuckdbEngine(path: string, config: Record<string, string> = {}): Promise<DuckdbEngine> {
  const instance = await DuckDBInstance.create(path, { custom_user_agent: 'millrace', ...config });
  const locks = new DuckdbLocks();
  return {
    session: async () => new LocalSession(await instance.connect(), locks),
    close: () => instance.closeSync(),
  };
}

/** How often an interruption is repeated until the statement has ended: DuckDB forgets one that comes just before it begins. */
const interruptMs = 20;

class LocalSession implements DuckdbSession {
  readonly #connection: DuckDBConnection;
  readonly #locks: DuckdbLocks;
  /** Queries that have not ended, the running one first. */
  readonly #open: { interrupted: boolean }[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(connection: DuckDBConnection, locks: DuckdbLocks) {
    this.#connection = connection;
    this.#locks = locks;
  }

  lock(name: string): Promise<void> {
    return this.#locks.take(this, name);
  }

  async unlock(): Promise<void> {
    this.#locks.free(this);
  }

  query(sql: string): Promise<DuckdbResult> {
    const query = { interrupted: false };
    this.#open.push(query);
    const result = this.#last.then(() => this.#run(sql, query)).finally(() => this.#open.shift());
    // The next query runs whatever became of this one; whoever asked for this one hears of its failure.
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run(sql: string, query: { interrupted: boolean }): Promise<DuckdbResult> {
    const statements = await this.#connection.extractStatements(sql).catch((error: unknown) => {
      // The binding puts its own words before DuckDB's.
      throw new Error((error as Error).message.replace(/^Failed to extract statements: /, ''), { cause: error });
    });
    let result: DuckdbResult = { columns: [], rows: [], rowsAffected: null, statement: '' };
    for (let index = 0; index < statements.count; index++) {
      // Prepared one by one: a later statement may need what an earlier one makes.
      const prepared = await statements.prepare(index);
      try {
        if (query.interrupted) throw new Error('INTERRUPT Error: Interrupted!');
        result = await readResult(await prepared.run());
      } finally {
        prepared.destroySync();
      }
    }
    return result;
  }

  interrupt(): void {
    this.#locks.giveUp(this);
    const [running] = this.#open;
    if (!running || running.interrupted) return;
    running.interrupted = true;
    this.#connection.interrupt();
    const repeat = setInterval(() => {
      if (this.#open[0] === running) this.#connection.interrupt();
      else clearInterval(repeat);
    }, interruptMs);
  }

  async close(): Promise<void> {
    this.#locks.giveUp(this);
    await this.#last;
    this.#connection.disconnectSync();
    this.#locks.free(this);
  }
}

const queryResult = 3;

async function readResult(result: DuckDBResult): Promise<DuckdbResult> {
  const statement = StatementType[result.statementType] ?? '';
  const rows = (await result.getRows()).map((row) => row.map(plainValue));
  if (result.returnType === queryResult) {
    const types = result.columnTypes();
    const columns = result.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
    return { columns, rows, rowsAffected: rows.length, statement };
  }
  // CREATE TABLE AS counts its rows in its one row; rowsChanged counts those of the statements that change some.
  const created = statement === 'CREATE' ? rows[0]?.[0] : undefined;
  const changes = ['INSERT', 'UPDATE', 'DELETE', 'COPY', 'MERGE_INTO'].includes(statement);
  const rowsAffected = changes ? result.rowsChanged : typeof created === 'number' ? created : null;
  return { columns: [], rows: [], rowsAffected, statement };
}

function plainValue(value: DuckDBValue): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value.toString();
}
