import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { declared } from './refs.js';

/** Says what is wrong with a value, or undefined when it may be used. */
export type Check = (value: unknown) => string | undefined;

export const isText: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
export const isFlag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
export const isFunction: Check = (value) => (typeof value === 'function' ? undefined : 'must be a function');
export const isTexts: Check = (value) =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? undefined : 'must be a list of strings';
export const isAnything: Check = () => undefined;
export const isMoment: Check = (value) =>
  typeof value === 'string' || (value instanceof Date && !Number.isNaN(value.getTime()))
    ? undefined
    : 'must be an ISO date or a Date';

export function isOneOf(values: readonly string[]): Check {
  return (value) => (values.includes(value as string) ? undefined : `must be one of ${values.join(', ')}`);
}

export function isNumber(min: number, unit = ''): Check {
  const wanted = `must be a number of at least ${min}${unit && ` ${unit}`}`;
  return (value) => (typeof value === 'number' && Number.isFinite(value) && value >= min ? undefined : wanted);
}

export function isWhole(min: number): Check {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= min ? undefined : `must be a whole number of at least ${min}`;
}

/**
 * Checks an options object against a table of its keys. Throws DAG_INVALID that names `owner`, the key, what was got,
 * and for an unknown key the nearest known one. A key set to undefined counts as not given.
 */
export function checkSpec(owner: string, spec: object, checks: Record<string, Check>): void {
  for (const [key, value] of Object.entries(spec)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (!check) throw unknownKey(owner, key, Object.keys(checks));
    const fault = check(value);
    if (fault) throw new MillraceError('DAG_INVALID', `${owner}: ${key} ${fault}, but it is ${show(value)}`);
  }
}

function unknownKey(owner: string, key: string, known: string[]): MillraceError {
  const near = nearest(key, known);
  return new MillraceError('DAG_INVALID', `${owner} has no option "${key}"`, {
    hint: near ? `Did you mean "${near}"?` : `The options are ${known.join(', ')}.`,
  });
}

/** The known word with the fewest edits from `word`; undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const ranked = [...known]
    .map((candidate) => ({ candidate, edits: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0];
  return ranked && ranked.edits <= Math.max(2, word.length / 3) ? ranked.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** How deep a literal may be nested. */
const depthMax = 100;

/**
 * The value as JSON that comes back unchanged. Throws DAG_INVALID that names the place: a ref inside a list or an object,
 * or something that JSON cannot carry.
 */
export function literalOf(owner: string, value: unknown, path = '', depth = 0): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const place = path ? ` at ${path}` : '';
  if (typeof value === 'object' && value !== null && declared in value) {
    throw new MillraceError('DAG_INVALID', `${owner}: a task is inside a list or an object${place}`, {
      hint: 'A task can only be an argument itself: give the handler one more named argument.',
    });
  }
  if (depth > depthMax) throw new MillraceError('DAG_INVALID', `${owner}: nested deeper than ${depthMax}${place}`);
  if (Array.isArray(value)) return value.map((entry, at) => literalOf(owner, entry, `${path}[${at}]`, depth + 1));
  if (isPlain(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, entry]) => entry !== undefined)
        .map(([key, entry]) => [key, literalOf(owner, entry, path ? `${path}.${key}` : key, depth + 1)]),
    );
  }
  throw new MillraceError('DAG_INVALID', `${owner}: JSON cannot carry ${show(value)}${place}`, {
    hint: 'Give it as a string or a number, or let a task return it.',
  });
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !isPlain(value)) {
    return `a ${value.constructor?.name ?? 'object'}`;
  }
  return JSON.stringify(value) ?? String(value);
}
