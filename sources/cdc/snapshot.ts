import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { quoteName, type TableShape } from './catalog.js';
import { LineWriter } from './line-writer.js';
import { valueMarker } from './pgoutput.js';

/** Takes a row of the snapshot in the form of a pgoutput message whose tuple begins at `tupleAt`; valid until it resolves. */
export type SnapshotRow = (shape: TableShape, message: Buffer, isLast: boolean) => Promise<void> | undefined;

/** Where `lineToTuple` begins the tuple: after a byte for its kind, as in pgoutput's messages. */
export const tupleAt = 1;

/**
 * Reads all rows of the tables as they were at an exported snapshot, in the text form in which pgoutput sends values.
 * `onBegin` gets the time of the snapshot in the database (epoch ms) before the first row.
 */
export async function readSnapshot(
  client: pg.Client,
  snapshotName: string,
  shapes: readonly TableShape[],
  onBegin: (takenAt: number) => void,
  onRow: SnapshotRow,
): Promise<void> {
  await client.query('begin isolation level repeatable read read only');
  await client.query(`set transaction snapshot '${snapshotName.replaceAll("'", "''")}'`);
  const { rows } = await client.query('select floor(extract(epoch from now()) * 1000)::float8 as taken_at');
  onBegin(rows[0].taken_at);
  // One row is held back: only the very last one is marked as such.
  const held = new LineWriter(64 * 1024);
  let heldShape: TableShape | null = null;
  for (const shape of shapes) {
    for await (const line of linesOf(client.query(copyTo(copyText(shape))))) {
      if (heldShape) await onRow(heldShape, held.bytes, false);
      lineToTuple(line, shape.columns.length, held);
      heldShape = shape;
    }
  }
  if (heldShape) await onRow(heldShape, held.bytes, true);
  await client.query('commit');
}

function copyText({ schema, table, columns, rowFilter }: TableShape): string {
  const names = columns.map(({ name }) => quoteName(name)).join(', ');
  const where = rowFilter === null ? '' : ` where ${rowFilter}`;
  return `copy (select ${names} from ${quoteName(schema)}.${quoteName(table)}${where}) to stdout`;
}

/** COPY's lines without their line feed; a line feed inside a value is escaped. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const part = chunk.subarray(start, end);
      yield rest.length > 0 ? Buffer.concat([...rest, part]) : part;
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
}

const backslash = 0x5c;
const unescaped: Record<number, number> = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11 };

/** `1\ttext\\n\t\N` -> a tuple with two text values and a null. */
export function lineToTuple(line: Buffer, columns: number, tuple: LineWriter): void {
  tuple.length = 0;
  tuple.reserve(line.length + columns * 5 + 8);
  const { bytes } = tuple;
  bytes[0] = 0x4e;
  let at = bytes.writeUInt16BE(columns, tupleAt);
  let from = 0;
  for (let column = 0; column < columns; column++) {
    if (line[from] === backslash && line[from + 1] === 0x4e) {
      bytes[at++] = valueMarker.null;
      from += 3;
      continue;
    }
    const valueAt = at + 5;
    bytes[at] = valueMarker.text;
    let to = valueAt;
    for (let byte = line[from]; byte !== undefined && byte !== 9; byte = line[++from]) {
      if (byte === backslash) {
        byte = line[++from] as number;
        byte = unescaped[byte] ?? byte;
      }
      bytes[to++] = byte;
    }
    bytes.writeUInt32BE(to - valueAt, at + 1);
    at = to;
    from++;
  }
  tuple.length = at;
}
