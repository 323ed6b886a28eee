/**
 * How Python's values are represented in JavaScript. The template engine and every host object build on this table:
 *
 * | Python        | here                                                                                     |
 * |---------------|------------------------------------------------------------------------------------------|
 * | str           | string                                                                                   |
 * | int           | number without fraction; bigint beyond 2^53                                              |
 * | float         | number with a fraction, NaN, Infinity; `Float` when the value is whole (`1.0`)           |
 * | bool          | boolean                                                                                  |
 * | None          | null                                                                                     |
 * | undefined     | `Undefined`, which knows its name; a host's bare `undefined` is read as one too          |
 * | list          | Array                                                                                    |
 * | tuple         | `Tuple`, an Array that is equal to tuples only                                           |
 * | dict          | `Dict`, an ordered Map whose keys are equal as in Python; plain objects and Maps of the host are dicts too, read and changed in place |
 * | set           | `PySet`                                                                                  |
 * | callable      | `Callable`: a macro, or a function of the host made with `hostFunction`                  |
 * | anything else | a subclass of `HostObject`, which decides what a template can see of it                  |
 *
 * Everything else that a host hands in (a bare JavaScript function, a class instance) is opaque: it can be passed
 * on, but has no attributes and cannot be called. That is the sandbox: nothing leads from a template to `constructor`.
 */

/** A tuple. Make it with `tuple(items)`, never with `new`: a single number would be read as a length. */
export class Tuple extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export function tuple(items: Iterable<unknown>): Tuple {
  const made = new Tuple();
  for (const item of items) made.push(item);
  return made;
}

/** What `keys()`, `values()` and `items()` of a dict give, and `range()`: lists that print as Python's views do. */
export class View extends Array<unknown> {
  kind = 'dict_keys';
  /** What it prints, when that is not its items. */
  text: string | undefined;

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export function view(
  kind: 'dict_keys' | 'dict_values' | 'dict_items' | 'range',
  items: Iterable<unknown>,
  text?: string,
): View {
  const made = new View();
  made.kind = kind;
  made.text = text;
  for (const item of items) made.push(item);
  return made;
}

/** A float whose value is whole: `1.0`. Make floats with `float`, which boxes only these. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  valueOf(): number {
    return this.value;
  }
}

/** The representation of a Python float. */
export function float(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value;
}

/** What a name or attribute that does not exist gives. Prints nothing, is false and empty; using it otherwise fails. */
export class Undefined {
  /** `'x' is undefined`, or why an attribute is missing. */
  readonly reason: string;
  readonly #hint: (() => string | undefined) | undefined;

  constructor(reason: string, hint?: () => string | undefined) {
    this.reason = reason;
    this.#hint = hint;
  }

  /** What the reader may have meant. */
  get hint(): string | undefined {
    return this.#hint?.();
  }
}

export function isUndefined(value: unknown): value is Undefined | undefined {
  return value === undefined || value instanceof Undefined;
}

/** A dict: keeps the order of insertion; `1`, `1.0` and `True` are one key; tuples are keys by value. */
export class Dict extends Map<unknown, unknown> {
  /** Tuples that are keys, by their text, so that an equal tuple finds the same entry. */
  #tuples: Map<string, Tuple> | undefined;

  static of(record: Readonly<Record<string, unknown>>): Dict {
    const made = new Dict();
    for (const key of Object.keys(record)) made.set(key, record[key]);
    return made;
  }

  override get(key: unknown): unknown {
    return super.get(this.#canonical(key));
  }

  override has(key: unknown): boolean {
    return super.has(this.#canonical(key));
  }

  override delete(key: unknown): boolean {
    return super.delete(this.#canonical(key));
  }

  override set(key: unknown, value: unknown): this {
    if (key instanceof Tuple) {
      this.#tuples ??= new Map();
      const text = tupleKey(key);
      const known = this.#tuples.get(text);
      if (!known) this.#tuples.set(text, key);
      return super.set(known ?? key, value);
    }
    return super.set(this.#canonical(key), value);
  }

  #canonical(key: unknown): unknown {
    if (typeof key === 'string') return key;
    if (key instanceof Tuple) return this.#tuples?.get(tupleKey(key)) ?? key;
    if (key instanceof Float) return this.#canonical(key.value);
    if (typeof key === 'boolean') return super.has(Number(key)) ? Number(key) : key;
    if (key === 0 || key === 1) return super.has(key === 1) ? key === 1 : key;
    return key;
  }
}

/** A text that two tuples share exactly when they are equal as keys. */
function tupleKey(key: Tuple): string {
  return `(${key.map((part) => (part instanceof Tuple ? tupleKey(part) : `${keyKind(part)}:${JSON.stringify(String(part))}`)).join()})`;
}

function keyKind(part: unknown): string {
  if (typeof part === 'boolean' || typeof part === 'bigint' || part instanceof Float) return 'number';
  return typeof part;
}

/** A set: ordered by insertion, keys equal as in a dict. */
export class PySet {
  readonly entries: Dict;

  constructor(items: Iterable<unknown> = []) {
    this.entries = new Dict();
    for (const item of items) this.entries.set(item, true);
  }

  get size(): number {
    return this.entries.size;
  }

  has(item: unknown): boolean {
    return this.entries.has(item);
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.entries.keys();
  }
}

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

/**
 * An object of the host that templates can use: a relation, a column, a table of rows. It shows exactly what
 * `getAttribute` answers. `toString` is what it prints; give it a short `typeName` for error messages.
 */
export abstract class HostObject {
  /** The attribute of that name (functions as `Callable`, see `hostFunction`); `undefined` when there is none. */
  abstract getAttribute(name: string): unknown;

  /** `object[key]`; names are attributes unless overridden. */
  getItem(key: unknown): unknown {
    return typeof key === 'string' ? this.getAttribute(key) : undefined;
  }

  /** What a `for` runs over; undefined when the object cannot be iterated. */
  iterate(): Iterable<unknown> | undefined {
    return undefined;
  }

  /** `object | length`; undefined when it has none. */
  get size(): number | undefined {
    return undefined;
  }

  get truthy(): boolean {
    return this.size !== 0;
  }

  /** `object is mapping`. */
  get isMapping(): boolean {
    return false;
  }

  equals(other: unknown): boolean {
    return this === other;
  }

  /** Negative, 0 or positive as this is less than, equal to or greater than `other`; undefined when they cannot be compared. */
  compare(_other: unknown): number | undefined {
    return undefined;
  }

  /** `this operator other`, or `other operator this` when reflected; undefined when the object does not know it. */
  operate(_operator: Operator, _other: unknown, _reflected: boolean): unknown {
    return undefined;
  }

  /** The type's name in error messages. */
  get typeName(): string {
    return this.constructor.name;
  }

  /** How the object looks inside a printed list. */
  get repr(): string {
    return `<${this.typeName} ${this.toString()}>`;
  }
}

/** What is left of one rendering: handed to every function of the host, which hands it on when it calls a macro. */
export interface Run {
  /** True while rendering synchronously: nothing may be waited for. */
  readonly sync: boolean;
  /** True in dbt's parse phase: an undefined value can be called and has (undefined) attributes. */
  readonly lenient: boolean;
  /** Loop turns and calls that may still be made. */
  stepsLeft: number;
  /** Characters that may still be written. */
  charsLeft: number;
  /** How many calls are open. */
  depth: number;
}

export type Arguments = unknown[];
export type Keywords = Record<string, unknown>;

/** Something that a template can call. */
export abstract class Callable extends HostObject {
  abstract readonly name: string;

  /** Calls it. Answers a `Waiting` when the result is not there yet; in a synchronous run it never does. */
  abstract call(run: Run, args: Arguments, kwargs: Keywords | null): unknown;

  getAttribute(name: string): unknown {
    return name === 'name' ? this.name : undefined;
  }

  override get typeName(): string {
    return 'function';
  }

  override toString(): string {
    return `<function ${this.name}>`;
  }

  override get repr(): string {
    return this.toString();
  }
}

/** Steps still to be made before a value is there: a macro's generator, or one that awaits a promise of the host. */
export class Waiting {
  readonly steps: Generator<PromiseLike<unknown>, unknown, unknown>;

  constructor(steps: Generator<PromiseLike<unknown>, unknown, unknown>) {
    this.steps = steps;
  }
}

/** Thrown by `return(value)`, caught by the macro around it. Not an Error: nothing went wrong. */
export class MacroReturn {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

type PlainObject = Record<string, unknown>;

/** True for a dict of any of the three forms. */
export function isMapping(value: unknown): value is Map<unknown, unknown> | PlainObject {
  return value instanceof Map || isPlainObject(value);
}

/** A mapping as entries in order. */
export function mappingEntries(value: Map<unknown, unknown> | PlainObject): [unknown, unknown][] {
  return value instanceof Map ? [...value.entries()] : Object.entries(value);
}

export function mappingKeys(value: Map<unknown, unknown> | PlainObject): unknown[] {
  return value instanceof Map ? [...value.keys()] : Object.keys(value);
}

export function mappingSize(value: Map<unknown, unknown> | PlainObject): number {
  return value instanceof Map ? value.size : Object.keys(value).length;
}

export function mappingHas(value: Map<unknown, unknown> | PlainObject, key: unknown): boolean {
  return value instanceof Map ? value.has(key) : Object.hasOwn(value, String(key)) && typeof key === 'string';
}

/** The value of a key; `undefined` when there is none. Never reads an inherited property. */
export function mappingGet(value: Map<unknown, unknown> | PlainObject, key: unknown): unknown {
  if (value instanceof Map) return value.get(key);
  return typeof key === 'string' && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function mappingSet(value: Map<unknown, unknown> | PlainObject, key: unknown, item: unknown): void {
  if (value instanceof Map) value.set(key, item);
  // Defined, not assigned: a key named __proto__ is a key like any other.
  else Object.defineProperty(value, String(key), { value: item, writable: true, enumerable: true, configurable: true });
}

export function mappingDelete(value: Map<unknown, unknown> | PlainObject, key: unknown): void {
  if (value instanceof Map) value.delete(key);
  else delete value[String(key)];
}

function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Python's name of a value's type, for error messages. */
export function typeName(value: unknown): string {
  if (value === null) return 'NoneType';
  if (isUndefined(value)) return 'Undefined';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'int';
  if (value instanceof Float) return 'float';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof View) return value.kind;
  if (Array.isArray(value)) return 'list';
  if (value instanceof PySet) return 'set';
  if (isMapping(value)) return 'dict';
  return value instanceof HostObject ? value.typeName : 'object';
}
