import { parseDocument, type Tags } from 'yaml';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';

/** The most aliases that one document may expand: a bomb of references ends as an error. */
const aliasesMax = 1_000;

/**
 * Reads a YAML file as dbt does (YAML 1.1: `yes` and `on` are true, a key twice is an error). Empty gives an empty object.
 * Throws SQL_PROJECT_INVALID with file, line and column.
 */
export function readYamlObject(text: string, path: string): JsonObject {
  const value = readYaml(text, path);
  if (value === null) return {};
  if (!isObject(value))
    throw new MillraceError('SQL_PROJECT_INVALID', `${path}: expected keys and values, got ${describe(value)}`);
  return value;
}

/** Reads any YAML value. */
export function readYaml(text: string, path: string): Json {
  const document = parseDocument(text, {
    version: '1.1',
    uniqueKeys: true,
    merge: true,
    prettyErrors: true,
    customTags: asPython,
  });
  const fault = document.errors[0];
  if (fault) {
    const at = fault.linePos?.[0];
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `${path}${at ? `:${at.line}:${at.col}` : ''}: ${(fault.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`,
      { hint: 'The file is not valid YAML.' },
    );
  }
  try {
    return plain(document.toJS({ maxAliasCount: aliasesMax }));
  } catch (error) {
    throw new MillraceError('SQL_PROJECT_INVALID', `${path}: ${(error as Error).message}`);
  }
}

/** Python's YAML reads `yes` and `on` as true, but `y` and `n` as text: a column may be called so. */
const asPython = (tags: Tags): Tags =>
  tags.map((tag) => {
    if (typeof tag !== 'object' || tag.tag !== 'tag:yaml.org,2002:bool' || !('test' in tag) || !tag.test) return tag;
    const { test } = tag;
    return {
      ...tag,
      test: test.test('true')
        ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
        : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
    };
  });

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a value is, for messages: `a list`, `the text "x"`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return `an object with the keys ${Object.keys(value).join(', ') || '(none)'}`;
  return typeof value === 'string' ? `the text ${JSON.stringify(value)}` : `${typeof value} ${String(value)}`;
}

/** Dates of YAML 1.1 become the text that Python prints; sets and maps with other keys become objects. */
function plain(value: unknown): Json {
  if (value instanceof Date) {
    const iso = value.toISOString();
    return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso.replace('T', ' ').replace(/\.000Z$|Z$/, '');
  }
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map || value instanceof Set)
    return Object.fromEntries([...value.entries()].map(([key, each]) => [String(key), plain(each)]));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  return value as Json;
}
