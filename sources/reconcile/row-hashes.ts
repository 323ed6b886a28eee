import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

/** Keys in ascending order, and for each the first 52 bits of a hash of its row: exact in a double. */
export interface RowHashes {
  keys: Float64Array;
  hashes: Float64Array;
}

/** What one scan of a table came to. */
export interface TableHashes {
  rows: RowHashes;
  /** Of the columns that the table's model has too, for the same keys; zeros where there is no model. */
  models: RowHashes;
  /** The exact sum of the amounts as text; null when there are none. */
  sum: string | null;
}

export interface RowDifference {
  key: number;
  /** `missing` in what is compared, `unexpected` there, or `different`. */
  kind: 'missing' | 'unexpected' | 'different';
}

/** SQL for the hash of some expressions of any type; null is unlike every text. */
export function hashSql(expressions: readonly string[]): string {
  const texts = expressions.map((expression) => `coalesce((${expression})::text, chr(30))`);
  return `('x' || left(md5(concat_ws(chr(31), ${texts.join(', ')})), 13))::bit(52)::bigint`;
}

/** Reads the result of `select key, hash …`, in any order. */
export async function readHashes(client: pg.Client, select: string): Promise<RowHashes> {
  const { rows } = await readTableHashes(
    client,
    `select scan.*, 0 as model_hash, null::numeric as amount from (${select}) as scan`,
  );
  return rows;
}

/** Reads the result of `select key, hash, model_hash, amount …`, in any order, in one scan. A row costs 24 bytes here. */
export async function readTableHashes(client: pg.Client, select: string): Promise<TableHashes> {
  const columns = [1, 2, 3].map(() => new Float64Array(1024)) as [Float64Array, Float64Array, Float64Array];
  let count = 0;
  let sum: string | null = null;
  let rest = '';
  const sql = `
    with scan (key, hash, model_hash, amount) as materialized (${select})
    (select key, hash::text, model_hash from scan order by key)
    union all select null, sum(amount)::text, null from scan`;
  for await (const chunk of client.query(copyTo(`copy (${sql}) to stdout`))) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const [key, hash, modelHash] = line.split('\t') as [string, string, string];
      if (key === nullText) {
        sum = hash === nullText ? null : hash;
        continue;
      }
      if (count === columns[0].length) {
        for (const [index, column] of columns.entries()) columns[index] = grown(column);
      }
      columns[0][count] = Number(key);
      columns[1][count] = Number(hash);
      columns[2][count] = Number(modelHash);
      count += 1;
    }
  }
  const [keys, hashes, modelHashes] = columns.map((column) => column.subarray(0, count)) as typeof columns;
  return { rows: { keys, hashes }, models: { keys, hashes: modelHashes }, sum };
}

/** COPY's text for null. */
const nullText = '\\N';

/** What of `actual` is not as in `expected`, leaving out the keys for which `isExempt` is true. */
export function compareHashes(
  expected: RowHashes,
  actual: RowHashes,
  isExempt: (key: number) => boolean = () => false,
): RowDifference[] {
  const differences: RowDifference[] = [];
  const add = (key: number, kind: RowDifference['kind']) => {
    if (!isExempt(key)) differences.push({ key, kind });
  };
  let i = 0;
  let j = 0;
  while (i < expected.keys.length || j < actual.keys.length) {
    const wanted = expected.keys[i] ?? Number.POSITIVE_INFINITY;
    const got = actual.keys[j] ?? Number.POSITIVE_INFINITY;
    if (wanted < got) {
      add(wanted, 'missing');
      i++;
    } else if (got < wanted) {
      add(got, 'unexpected');
      j++;
    } else {
      if (expected.hashes[i] !== actual.hashes[j]) add(got, 'different');
      i++;
      j++;
    }
  }
  return differences;
}

function grown(values: Float64Array): Float64Array {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
