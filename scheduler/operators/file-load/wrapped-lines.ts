import type { Json } from '../../../kernel/json.js';
import { ContentError } from './content-error.js';
import { readDebeziumEvent } from './debezium.js';

/**
 * The same lines, of which those that Kafka Connect wrapped are unwrapped; a tombstone becomes `null`. What is no JSON
 * passes as it came, byte by byte, for PostgreSQL to say so. Throws ContentError for a wrapped event that cannot be read.
 */
export async function* unwrappedLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = '';
  let number = 0;
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() as string;
    if (lines.length > 0) yield Buffer.from(lines.map((line) => `${unwrapped(line, ++number)}\n`).join(''), 'latin1');
  }
  if (rest !== '') yield Buffer.from(unwrapped(rest, number + 1), 'latin1');
}

/** `line` is bytes, one character each; so is the answer. */
function unwrapped(line: string, number: number): string {
  if (!line.includes('"payload"')) return line;
  const text = Buffer.from(line, 'latin1').toString('utf8');
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return line;
  if (!('payload' in value) || 'op' in value) return line;
  try {
    return Buffer.from(JSON.stringify(readDebeziumEvent(value))).toString('latin1');
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    throw new ContentError(error.message, { line: number, excerpt: text });
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null; // PostgreSQL names the line and what is wrong with it.
  }
}
