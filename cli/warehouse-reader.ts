import pg from 'pg';
import type { ColumnType, QueryResult, WarehouseReader } from '../server/deps.js';

const statementMsMax = 15_000;
const connectMsMax = 5_000;
const connectionsMax = 4;
/** A page shows tables and charts, not exports. */
const rowsMax = 10_000;

const textParsers = { getTypeParser: () => (text: string) => text };

/**
 * Reads the warehouse for pages: one statement in a read-only transaction of its own, with a limit on time and rows.
 */
export function openWarehouseReader(url: string): WarehouseReader & { end(): Promise<void> } {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    application_name: 'millrace web',
    connectionTimeoutMillis: connectMsMax,
    idleTimeoutMillis: 30_000,
    options: `-c TimeZone=UTC -c DateStyle=ISO -c statement_timeout=${statementMsMax} -c default_transaction_read_only=on`,
    types: textParsers,
  });
  // A connection that the server ended is replaced by the next query.
  pool.on('error', () => {});
  return {
    async query(sql, values = []) {
      const client = await pool.connect();
      try {
        await client.query('begin read only');
        // The extended protocol takes one statement: none can end the transaction and go on outside it.
        const query = { text: sql, values, rowMode: 'array' as const, queryMode: 'extended' };
        const result = await client.query<(string | null)[]>(query);
        await client.query('commit');
        return shape(result);
      } catch (thrown) {
        await client.query('rollback');
        throw thrown;
      } finally {
        client.release();
      }
    },
    end: () => pool.end(),
  };
}

function shape(result: pg.QueryArrayResult<(string | null)[]>): QueryResult {
  const columns = result.fields.map(({ name, dataTypeID }) => ({ name, type: typeOf(dataTypeID) }));
  const rows = result.rows.slice(0, rowsMax).map((row) => row.map((text, index) => cellOf(text, columns[index]?.type)));
  return { columns, rows };
}

/** OIDs of PostgreSQL's own types. */
const types: Record<ColumnType, readonly number[]> = {
  boolean: [16],
  number: [20, 21, 23, 26, 700, 701, 1700],
  time: [1082, 1114, 1184],
  json: [114, 3802],
  text: [],
};

function typeOf(oid: number): ColumnType {
  const found = (Object.keys(types) as ColumnType[]).find((type) => types[type].includes(oid));
  return found ?? 'text';
}

function cellOf(text: string | null, type: ColumnType | undefined): string | number | boolean | null {
  if (text === null) return null;
  if (type === 'boolean') return text === 't';
  return text;
}
