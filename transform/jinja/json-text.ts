import { RuntimeFault } from './errors.js';
import { floatText, narrow, repr, str } from './text.js';
import { Dict, Float, float, isMapping, mappingEntries } from './values.js';

export interface JsonShape {
  sortKeys?: boolean;
  /** Blanks per level; one line when undefined. */
  indent?: number | undefined;
}

/** Python's `json.dumps(value)`; gives `preset` when the value cannot be written and a preset is given. */
export function toJsonText(value: unknown, preset: unknown, shape: JsonShape = {}): unknown {
  try {
    return write(value, shape, 0);
  } catch (error) {
    if (preset !== undefined && error instanceof RuntimeFault) return preset;
    throw error;
  }
}

/** Jinja's filter `tojson`: keys in order, and nothing that HTML would read. */
export function jsonForHtml(value: unknown, indent: number | undefined): string {
  return write(value, { sortKeys: true, indent }, 0).replace(
    /[<>&']/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const depthMax = 200;

function write(value: unknown, shape: JsonShape, depth: number): string {
  if (depth > depthMax) throw new RuntimeFault('the value is nested too deeply, or holds itself');
  if (value === null) return 'null';
  if (typeof value === 'string') return asciiString(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number' || value instanceof Float) return numberText(value);
  const inner = (item: unknown) => write(item, shape, depth + 1);
  if (Array.isArray(value)) return bracketed('[]', value.map(inner), shape, depth);
  if (isMapping(value)) {
    const entries = mappingEntries(value).map(([key, item]) => [keyText(key), item] as const);
    if (shape.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const written = entries.map(([key, item]) => `${asciiString(key)}: ${inner(item)}`);
    return bracketed('{}', written, shape, depth);
  }
  throw new RuntimeFault(`a value cannot be written as JSON: ${repr(value)}`);
}

function bracketed(brackets: string, parts: string[], { indent }: JsonShape, depth: number): string {
  if (indent === undefined || parts.length === 0) return brackets[0] + parts.join(', ') + brackets[1];
  const line = (level: number) => `\n${' '.repeat(Math.min(indent, 100) * level)}`;
  return `${brackets[0]}${line(depth + 1)}${parts.join(`,${line(depth + 1)}`)}${line(depth)}${brackets[1]}`;
}

function numberText(value: number | Float): string {
  const number = Number(value);
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? 'Infinity' : '-Infinity';
  return value instanceof Float || !Number.isInteger(number) ? floatText(number) : String(value);
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'boolean') return String(key);
  if (typeof key === 'number' || typeof key === 'bigint' || key instanceof Float) return str(key);
  throw new RuntimeFault(`the key of a dict cannot be written as JSON: ${repr(key)}`);
}

/** Everything beyond ASCII as \u escapes, as Python does. */
function asciiString(text: string): string {
  return JSON.stringify(text).replace(/[\x7f-\uffff]/g, (unit) =>
    unit === '\x7f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Python's `json.loads(text)`; gives `preset` for a text that is no JSON, when a preset is given. */
export function fromJsonText(value: unknown, preset: unknown): unknown {
  if (typeof value !== 'string') {
    if (preset !== undefined) return preset;
    throw new RuntimeFault(`fromjson() needs text, got ${repr(value)}`);
  }
  try {
    return new JsonReader(value).read();
  } catch (error) {
    if (preset !== undefined) return preset;
    throw new RuntimeFault(`fromjson(): ${(error as Error).message}`);
  }
}

/** JSON.parse then refuses what JSON does not allow in it. */
const jsonString = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;

/** Reads JSON with Python's types: `1.0` stays a float, big ints stay exact, dicts keep their order. */
class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    const value = this.#value();
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#fault();
    return value;
  }

  #value(): unknown {
    if (++this.#depth > depthMax) throw new SyntaxError('nested too deeply');
    this.#blanks();
    const value = this.#valueHere();
    this.#depth--;
    return value;
  }

  #valueHere(): unknown {
    const character = this.#text[this.#at];
    if (character === '{') return this.#object();
    if (character === '[') return this.#array();
    if (character === '"') return this.#string();
    const word = this.#match(/(?:true|false|null|NaN|-?Infinity)\b/y);
    if (word !== undefined) return words.get(word);
    const number = this.#match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number === undefined) throw this.#fault();
    return /[.eE]/.test(number) ? float(Number(number)) : narrow(BigInt(number));
  }

  #object(): Dict {
    const made = new Dict();
    this.#at++;
    this.#blanks();
    if (this.#skip('}')) return made;
    do {
      this.#blanks();
      const key = this.#string();
      this.#blanks();
      if (!this.#skip(':')) throw this.#fault();
      made.set(key, this.#value());
      this.#blanks();
    } while (this.#skip(','));
    if (!this.#skip('}')) throw this.#fault();
    return made;
  }

  #array(): unknown[] {
    const made: unknown[] = [];
    this.#at++;
    this.#blanks();
    if (this.#skip(']')) return made;
    do {
      made.push(this.#value());
      this.#blanks();
    } while (this.#skip(','));
    if (!this.#skip(']')) throw this.#fault();
    return made;
  }

  #string(): string {
    const literal = this.#match(jsonString);
    if (literal === undefined) throw this.#fault();
    return JSON.parse(literal) as string;
  }

  #blanks(): void {
    this.#match(/[ \t\n\r]+/y);
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) return undefined;
    this.#at += found[0].length;
    return found[0];
  }

  #fault(): SyntaxError {
    const here = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : 'the end of the text';
    return new SyntaxError(`unexpected ${here} at character ${this.#at}`);
  }
}

const words = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);
