import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { ContentError } from './content-error.js';
import { parquetLines } from './parquet-lines.js';

/** What was seen of a file while it streamed past. */
export interface LineCount {
  lines: number;
  /** Bytes after unzipping. */
  bytes: number;
}

/**
 * The bytes of a file of JSON lines, unzipped where they are gzip and made of rows where they are Parquet (told by their
 * first bytes, not by the name). Nothing is parsed; lines are counted. Throws ContentError for bytes that no file of
 * JSON lines can have.
 */
export async function* jsonLines(object: Readable, size: number, count: LineCount): AsyncGenerator<Buffer> {
  let last = newline;
  for await (const chunk of unzipped(object, size)) {
    const control = firstControlByte(chunk);
    if (control !== undefined) throw controlByte(count.lines + countLines(chunk.subarray(0, control)) + 1);
    count.lines += countLines(chunk);
    count.bytes += chunk.length;
    last = chunk[chunk.length - 1] as number;
    yield chunk;
  }
  if (count.bytes === 0) throw new ContentError('the file is empty');
  if (last !== newline) count.lines += 1;
}

/**
 * COPY's options that go with `jsonLines`: CSV with two control bytes as quote and delimiter. JSON has neither, so each
 * line arrives untouched as one column.
 */
export const copyOptions = `(format csv, quote e'\\x01', delimiter e'\\x02')`;

const newline = 10;
const quote = 1;
const delimiter = 2;

async function* unzipped(object: Readable, size: number): AsyncGenerator<Buffer> {
  const chunks = object[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await firstBytes(chunks, 4);
  const bytes = (async function* () {
    if (first.length > 0) yield first;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  })();
  if (first[0] === 0x1f && first[1] === 0x8b) yield* gunzip(bytes, size);
  else if (first.toString('latin1', 0, 4) === 'PAR1') yield* parquetLines(bytes, size);
  else yield* bytes;
}

async function firstBytes(chunks: AsyncIterator<Buffer>, wanted: number): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < wanted) {
    const next = await chunks.next();
    if (next.done) break;
    bytes = bytes.length === 0 ? next.value : Buffer.concat([bytes, next.value]);
  }
  return bytes;
}

async function* gunzip(bytes: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: 256 * 1024 });
  let sourceError: { error: unknown } | undefined;
  const feeding = feed(bytes, unzip).catch((error) => {
    sourceError = { error };
    unzip.destroy(error as Error);
  });
  try {
    yield* unzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (sourceError) throw sourceError.error;
    throw gzipFault(error);
  } finally {
    unzip.destroy();
    await feeding;
  }
  if (unzip.bytesWritten < size) {
    throw new ContentError(`the gzip data ends ${size - unzip.bytesWritten} bytes before the file does`);
  }
}

async function feed(bytes: AsyncIterable<Buffer>, unzip: Gunzip): Promise<void> {
  for await (const chunk of bytes) {
    if (unzip.destroyed) return;
    if (!unzip.write(chunk)) await drained(unzip);
  }
  unzip.end();
}

function drained(unzip: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unzip.removeListener('drain', done).removeListener('close', done).removeListener('end', done);
      resolve();
    };
    unzip.once('drain', done).once('close', done).once('end', done);
  });
}

function gzipFault(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'Z_BUF_ERROR') return new ContentError('the gzip data ends in the middle', { cause: error });
  if (code?.startsWith('Z_')) {
    return new ContentError(`the gzip data is damaged: ${(error as Error).message}`, { cause: error });
  }
  return error;
}

function firstControlByte(chunk: Buffer): number | undefined {
  const found = [chunk.indexOf(quote), chunk.indexOf(delimiter)].filter((at) => at >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
}

function controlByte(line: number): ContentError {
  return new ContentError('a line has a control character that JSON does not allow', { line });
}

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines += 1;
  return lines;
}
