import type { Readable } from 'node:stream';
import type { JsonObject } from '../../kernel/json.js';
import type { Column, Relation, RelationType } from '../compile/relation.js';

/** What one statement (or the last of several in one text) gave back. */
export interface QueryResult {
  columns: { name: string; type: string }[];
  /** Values as the database wrote them: text for exact numerics and times, numbers, booleans, null. */
  rows: unknown[][];
  /** Rows that an INSERT, UPDATE, DELETE, MERGE, SELECT or CREATE TABLE AS touched; null where that has no meaning. */
  rowsAffected: number | null;
  /** The command's own word, e.g. `INSERT 0 12`; what dbt calls `adapter_response._message`. */
  message: string;
  /** `INSERT`, `CREATE TABLE` … */
  code: string;
}

export interface SchemaName {
  database: string | null;
  schema: string;
}

export interface RelationName extends SchemaName {
  identifier: string;
}

export interface SchemaLookup {
  schemaExists: boolean;
  /** By identifier; what does not exist is left out. */
  types: Map<string, RelationType>;
}

/**
 * One session with the database, leased for the life of one node. Statements run one after another; several may stand in one
 * text. Outside begin/commit each statement commits by itself.
 */
export interface Connection {
  query(sql: string): Promise<QueryResult>;
  /** Begins a transaction. With a `lock` it waits until no other transaction of the database holds the lock of that name. */
  begin(lock?: string): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  readonly inTransaction: boolean;
  /** Loads rows of CSV text (no header, empty field = null unless quoted) into existing columns, the fastest way the database has. */
  copyCsv(relation: Relation, columns: string[], csv: Readable): Promise<number>;
}

/** A warehouse as the engine sees it: sessions, its catalog, and its words for things. One contract suite holds for all. */
export interface Adapter {
  readonly type: 'postgres' | 'duckdb';
  /** The database (catalog) that unqualified names live in. */
  readonly database: string;
  /** Begins what takes long before the first session and happens elsewhere; a fault shows with the session. */
  prepare(): Promise<void>;
  /** Runs `work` on a session of its own; waits when all are taken. The signal cancels the running statement. */
  withConnection<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** One look at the catalog: does the schema exist, and what is behind those of the identifiers that it has. */
  lookup(connection: Connection, place: SchemaName, identifiers: readonly string[]): Promise<SchemaLookup>;
  /** Every table and view of the schemas (of those of one schema when one is given). */
  listRelations(connection: Connection, schemas: string[]): Promise<Relation[]>;
  columnsOf(connection: Connection, name: RelationName): Promise<Column[]>;
  /** The columns that a SELECT would give, without running it. */
  columnsOfQuery(connection: Connection, sql: string): Promise<Column[]>;
  close(): Promise<void>;
}

/** The keys that dbt's artifacts show of a statement. */
export function adapterResponse(result: QueryResult): JsonObject {
  const response: JsonObject = { _message: result.message, code: result.code };
  if (result.rowsAffected !== null) response['rows_affected'] = result.rowsAffected;
  return response;
}
