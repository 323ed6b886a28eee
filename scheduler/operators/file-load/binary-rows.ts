/**
 * Lines of JSON as rows of one jsonb column in COPY's binary format. PostgreSQL then need not look at each byte for the
 * end of the line, which saves a fifth of the work of a load. A blank line is a row that it refuses.
 */
export async function* binaryRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield fileHeader;
  /** Pieces of the line that no chunk has ended yet. */
  let pieces: Buffer[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(newline);
    if (end < 0) {
      pieces.push(chunk);
      continue;
    }
    const start = pieces.length === 0 ? 0 : chunk.indexOf(newline) + 1;
    if (start > 0) yield* rowOf([...pieces, chunk.subarray(0, start - 1)]);
    if (start <= end) yield rowsOf(chunk.subarray(start, end + 1));
    pieces = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
  }
  if (pieces.length > 0) yield* rowOf(pieces);
  yield fileTrailer;
}

/** COPY's options that go with `binaryRows`. */
export const binaryCopyOptions = '(format binary)';

const newline = 10;
/** Signature, no flags, no header extension. */
const fileHeader = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const fileTrailer = Buffer.from([0xff, 0xff]);
/** Number of columns (2 bytes), length of the value (4), version of jsonb's text form (1). */
const rowHeaderBytes = 7;

function* rowOf(pieces: Buffer[]): Generator<Buffer> {
  const header = Buffer.alloc(rowHeaderBytes);
  writeRowHeader(
    header,
    0,
    pieces.reduce((sum, { length }) => sum + length, 0),
  );
  yield header;
  yield* pieces;
}

/** Whole lines, each with its newline. */
function rowsOf(lines: Buffer): Buffer {
  let count = 0;
  for (let at = lines.indexOf(newline); at >= 0; at = lines.indexOf(newline, at + 1)) count += 1;
  const rows = Buffer.allocUnsafe(lines.length + count * (rowHeaderBytes - 1));
  let to = 0;
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(newline, start);
    writeRowHeader(rows, to, end - start);
    to += rowHeaderBytes + lines.copy(rows, to + rowHeaderBytes, start, end);
    start = end + 1;
  }
  return rows;
}

function writeRowHeader(into: Buffer, at: number, length: number): void {
  into.writeInt16BE(1, at);
  into.writeInt32BE(length + 1, at + 2);
  into[at + 6] = 1;
}
