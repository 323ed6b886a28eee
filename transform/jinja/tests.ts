import { codePoints } from './attributes.js';
import { filters } from './filters.js';
import { tryIterate } from './iterate.js';
import { compare, contains, equals, isInteger, numberOf, operate } from './operators.js';
import { str } from './text.js';
import { type Arguments, Callable, Float, HostObject, isMapping, isUndefined, type Run } from './values.js';

export type Test = (value: unknown, args: Arguments, run: Run) => boolean;

const isEqual: Test = (value, [other]) => equals(value, other);
const isUnequal: Test = (value, [other]) => !equals(value, other);
const isLess: Test = (value, [other]) => compare(value, other, '<') < 0;
const isAtMost: Test = (value, [other]) => compare(value, other, '<=') <= 0;
const isGreater: Test = (value, [other]) => compare(value, other, '>') > 0;
const isAtLeast: Test = (value, [other]) => compare(value, other, '>=') >= 0;

/** Every test by name. The signs are for `select('>', 3)`. */
export const tests: Readonly<Record<string, Test>> = Object.assign(Object.create(null), {
  '==': isEqual,
  '!=': isUnequal,
  '<': isLess,
  '<=': isAtMost,
  '>': isGreater,
  '>=': isAtLeast,
  eq: isEqual,
  equalto: isEqual,
  ne: isUnequal,
  lt: isLess,
  lessthan: isLess,
  le: isAtMost,
  gt: isGreater,
  greaterthan: isGreater,
  ge: isAtLeast,
  in: (value, [container]) => contains(container, value),
  defined: (value) => !isUndefined(value),
  undefined: (value) => isUndefined(value),
  none: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  true: (value) => value === true,
  false: (value) => value === false,
  // Python's undefined value is an object that can be called, only to fail.
  callable: (value) => value instanceof Callable || isUndefined(value),
  string: (value) => typeof value === 'string' || (value instanceof HostObject && value.typeName === 'str'),
  number: (value) => numberOf(value) !== undefined,
  integer: (value) => isInteger(value) && typeof value !== 'boolean',
  float: (value) => value instanceof Float || (typeof value === 'number' && !Number.isInteger(value)),
  mapping: (value) => isMapping(value) || (value instanceof HostObject && value.isMapping),
  sequence: (value) =>
    typeof value === 'string' ||
    Array.isArray(value) ||
    isMapping(value) ||
    isUndefined(value) ||
    (value instanceof HostObject && value.size !== undefined),
  iterable: (value) => typeof value === 'string' || tryIterate(value) !== undefined,
  sameas: (value, [other]) =>
    value === other || (isSmall(value) && equals(value, other) && typeof value === typeof other),
  divisibleby: (value, [divisor]) => equals(operate('%', value, divisor), 0),
  even: (value) => equals(operate('%', value, 2), 0),
  odd: (value) => equals(operate('%', value, 2), 1),
  lower: (value) => str(value) === str(value).toLowerCase() && /\p{L}/u.test(str(value)),
  upper: (value) => str(value) === str(value).toUpperCase() && /\p{L}/u.test(str(value)),
  escaped: () => false,
  filter: (value) => typeof value === 'string' && Object.hasOwn(filters, value),
  test: (value) => typeof value === 'string' && isTestName(value),
} satisfies Record<string, Test>);

function isTestName(name: string): boolean {
  return Object.hasOwn(tests, name);
}

/** Values that are one object in Python when they are equal. */
function isSmall(value: unknown): boolean {
  return typeof value === 'string' ? codePoints(value).length <= 1 : typeof value === 'number';
}
