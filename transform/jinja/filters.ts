import { readArguments } from './arguments.js';
import { attribute, codePoints, methodOf, missing } from './attributes.js';
import { RuntimeFault } from './errors.js';
import { tryIterate } from './iterate.js';
import { jsonForHtml } from './json-text.js';
import { BoolMarker, NativeMarker, NumberMarker, TextMarker } from './native.js';
import { isInteger, numberOf, throwUndefined, toIndex, truthy } from './operators.js';
import { sequenceFilters } from './sequence-filters.js';
import { parseFloatText, parseIntText, repr, str } from './text.js';
import { textFilters } from './text-filters.js';
import {
  type Arguments,
  Float,
  float,
  HostObject,
  isMapping,
  isUndefined,
  type Keywords,
  mappingSize,
  PySet,
  type Run,
  Tuple,
  typeName,
  View,
} from './values.js';

/** A filter: the value in front of the bar, then what stands in the parentheses. */
export type Filter = (value: unknown, args: Arguments, kwargs: Keywords | null, run: Run) => unknown;

const standard: Filter = (value, args, kwargs) => {
  const [preset = '', whenFalse] = readArguments('default', ['default_value?', 'boolean?'], args, kwargs);
  return isUndefined(value) || (truthy(whenFalse) && !truthy(value)) ? preset : value;
};

/** Every filter by name. */
export const filters: Readonly<Record<string, Filter>> = Object.assign(
  Object.create(null),
  sequenceFilters,
  textFilters,
  {
    abs: (value: unknown) => {
      const number = needNumber('abs', value);
      if (typeof value === 'boolean') return number;
      return number < 0
        ? typeof number === 'bigint'
          ? -number
          : value instanceof Float
            ? float(-number)
            : -number
        : value;
    },
    attr: (value: unknown, args: Arguments, kwargs: Keywords | null, run: Run) => {
      const [name] = readArguments('attr', ['name'], args, kwargs);
      // Attributes alone: a key of a dict is none.
      return isMapping(value) && !methodOf(value, str(name)) ? missing(value, name) : attribute(value, str(name), run);
    },
    d: standard,
    default: standard,
    length,
    count: length,
    float: (value: unknown, args: Arguments, kwargs: Keywords | null) => {
      const [preset = float(0)] = readArguments('float', ['default?'], args, kwargs);
      const number = numberOf(value);
      if (number !== undefined) return float(Number(number));
      throwUndefined(value);
      return (typeof value === 'string' ? parseFloatText(value) : undefined) ?? preset;
    },
    int: (value: unknown, args: Arguments, kwargs: Keywords | null) => {
      const [preset = 0, base = 10] = readArguments('int', ['default?', 'base?'], args, kwargs);
      throwUndefined(value);
      return toInt(value, Number(base)) ?? preset;
    },
    is_list: (value: unknown) => Array.isArray(value) && !(value instanceof Tuple || value instanceof View),
    pprint: repr,
    round,
    tojson: (value: unknown, args: Arguments, kwargs: Keywords | null) => {
      const [indent] = readArguments('tojson', ['indent?'], args, kwargs);
      return jsonForHtml(value, isUndefined(indent) || indent === null ? undefined : toIndex(indent, 'the indent'));
    },
    as_text: (value: unknown) => new TextMarker(str(value)),
    as_bool: (value: unknown) => new BoolMarker(str(value)),
    as_number: (value: unknown) => new NumberMarker(str(value)),
    as_native: (value: unknown) => new NativeMarker(str(value)),
  },
);

function needNumber(filter: string, value: unknown): number | bigint {
  const number = numberOf(value);
  if (number !== undefined) return number;
  throwUndefined(value);
  throw new RuntimeFault(`${filter} needs a number, got '${typeName(value)}'`);
}

/** Python's `int(value)`; a text may be a float. Undefined when it is no number. */
export function toInt(value: unknown, base = 10): number | bigint | undefined {
  const number = numberOf(value);
  if (number !== undefined) {
    if (typeof number === 'bigint') return number;
    return Number.isFinite(number) ? Math.trunc(number) : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const whole = parseIntText(value, base);
  if (whole !== undefined) return whole;
  const fraction = parseFloatText(value);
  return fraction === undefined || !Number.isFinite(Number(fraction)) ? undefined : Math.trunc(Number(fraction));
}

/** Python's `len(value)`. */
export function length(value: unknown): number {
  if (typeof value === 'string') return codePoints(value).length;
  if (Array.isArray(value)) return value.length;
  if (isUndefined(value)) return 0;
  if (value instanceof PySet) return value.size;
  if (isMapping(value)) return mappingSize(value);
  const size = value instanceof HostObject ? (value.size ?? tryIterate(value)?.length) : undefined;
  if (size === undefined) throw new RuntimeFault(`a value of type '${typeName(value)}' has no length`);
  return size;
}

function round(value: unknown, args: Arguments, kwargs: Keywords | null): unknown {
  const [precision = 0, method = 'common'] = readArguments('round', ['precision?', 'method?'], args, kwargs);
  const given = needNumber('round', value);
  const number = Number(given);
  const digits = Math.max(-300, Math.min(300, Number(precision)));
  const scale = 10 ** digits;
  if (method === 'ceil') return float(Math.ceil(number * scale) / scale);
  if (method === 'floor') return float(Math.floor(number * scale) / scale);
  if (method !== 'common') throw new RuntimeFault(`round knows common, ceil and floor, got ${repr(method)}`);
  const rounded = roundHalfEven(number, digits);
  return isInteger(value) ? (digits >= 0 ? given : rounded) : float(rounded);
}

/** Python's `round(x, n)`: decides by the exact binary value; ties go to the even digit. */
export function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  if (digits > 22) return value;
  if (digits >= 0 && digits <= 20 && Math.abs(value) < 1e15) {
    const scaled = value * 10 ** digits;
    const isTie = Math.abs(scaled % 1) === 0.5 && scaled / 10 ** digits === value && Number.isInteger(value * 2 ** 20);
    if (isTie) {
      const down = Math.floor(scaled);
      return (down % 2 === 0 ? down : down + 1) / 10 ** digits;
    }
    return Number(value.toFixed(digits));
  }
  const scale = 10 ** -digits;
  return Math.round(value / scale) * scale;
}
