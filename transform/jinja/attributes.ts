import { dictMethods } from './dict-methods.js';
import { RuntimeFault } from './errors.js';
import { listMethods, tupleMethods } from './list-methods.js';
import type { Method } from './methods.js';
import { numberMethods } from './number-methods.js';
import { isInteger, numberOf, throwUndefined, toIndex } from './operators.js';
import { setMethods } from './set-methods.js';
import { stringMethods } from './string-methods.js';
import { repr } from './text.js';
import {
  type Arguments,
  Callable,
  HostObject,
  isMapping,
  isUndefined,
  type Keywords,
  mappingGet,
  mappingHas,
  PySet,
  type Run,
  Tuple,
  tuple,
  typeName,
  Undefined,
  View,
} from './values.js';

/** `object.name`: the attribute or method, else the item of that name. */
export function attribute(object: unknown, name: string, run: Run): unknown {
  if (object instanceof HostObject) return orMissing(hostMember(object, name), object, name);
  if (isUndefined(object)) return undefinedMember(object, run);
  const method = methodOf(object, name);
  if (method) return new BoundMethod(object, name, method);
  if (isMapping(object)) return orMissing(keyed(object, name), object, name);
  return missing(object, name);
}

/**
 * A member of a host object, by `object.name` or `object['name']`. Names that every JavaScript object has are kept from it, so that a table of
 * attributes that inherits them gives nothing away.
 */
export function hostMember(object: HostObject, name: string, form: 'attribute' | 'item' = 'attribute'): unknown {
  if (name.startsWith('__') || name in Object.prototype) return undefined;
  const [first, second] =
    form === 'item' ? [object.getItem(name), 'getAttribute' as const] : [object.getAttribute(name), 'getItem' as const];
  return first === undefined ? object[second](name) : first;
}

/** `object[key]`: the item, else the attribute of that name. */
export function item(object: unknown, key: unknown, run: Run): unknown {
  if (Array.isArray(object) || typeof object === 'string') {
    if (isInteger(key)) {
      const found = indexed(object, Number(key));
      return found === undefined ? new Undefined(`${typeName(object)} has no item ${key}`) : found;
    }
  } else if (isMapping(object)) {
    const found = keyed(object, key);
    if (found !== undefined) return found;
  } else if (object instanceof HostObject) {
    return orMissing(typeof key === 'string' ? hostMember(object, key, 'item') : object.getItem(key), object, key);
  } else if (isUndefined(object)) return undefinedMember(object, run);
  if (typeof key === 'string') {
    const method = methodOf(object, key);
    if (method) return new BoundMethod(object, key, method);
  }
  throwUndefined(key);
  return missing(object, key);
}

/** None is a value like any other; only what is not there is missing. */
function orMissing(found: unknown, object: unknown, name: unknown): unknown {
  return found === undefined ? missing(object, name) : found;
}

/** `object[start:stop:step]`. */
export function slice(object: unknown, start: unknown, stop: unknown, step: unknown): unknown {
  if (typeof object !== 'string' && !Array.isArray(object)) {
    throwUndefined(object);
    return new Undefined(`a value of type '${typeName(object)}' cannot be sliced`);
  }
  const items = typeof object === 'string' ? codePoints(object) : object;
  const picked = sliceIndices(items.length, start, stop, step).map((index) => items[index]);
  if (typeof object === 'string') return picked.join('');
  return object instanceof Tuple ? tuple(picked) : picked;
}

/** The indices that Python's slice picks from a sequence of that length. */
export function sliceIndices(length: number, start: unknown, stop: unknown, step: unknown): number[] {
  const stride = step === null || step === undefined ? 1 : toIndex(step, 'the step of a slice');
  if (stride === 0) throw new RuntimeFault('the step of a slice cannot be 0');
  const [low, high] = stride > 0 ? [0, length] : [-1, length - 1];
  const bound = (value: unknown, preset: number) => {
    if (value === null || value === undefined) return preset;
    const index = toIndex(value, 'the bound of a slice');
    return index < 0 ? Math.max(low, index + length) : Math.min(high, index);
  };
  const from = bound(start, stride > 0 ? low : high);
  const to = bound(stop, stride > 0 ? high : low);
  const indices: number[] = [];
  for (let index = from; stride > 0 ? index < to : index > to; index += stride) indices.push(index);
  return indices;
}

/** The method of a built-in value. */
export function methodOf(object: unknown, name: string): Method | undefined {
  const methods = methodsOf(object);
  return methods && Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function methodsOf(object: unknown): Record<string, Method> | undefined {
  if (typeof object === 'string') return stringMethods;
  if (object instanceof Tuple) return tupleMethods;
  if (object instanceof View) return object.kind === 'range' ? tupleMethods : undefined;
  if (Array.isArray(object)) return listMethods;
  if (isMapping(object)) return dictMethods;
  if (object instanceof PySet) return setMethods;
  return numberOf(object) === undefined ? undefined : numberMethods;
}

/** The item at an index, from the end when negative; undefined outside. */
export function indexed(sequence: string | unknown[], index: number): unknown {
  if (typeof sequence === 'string') return codePoints(sequence).at(index);
  const found = sequence.at(index);
  return found === undefined && inBounds(sequence, index) ? new Undefined('an item is undefined') : found;
}

function inBounds(sequence: unknown[], index: number): boolean {
  return index < sequence.length && index >= -sequence.length;
}

/** A dict's value; one that is there but undefined is told from a missing key. */
function keyed(object: Parameters<typeof mappingGet>[0], key: unknown): unknown {
  const found = mappingGet(object, key);
  return found === undefined && mappingHas(object, key) ? null : found;
}

/** The characters of a text as Python counts them. */
export function codePoints(text: string): string | string[] {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
}

export function missing(object: unknown, name: unknown): Undefined {
  return new Undefined(
    `'${typeName(object)} object' has no attribute ${typeof name === 'string' ? `'${name}'` : repr(name)}`,
  );
}

/** In the parse phase an undefined value has undefined attributes; else using one is a fault. */
function undefinedMember(object: Undefined | undefined, run: Run): unknown {
  if (!run.lenient) throwUndefined(object);
  return object;
}

/** A method taken from its object: `set add = items.append`. */
class BoundMethod extends Callable {
  readonly name: string;
  readonly #object: unknown;
  readonly #method: Method;

  constructor(object: unknown, name: string, method: Method) {
    super();
    this.#object = object;
    this.name = name;
    this.#method = method;
  }

  call(run: Run, args: Arguments, kwargs: Keywords | null): unknown {
    return this.#method(this.#object, args, kwargs, run) ?? null;
  }
}
