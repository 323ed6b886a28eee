import { RuntimeFault } from './errors.js';
import { limits } from './limits.js';
import { formatPercent } from './percent-format.js';
import { narrow, repr, str } from './text.js';
import {
  Float,
  float,
  HostObject,
  isMapping,
  isUndefined,
  mappingEntries,
  mappingGet,
  mappingHas,
  mappingSize,
  type Operator,
  PySet,
  Tuple,
  tuple,
  typeName,
  Undefined,
} from './values.js';

/** Python's `bool(value)`. */
export function truthy(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.length > 0;
  if (value === null || isUndefined(value)) return false;
  if (typeof value === 'number') return value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof HostObject) return value.truthy;
  if (isMapping(value)) return mappingSize(value) > 0;
  if (value instanceof PySet) return value.size > 0;
  if (typeof value === 'bigint') return value !== 0n;
  return value instanceof Float ? value.value !== 0 : true;
}

/** Python's `==`. */
export function equals(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left === 'string' || left === null) return right instanceof HostObject && right.equals(left);
  if (isUndefined(left)) return isUndefined(right);
  if (left instanceof HostObject) return left.equals(right);
  if (right instanceof HostObject) return right.equals(left);
  const number = numberOf(left);
  if (number !== undefined) {
    const other = numberOf(right);
    return other !== undefined && sameNumber(number, other);
  }
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  if (left instanceof PySet)
    return right instanceof PySet && left.size === right.size && [...left].every((item) => right.has(item));
  return isMapping(left) && isMapping(right) && equalMappings(left, right);
}

/** True also for a bigint and a number of the same value. */
function sameNumber(left: number | bigint, right: number | bigint): boolean {
  return !(left < right) && !(left > right) && !Number.isNaN(left) && !Number.isNaN(right);
}

function equalLists(left: unknown[], right: unknown[]): boolean {
  if (left.length !== right.length || left instanceof Tuple !== right instanceof Tuple) return false;
  return left.every((item, index) => equals(item, right[index]));
}

type Mapping = Parameters<typeof mappingGet>[0];

function equalMappings(left: Mapping, right: Mapping): boolean {
  if (mappingSize(left) !== mappingSize(right)) return false;
  return mappingEntries(left).every(([key, value]) => mappingHas(right, key) && equals(value, mappingGet(right, key)));
}

/** Python's order: negative, 0 or positive. Fails for values that have none. */
export function compare(left: unknown, right: unknown, operator = '<'): number {
  if (typeof left === 'string' && typeof right === 'string') return comparePoints(left, right);
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber !== undefined && rightNumber !== undefined)
    return leftNumber < rightNumber ? -1 : leftNumber > rightNumber ? 1 : sameNumber(leftNumber, rightNumber) ? 0 : NaN;
  if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple)
    return compareLists(left, right);
  const order =
    left instanceof HostObject
      ? left.compare(right)
      : right instanceof HostObject
        ? negate(right.compare(left))
        : undefined;
  if (order !== undefined) return order;
  throwUndefined(left);
  throwUndefined(right);
  throw new RuntimeFault(`'${operator}' not supported between '${typeName(left)}' and '${typeName(right)}'`);
}

function negate(order: number | undefined): number | undefined {
  return order === undefined ? undefined : -order;
}

/** By code points, as Python does; UTF-16 order differs from it only beside surrogates. */
function comparePoints(left: string, right: string): number {
  if (left === right) return 0;
  for (let index = 0; index < left.length && index < right.length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    const aWide = a >= 0xd800 && a <= 0xdfff;
    const bWide = b >= 0xd800 && b <= 0xdfff;
    return aWide === bWide ? a - b : aWide ? 1 : -1;
  }
  return left.length - right.length;
}

function compareLists(left: unknown[], right: unknown[]): number {
  for (let index = 0; index < left.length && index < right.length; index++) {
    if (!equals(left[index], right[index])) return compare(left[index], right[index]);
  }
  return left.length - right.length;
}

/** Python's `item in container`. */
export function contains(container: unknown, item: unknown): boolean {
  if (typeof container === 'string') {
    if (typeof item === 'string') return container.includes(item);
    throwUndefined(item);
    throw new RuntimeFault(`'in <string>' requires a string on the left, got '${typeName(item)}'`);
  }
  if (Array.isArray(container)) return container.some((other) => equals(other, item));
  if (isMapping(container)) return mappingHas(container, item);
  if (container instanceof PySet) return container.has(item);
  if (isUndefined(container)) return false;
  const items = container instanceof HostObject ? container.iterate() : undefined;
  if (!items) throw new RuntimeFault(`a value of type '${typeName(container)}' cannot contain anything`);
  for (const other of items) if (equals(other, item)) return true;
  return false;
}

/** An int or float as JavaScript's number or bigint; undefined when the value is no number. A bool is one, as in Python. */
export function numberOf(value: unknown): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Float) return value.value;
  return typeof value === 'boolean' ? Number(value) : undefined;
}

export function isInteger(value: unknown): value is number | bigint | boolean {
  return (
    (typeof value === 'number' && Number.isInteger(value)) || typeof value === 'bigint' || typeof value === 'boolean'
  );
}

/** An index or count; fails when the value is no int. */
export function toIndex(value: unknown, what: string): number {
  if (isInteger(value)) return Number(value);
  throwUndefined(value);
  throw new RuntimeFault(`${what} must be an int, got '${typeName(value)}'`);
}

export function throwUndefined(value: unknown): void {
  if (value instanceof Undefined) throw new RuntimeFault(value.reason, 'JINJA_UNDEFINED', value.hint);
  if (value === undefined) throw new RuntimeFault('a value is undefined', 'JINJA_UNDEFINED');
}

/** `left operator right` as Python computes it. */
export function operate(operator: Operator, left: unknown, right: unknown): unknown {
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) {
    if (isInteger(left) && isInteger(right)) return operateIntegers(operator, a, b);
    return operateFloats(operator, Number(a), Number(b));
  }
  const result = operateOthers(operator, left, right);
  if (result !== undefined) return result;
  throwUndefined(left);
  throwUndefined(right);
  if (operator === '+' && (typeof left === 'string' || typeof right === 'string'))
    throw new RuntimeFault(
      `cannot add '${typeName(left)}' and '${typeName(right)}'`,
      'JINJA_RUNTIME',
      "Use '~' to join values as text.",
    );
  throw new RuntimeFault(`'${operator}' is not supported between '${typeName(left)}' and '${typeName(right)}'`);
}

function operateOthers(operator: Operator, left: unknown, right: unknown): unknown {
  if (operator === '%' && typeof left === 'string') return formatPercent(left, right);
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return limits.text(left + right);
    if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple) {
      limits.items(left.length + right.length);
      const joined = [...left, ...right];
      return left instanceof Tuple ? tuple(joined) : joined;
    }
  }
  if (operator === '*') {
    const repeated = isInteger(right)
      ? repeat(left, Number(right))
      : isInteger(left)
        ? repeat(right, Number(left))
        : undefined;
    if (repeated !== undefined) return repeated;
  }
  if (operator === '-' && left instanceof PySet && right instanceof PySet)
    return new PySet([...left].filter((item) => !right.has(item)));
  if (left instanceof HostObject) return left.operate(operator, right, false);
  return right instanceof HostObject ? right.operate(operator, left, true) : undefined;
}

function repeat(value: unknown, times: number): unknown {
  const count = Math.max(0, times);
  if (typeof value === 'string') {
    limits.characters(value.length * count);
    return value.repeat(count);
  }
  if (!Array.isArray(value)) return undefined;
  limits.items(value.length * count);
  const repeated = Array.from({ length: count }, () => [...value]).flat();
  return value instanceof Tuple ? tuple(repeated) : repeated;
}

function operateIntegers(operator: Operator, a: number | bigint, b: number | bigint): unknown {
  if (operator === '/') {
    if (Number(b) === 0) throw new RuntimeFault('division by zero');
    return float(Number(a) / Number(b));
  }
  if ((operator === '//' || operator === '%') && Number(b) === 0) throw new RuntimeFault('division by zero');
  if (operator === '**') return powerIntegers(a, b);
  if (typeof a === 'number' && typeof b === 'number') {
    const result = integerResult(operator, a, b);
    if (Number.isSafeInteger(result)) return result;
  }
  return narrow(bigResult(operator, BigInt(a), BigInt(b)));
}

function integerResult(operator: Operator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '//':
      return Math.floor(a / b);
    default:
      return modulo(a, b);
  }
}

function bigResult(operator: Operator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      limits.digits(bits(a) + bits(b));
      return a * b;
    case '//':
      return a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
    default: {
      const rest = a % b;
      return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
    }
  }
}

function powerIntegers(a: number | bigint, b: number | bigint): unknown {
  if (b < 0) {
    if (Number(a) === 0) throw new RuntimeFault('0 cannot be raised to a negative power');
    return float(Number(a) ** Number(b));
  }
  const base = BigInt(a);
  limits.digits(bits(base) * Number(b));
  return narrow(base ** BigInt(b));
}

function bits(value: bigint): number {
  return (value < 0n ? -value : value).toString(16).length * 4;
}

function operateFloats(operator: Operator, a: number, b: number): unknown {
  if (['/', '//', '%'].includes(operator) && b === 0) throw new RuntimeFault('division by zero');
  switch (operator) {
    case '/':
      return float(a / b);
    case '//':
      return float(Math.floor(a / b));
    case '%':
      return float(modulo(a, b));
    case '**':
      return float(a ** b);
    default:
      return float(integerResult(operator, a, b));
  }
}

/** The remainder with the sign of the divisor. */
function modulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** `-value` and `+value`. */
export function signed(operator: '-' | '+', value: unknown): unknown {
  const number = numberOf(value);
  if (number === undefined) {
    const result = value instanceof HostObject && operator === '-' ? value.operate('*', -1, false) : undefined;
    if (result !== undefined) return result;
    throwUndefined(value);
    throw new RuntimeFault(`${operator} needs a number, got '${typeName(value)}': ${repr(value)}`);
  }
  if (operator === '+') return typeof value === 'boolean' ? number : value;
  if (isInteger(value)) return typeof number === 'bigint' ? narrow(-number) : number === 0 ? 0 : -number;
  return float(-Number(number));
}

/** `a ~ b ~ c`. */
export function concat(parts: unknown[]): string {
  let text = '';
  for (const part of parts) text += str(part);
  return limits.text(text);
}
