/** The largest value of PostgreSQL's `integer`. */
const integerMax = 2_147_483_647;

type Kind = 'integer' | 'number' | 'date' | 'timestamp' | 'boolean' | 'text';

const patterns: [Kind, RegExp][] = [
  ['integer', /^[+-]?\d+$/],
  ['number', /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i],
  ['date', /^\d{4}-\d{2}-\d{2}$/],
  ['timestamp', /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/],
  ['boolean', /^(true|false)$/i],
];

const types: Record<'postgres' | 'duckdb', Record<Kind, string>> = {
  postgres: {
    integer: 'integer',
    number: 'float8',
    date: 'date',
    timestamp: 'timestamp without time zone',
    boolean: 'boolean',
    text: 'text',
  },
  duckdb: {
    integer: 'integer',
    number: 'double',
    date: 'date',
    timestamp: 'timestamp',
    boolean: 'boolean',
    text: 'varchar',
  },
};

/**
 * The type of a seed's column: the narrowest that every value fits, as dbt infers it; a whole number too large for `integer` makes it
 * `bigint` (or `numeric`) instead of an error, and a column with no value at all is an integer, as dbt has it.
 */
export function inferSeedType(rows: string[][], column: number, adapter: 'postgres' | 'duckdb'): string {
  let possible = patterns;
  let largest = 0;
  for (const row of rows) {
    const value = (row[column] as string).trim();
    if (value === '' || value.toLowerCase() === 'null') continue;
    possible = possible.filter(([, pattern]) => pattern.test(value));
    if (possible.length === 0) return types[adapter].text;
    if (possible[0]?.[0] === 'integer') largest = Math.max(largest, Math.abs(Number(value)));
  }
  const kind = (possible.find(([each]) => isReal(each, rows, column))?.[0] ?? 'text') as Kind;
  if (kind === 'integer' && largest > integerMax) return largest > Number.MAX_SAFE_INTEGER ? 'numeric' : 'bigint';
  return types[adapter][kind];
}

/** Digits in the shape of a date need not be one: 2024-02-31 stays text. */
function isReal(kind: Kind, rows: string[][], column: number): boolean {
  if (kind !== 'date' && kind !== 'timestamp') return true;
  return rows.every((row) => {
    const value = (row[column] as string).trim();
    if (value === '' || value.toLowerCase() === 'null') return true;
    const day = new Date(`${value.slice(0, 10)}T00:00:00Z`);
    return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value.slice(0, 10));
  });
}
