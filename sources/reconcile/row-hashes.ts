import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

/** Keys in ascending order, and for each the first 52 bits of a hash of its row: exact in a double. */
export interface RowHashes {
  keys: Float64Array;
  hashes: Float64Array;
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

/** Reads the result of `select key, hash … order by key`. A row costs 16 bytes here. */
export async function readHashes(client: pg.Client, select: string): Promise<RowHashes> {
  let keys = new Float64Array(1024);
  let hashes = new Float64Array(1024);
  let count = 0;
  let rest = '';
  for await (const chunk of client.query(copyTo(`copy (${select}) to stdout`))) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      if (count === keys.length) {
        keys = grown(keys);
        hashes = grown(hashes);
      }
      const tab = line.indexOf('\t');
      keys[count] = Number(line.slice(0, tab));
      hashes[count++] = Number(line.slice(tab + 1));
    }
  }
  return { keys: keys.subarray(0, count), hashes: hashes.subarray(0, count) };
}

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

function grown(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
