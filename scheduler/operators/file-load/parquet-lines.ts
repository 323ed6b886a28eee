import { parquetRows } from '../../../connectors/parquet.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import { ContentError } from './content-error.js';

/** A Parquet file is read as a whole: its index stands at its end. */
const parquetBytesMax = 256 * 1024 * 1024;

/** The rows of a Parquet file of change events as JSON lines. Columns that hold an image as JSON text become objects. */
export async function* parquetLines(bytes: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  if (size > parquetBytesMax) {
    throw new ContentError(`the Parquet file has ${size} bytes, more than ${parquetBytesMax}`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  try {
    for await (const rows of parquetRows(Buffer.concat(chunks))) {
      yield Buffer.from(rows.map((row) => `${JSON.stringify(eventOf(row as JsonObject))}\n`).join(''));
    }
  } catch (error) {
    throw new ContentError(`the Parquet file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** `before`, `after` and `source` are structs, or JSON text where the writer has no structs. */
function eventOf(row: JsonObject): JsonObject {
  const event = { ...row };
  for (const name of ['before', 'after', 'source', 'payload']) {
    const value: Json | undefined = event[name];
    if (typeof value === 'string' && value.trimStart().startsWith('{')) event[name] = JSON.parse(value) as Json;
  }
  return event;
}
