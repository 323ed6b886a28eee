import { readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parse, stringify } from 'yaml';
import { describeError, MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { print } from '../ask.js';

export type FileFormat = 'json' | 'yaml' | 'env';

/** The format that a file's name says, unless one is asked for. */
export function formatOf(path: string, asked?: FileFormat): FileFormat {
  if (asked !== undefined) return asked;
  const ending = extname(path).toLowerCase();
  return ending === '.env' ? 'env' : ending === '.yaml' || ending === '.yml' ? 'yaml' : 'json';
}

/** Names and what a file holds for each. Throws REQUEST_INVALID. */
export function readEntities(path: string, format: FileFormat): JsonObject {
  let value: Json;
  try {
    const content = readFileSync(path === '-' ? 0 : path, 'utf8');
    value =
      format === 'env' ? parseLines(content) : ((format === 'yaml' ? parse(content) : JSON.parse(content)) as Json);
  } catch (error) {
    throw new MillraceError('REQUEST_INVALID', `${path} cannot be read as ${format}: ${describeError(error)}`, {
      hint: 'Name the format with --format json, yaml or env.',
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new MillraceError('REQUEST_INVALID', `${path} holds no object of names`, {
    hint: 'It begins as {"name": … }; `export` writes one.',
  });
}

/** Writes a file that its owner alone may read; `-` is the terminal. */
export function writeEntities(path: string, entities: JsonObject, format: FileFormat): void {
  const content =
    format === 'env'
      ? Object.entries(entities)
          .map(([name, value]) => `${name}=${String(value)}\n`)
          .join('')
      : format === 'yaml'
        ? stringify(entities)
        : `${JSON.stringify(entities, null, 2)}\n`;
  if (path === '-') print(content);
  else writeFileSync(path, content, { mode: 0o600 });
}

/** `NAME=value` lines; empty lines and lines that begin with # are passed over. */
function parseLines(content: string): JsonObject {
  const lines = content
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      if (at <= 0) throw new Error(`the line ${JSON.stringify(line.slice(0, 20))} is not NAME=value`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
