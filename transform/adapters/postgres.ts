import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { MillraceError } from '../../kernel/errors.js';
import { Column, quoteIdentifier, quoteLiteral, Relation, type RelationType } from '../compile/relation.js';
import type { Adapter, Connection, QueryResult, RelationName, SchemaLookup, SchemaName } from './adapter.js';

export interface PostgresSettings {
  /** A libpq-style URL, or the parts of it. */
  connection: pg.ClientConfig;
  /** Sessions at the same time. */
  threads: number;
  role?: string | null;
  searchPath?: string | null;
}

/** Opens PostgreSQL 15 or newer. Sessions are made when first needed and kept warm until `close`. */
export function openPostgresAdapter(settings: PostgresSettings): Adapter {
  return new PostgresAdapter(settings);
}

const connectTimeoutMs = 10_000;
const cancelAgainMs = 200;

class PostgresAdapter implements Adapter {
  readonly type = 'postgres';
  readonly database: string;
  readonly #pool: pg.Pool;
  readonly #settings: PostgresSettings;
  readonly #prepared = new WeakSet<pg.PoolClient>();

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
    const client = new pg.Client(settings.connection);
    this.database = client.database ?? 'postgres';
    this.#pool = new pg.Pool({
      connectionTimeoutMillis: connectTimeoutMs,
      application_name: 'millrace',
      ...settings.connection,
      max: Math.max(1, settings.threads),
      // A session of a warm process may rest for long; the server's end of it is noticed on the next use.
      idleTimeoutMillis: 0,
      keepAlive: true,
      allowExitOnIdle: true,
    });
    // An idle session that the server closed is replaced on the next lease; without a listener Node would stop the process.
    this.#pool.on('error', () => undefined);
  }

  /** A session is made in a few messages: nothing is gained by beginning early. */
  async prepare(): Promise<void> {}

  async withConnection<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const client = await this.#lease();
    const session = new PostgresConnection(client, signal);
    const over = new AbortController();
    const cancel = () => void this.#cancel(client, over.signal);
    signal?.addEventListener('abort', cancel, { once: true });
    let broken: Error | undefined;
    try {
      return await work(session);
    } catch (error) {
      if (session.lost) broken = error as Error;
      throw signal?.aborted ? (signal.reason ?? error) : error;
    } finally {
      over.abort();
      signal?.removeEventListener('abort', cancel);
      if (!broken && session.inTransaction)
        broken = await session.rollback().then(
          () => undefined,
          (error) => error,
        );
      client.release(broken ?? signal?.aborted);
    }
  }

  async #lease(): Promise<pg.PoolClient> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw databaseError(error, null);
    }
    if (this.#prepared.has(client)) return client;
    const { role, searchPath } = this.#settings;
    if (role) await client.query(`set role ${quoteIdentifier(role)}`);
    if (searchPath) await client.query(`set search_path to ${searchPath}`);
    this.#prepared.add(client);
    return client;
  }

  /**
   * Asks the server, through a session of its own, to stop what this one runs, until it has: a statement that was sent
   * but has not begun there does not hear the first time.
   */
  async #cancel(client: pg.PoolClient, over: AbortSignal): Promise<void> {
    const processId = (client as unknown as { processID: number | null }).processID;
    const other = new pg.Client({ ...this.#settings.connection, connectionTimeoutMillis: connectTimeoutMs });
    // A session that is ended while nobody asks it anything says so here; the next question fails.
    other.on('error', () => undefined);
    try {
      await other.connect();
      while (!over.aborted) {
        await other.query('select pg_cancel_backend($1)', [processId]);
        await delay(cancelAgainMs, undefined, { signal: over });
      }
    } catch {
      // It has stopped, or the server cannot be asked any more: the session ends by itself with the process.
    } finally {
      await other.end().catch(() => undefined);
    }
  }

  async lookup(connection: Connection, { schema }: SchemaName, identifiers: readonly string[]): Promise<SchemaLookup> {
    const names = identifiers.map(quoteLiteral).join(', ') || 'null';
    const { rows } = await connection.query(
      `select c.relname::text, c.relkind::text from pg_catalog.pg_namespace n left join pg_catalog.pg_class c ` +
        `on c.relnamespace = n.oid and c.relname in (${names}) and c.relkind in ('r','p','v','m','f') where n.nspname = ${quoteLiteral(schema)}`,
    );
    const found = rows.flatMap(([identifier, kind]): [string, RelationType][] => {
      const type = relationType(kind);
      return type === null ? [] : [[String(identifier), type]];
    });
    return { schemaExists: rows.length > 0, types: new Map(found) };
  }

  async listRelations(connection: Connection, schemas: string[]): Promise<Relation[]> {
    if (schemas.length === 0) return [];
    const { rows } = await connection.query(
      `select n.nspname::text, c.relname::text, c.relkind::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace ` +
        `where c.relkind in ('r','p','v','m','f') and n.nspname in (${schemas.map(quoteLiteral).join(', ')}) order by 1, 2`,
    );
    return rows.map(
      ([schema, identifier, kind]) =>
        new Relation({
          database: this.database,
          schema: String(schema),
          identifier: String(identifier),
          type: relationType(kind),
        }),
    );
  }

  async columnsOf(connection: Connection, name: RelationName): Promise<Column[]> {
    // A temporary relation has no schema that one could name.
    const where = name.schema
      ? `c.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = ${quoteLiteral(name.schema)}) and c.relname = ${quoteLiteral(name.identifier)}`
      : `c.relname = ${quoteLiteral(name.identifier)} and c.relnamespace = pg_catalog.pg_my_temp_schema()`;
    const { rows } = await connection.query(
      `select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod) from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid ` +
        `where ${where} and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    );
    return rows.map(([column, type]) => new Column(String(column), String(type)));
  }

  async columnsOfQuery(connection: Connection, sql: string): Promise<Column[]> {
    const { columns } = await connection.query(`select * from (\n${sql}\n) as __columns where false limit 0`);
    if (columns.length === 0) return [];
    const types = columns.map(({ type }) => type.split(':').map(Number));
    const { rows } = await connection.query(
      `select pg_catalog.format_type(t.oid, nullif(t.modifier, -1)) from unnest(array[${types.map(([oid]) => oid).join(',')}]::oid[], array[${types.map(([, modifier]) => modifier).join(',')}]::int[]) with ordinality t(oid, modifier, position) order by t.position`,
    );
    return columns.map(({ name }, index) => new Column(name, String(rows[index]?.[0])));
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

class PostgresConnection implements Connection {
  inTransaction = false;
  /** The session itself is gone, not only a statement. */
  lost = false;
  readonly #client: pg.PoolClient;
  readonly #signal: AbortSignal | undefined;

  constructor(client: pg.PoolClient, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#signal = signal;
  }

  async query(sql: string): Promise<QueryResult> {
    this.#signal?.throwIfAborted();
    return this.#run(sql);
  }

  async #run(sql: string): Promise<QueryResult> {
    try {
      const answer = await this.#client.query({ text: sql, rowMode: 'array', types: textTypes });
      const results = (Array.isArray(answer) ? answer : [answer]) as pg.QueryArrayResult[];
      return readResult(results.at(-1) as pg.QueryArrayResult, sql);
    } catch (error) {
      this.lost = isLost(error);
      throw databaseError(error, sql);
    }
  }

  async begin(lock?: string): Promise<void> {
    if (!this.inTransaction) {
      await this.query('begin');
      this.inTransaction = true;
    }
    if (lock !== undefined)
      await this.query(`select pg_advisory_xact_lock(hashtextextended(${quoteLiteral(lock)}, 0))`);
  }

  async commit(): Promise<void> {
    if (!this.inTransaction) return;
    const { code } = await this.query('commit');
    this.inTransaction = false;
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (code === 'ROLLBACK')
      throw new MillraceError(
        'SQL_DATABASE_ERROR',
        'the transaction was rolled back, since a statement in it had failed',
      );
  }

  async rollback(): Promise<void> {
    if (!this.inTransaction) return;
    this.inTransaction = false;
    await this.#run('rollback');
  }

  async copyCsv(relation: Relation, columns: string[], csv: Readable): Promise<number> {
    const sql = `copy ${relation.render()} (${columns.map(quoteIdentifier).join(', ')}) from stdin with (format csv)`;
    const sink = this.#client.query(copyFrom(sql));
    try {
      await pipeline(csv, sink);
      return sink.rowCount ?? 0;
    } catch (error) {
      this.lost = isLost(error);
      throw databaseError(error, sql);
    }
  }
}

/** Text for everything but what JavaScript holds exactly: small integers, floats, booleans. */
const textTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number) {
    return (parsers[oid] ?? String) as never;
  },
};

const parsers: Record<number, (text: string) => unknown> = {
  16: (text) => text === 't',
  20: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text),
  21: Number,
  23: Number,
  26: Number,
  700: Number,
  701: Number,
};

function readResult(result: pg.QueryArrayResult, sql: string): QueryResult {
  const code = commandOf(result.command ?? '', sql);
  const count = result.rowCount;
  const hasRows = result.fields.length > 0;
  const message =
    code === 'INSERT' ? `INSERT 0 ${count ?? 0}` : count === null || count === undefined ? code : `${code} ${count}`;
  return {
    columns: result.fields.map((field) => ({
      name: field.name,
      type: `${field.dataTypeID}:${field.dataTypeModifier}`,
    })),
    rows: hasRows ? result.rows : [],
    rowsAffected: count ?? null,
    message,
    code,
  };
}

/** The server says `CREATE VIEW`, of which the driver keeps the first word: the second is read from the statement. */
function commandOf(word: string, sql: string): string {
  if (!/^(CREATE|DROP|ALTER|REFRESH)$/.test(word)) return word;
  const found = new RegExp(
    `\\b${word}\\s+(?:or\\s+replace\\s+|temporary\\s+|unlogged\\s+|unique\\s+)*(materialized\\s+view|[a-z]+)`,
    'i',
  ).exec(sql);
  return found ? `${word} ${(found[1] as string).toUpperCase().replace(/\s+/, ' ')}` : word;
}

function relationType(kind: unknown): RelationType | null {
  if (kind === 'v') return 'view';
  if (kind === 'm') return 'materialized_view';
  if (kind === 'f') return 'external';
  return kind === 'r' || kind === 'p' ? 'table' : null;
}

function isLost(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? '';
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P)/.test(code);
}

/** The database's own words, with the line it points at. */
function databaseError(error: unknown, sql: string | null): MillraceError {
  if (error instanceof MillraceError) return error;
  const { message, detail, hint, position, where, errors } = error as pg.DatabaseError & { errors?: Error[] };
  const text = message || errors?.map((each) => each.message).join('; ') || String(error);
  const parts = [text];
  if (sql && position) parts.push(excerpt(sql, Number(position)));
  if (detail) parts.push(`DETAIL: ${detail}`);
  if (where && !position) parts.push(`CONTEXT: ${where.split('\n')[0]}`);
  return new MillraceError('SQL_DATABASE_ERROR', parts.join('\n'), { ...(hint ? { hint: `HINT: ${hint}` } : {}) });
}

const excerptCharsMax = 200;

function excerpt(sql: string, position: number): string {
  const before = [...sql].slice(0, position - 1).join('');
  const lineNumber = before.split('\n').length;
  const column = before.length - (before.lastIndexOf('\n') + 1);
  const line = (sql.split('\n')[lineNumber - 1] ?? '').slice(0, excerptCharsMax);
  const label = `LINE ${lineNumber}: `;
  return `${label}${line}\n${' '.repeat(label.length + Math.min(column, excerptCharsMax))}^`;
}
