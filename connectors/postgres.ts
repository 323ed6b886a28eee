import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { describeError, MillraceError } from '../kernel/errors.js';

export interface PostgresOptions {
  /** Connections at most; 4 when unset. */
  max?: number;
  /** What `pg_stat_activity` shows. */
  applicationName?: string;
  /** Milliseconds to wait for a connection; 10,000 when unset. */
  connectTimeoutMs?: number;
  /** Ends what runs on the server when it aborts; every later call rejects with its reason. */
  signal?: AbortSignal;
}

/** What can be done on a connection, inside a transaction or out of it. */
export interface PostgresSession {
  /**
   * Rows as objects. Exact text for numeric, date, timestamp and timestamptz (in UTC, as PostgreSQL writes them);
   * bigint is a number while it is a safe integer, else a string.
   */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters?: unknown[],
  ): Promise<{ rows: Row[]; rowCount: number }>;
  /**
   * `copy <target> from stdin <options>`: the target is a table with its columns, such as `raw.customers (payload)`;
   * the options are COPY's, such as `(format csv)`. Returns the number of rows. When either side fails, the other is
   * ended and nothing is copied.
   */
  copyFrom(target: string, source: Readable, options?: string): Promise<number>;
}

/** A pool of connections to one database. */
export interface Postgres extends PostgresSession {
  /** Host, port and database, without the password: for people. */
  readonly url: string;
  /** Runs `work` on one connection between BEGIN and COMMIT; rolls back when it throws. */
  transaction<Result>(work: (session: PostgresSession) => Promise<Result>): Promise<Result>;
  end(): Promise<void>;
}

/** Opens a pool; connects when first asked. Throws POSTGRES_UNREACHABLE, from the call that needed the connection. */
export function openPostgres(url: string, options: PostgresOptions = {}): Postgres {
  const shown = withoutPassword(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 4,
    application_name: options.applicationName ?? 'millrace',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
    allowExitOnIdle: true,
    options: '-c TimeZone=UTC -c DateStyle=ISO',
    types: { getTypeParser },
  });
  // An idle connection that the server ends is replaced when the next one is needed.
  pool.on('error', () => {});

  const onClient = async <Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> => {
    options.signal?.throwIfAborted();
    const client = await pool.connect().catch((error) => {
      throw unreachable(shown, error);
    });
    const lost = watchLoss(client);
    const stopWatching = endWith(client, url, options.signal);
    try {
      return await work(client);
    } catch (error) {
      if (endsConnection(error)) lost.error ??= error;
      options.signal?.throwIfAborted();
      throw lost.error === undefined ? error : unreachable(shown, lost.error);
    } finally {
      stopWatching();
      lost.release();
    }
  };

  return {
    url: shown,
    query: (sql, parameters) => onClient((client) => sessionOn(client).query(sql, parameters)),
    copyFrom: (target, source, options) => onClient((client) => sessionOn(client).copyFrom(target, source, options)),
    transaction: (work) =>
      onClient(async (client) => {
        await client.query('begin');
        try {
          const result = await work(sessionOn(client));
          await client.query('commit');
          return result;
        } catch (error) {
          await rollBack(client);
          throw error;
        }
      }),
    end: () => pool.end(),
  };
}

/** The URL as people may see it: its password and its parameters left out. */
export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'a URL that cannot be read';
  const shown = new URL(url);
  shown.password = '';
  shown.search = '';
  return shown.href;
}

function sessionOn(client: pg.PoolClient): PostgresSession {
  return {
    async query<Row extends object>(sql: string, parameters?: unknown[]) {
      const result = await client.query(sql, parameters);
      return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 };
    },
    async copyFrom(target, source, options = '') {
      const sink = client.query(copyFrom(`copy ${target} from stdin ${options}`, { highWaterMark: 1024 * 1024 }));
      await pipeline(source, sink);
      return sink.rowCount;
    },
  };
}

async function rollBack(client: pg.PoolClient): Promise<void> {
  try {
    await client.query('rollback');
  } catch {
    // The connection is gone, and the transaction with it; the error that is being thrown says so.
  }
}

/** Notes when the connection breaks, and gives it back to the pool, or away when it broke. */
function watchLoss(client: pg.PoolClient): { error: Error | undefined; release: () => void } {
  const watch: { error: Error | undefined; release: () => void } = {
    error: undefined,
    release: () => {
      client.removeListener('error', note);
      client.release(watch.error);
    },
  };
  const note = (error: Error) => {
    watch.error ??= error;
  };
  client.on('error', note);
  return watch;
}

/** While a statement runs, an abort cancels it on the server, from a connection of its own. */
function endWith(client: pg.PoolClient, url: string, signal: AbortSignal | undefined): () => void {
  if (!signal) return () => {};
  const { processID } = client as unknown as { processID: number };
  const cancel = async () => {
    const other = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    try {
      await other.connect();
      await other.query('select pg_cancel_backend($1)', [processID]);
    } finally {
      await other.end();
    }
  };
  // When not even that connection can be had, the statement's own is as good as gone.
  const onAbort = () => void cancel().catch((error) => client.emit('error', error));
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

/** Whether the server says that it ends the connection (admin shutdown, crash, connection exceptions). */
function endsConnection(error: unknown): error is Error {
  return error instanceof pg.DatabaseError && /^(08...|57P0[123])$/.test(error.code ?? '');
}

function unreachable(shown: string, error: unknown): MillraceError {
  return new MillraceError('POSTGRES_UNREACHABLE', `cannot speak to ${shown}: ${describeError(error)}`, {
    hint: 'Check the URL, the password and that the server runs.',
    cause: error,
  });
}

const oid = { int8: 20, date: 1082, timestamp: 1114, timestamptz: 1184, numeric: 1700 };
const asText = new Set<number>([oid.date, oid.timestamp, oid.timestamptz, oid.numeric]);

function getTypeParser(type: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (asText.has(type)) return (value) => value;
  if (type === oid.int8) return readBigint;
  return pg.types.getTypeParser(type, format as 'text');
}

function readBigint(value: string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
