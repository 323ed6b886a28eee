import { RuntimeFault } from './errors.js';
import { numberOf } from './operators.js';
import { floatText } from './text.js';
import { Float, typeName } from './values.js';

export interface NumberShape {
  /** d b o x X e E f F g G %, or none. */
  type: string;
  sign: string;
  precision: number | undefined;
  /** `#`: with 0x, 0o, 0b. */
  alternate: boolean;
  /** A float is cut to an int where one is needed, as `%d` does. */
  truncate?: boolean;
  /** Separator of thousands. */
  grouping?: string;
}

const precisionMax = 100;

/** A number as Python's format writes it, without padding. */
export function formatNumber(value: unknown, shape: NumberShape): string {
  const number = numberOf(value);
  if (number === undefined)
    throw new RuntimeFault(`the format '${shape.type}' needs a number, got '${typeName(value)}'`);
  const negative = number < 0 || Object.is(number, -0);
  const digits = unsigned(value, negative ? -number : number, shape);
  const sign = negative ? '-' : shape.sign === '+' || shape.sign === ' ' ? shape.sign : '';
  return sign + (shape.grouping ? group(digits, shape.grouping) : digits);
}

function unsigned(value: unknown, number: number | bigint, shape: NumberShape): string {
  const { type } = shape;
  if ('dboxX'.includes(type) && type !== '') return integerDigits(value, number, shape);
  const precision = Math.min(shape.precision ?? 6, precisionMax);
  const float = Number(number);
  if (!Number.isFinite(float)) return floatText(float);
  switch (type) {
    case 'f':
    case 'F':
      return fixed(float, precision);
    case '%':
      return `${fixed(float * 100, precision)}%`;
    case 'e':
    case 'E': {
      const text = float.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
      return type === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G':
      return general(float, precision || 1, type === 'G');
    case '':
      if (shape.precision !== undefined) return general(float, precision || 1, false);
      return isFloat(value) ? floatText(float) : number.toString();
  }
  throw new RuntimeFault(`unknown format '${type}' for a number`);
}

function integerDigits(value: unknown, number: number | bigint, shape: NumberShape): string {
  if (isFloat(value) && !(shape.truncate && Number.isFinite(number)))
    throw new RuntimeFault(`the format '${shape.type}' needs an int, got 'float'`);
  const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
  const base = { d: 10, b: 2, o: 8, x: 16, X: 16 }[shape.type] ?? 10;
  const digits = whole.toString(base);
  const text = shape.type === 'X' ? digits.toUpperCase() : digits;
  return shape.alternate && base !== 10 ? `0${shape.type}${text}` : text;
}

function isFloat(value: unknown): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value));
}

/** `toFixed` without its switch to exponents at 1e21. */
export function fixed(value: number, precision: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(precision);
  return BigInt(value).toString() + (precision > 0 ? `.${'0'.repeat(precision)}` : '');
}

function general(value: number, precision: number, upper: boolean): string {
  const [mantissa, power] = value.toExponential(precision - 1).split('e') as [string, string];
  const exponent = Number(power);
  const short = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  const text =
    exponent < -4 || exponent >= precision
      ? `${short(mantissa)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
      : short(value.toFixed(Math.max(0, precision - 1 - exponent)));
  return upper ? text.toUpperCase() : text;
}

function group(digits: string, separator: string): string {
  const [, whole = '', rest = ''] = /^(\d+)(.*)$/.exec(digits) ?? [];
  return whole.replace(/\B(?=(\d{3})+$)/g, separator) + rest || digits;
}
