import { Float, float, HostObject, isMapping, isUndefined, mappingEntries, PySet, Tuple, View } from './values.js';

/** Python's `str(value)`: what `{{ value }}` prints. */
export function str(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isUndefined(value)) return '';
  if (value instanceof HostObject) return value.toString();
  return repr(value);
}

/** Python's `repr(value)`: what a value looks like inside a printed list. */
export function repr(value: unknown): string {
  return represent(value, []);
}

/** Python's `str` of a float: `1.0`, `1e+16`, `1e-05`. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16)
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const text = exponent < 0 ? value.toFixed(mantissa.replace(/[-.]/g, '').length - 1 - exponent) : String(value);
  return text.includes('.') ? text : `${text}.0`;
}

function represent(value: unknown, open: unknown[]): string {
  if (typeof value === 'string') return quote(value);
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value).toString() : floatText(value);
  if (typeof value === 'bigint') return value.toString();
  if (isUndefined(value)) return 'Undefined';
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof HostObject) return value.repr;
  if (typeof value !== 'object') return `<${typeof value}>`;
  return representContainer(value, open);
}

function representContainer(value: object, open: unknown[]): string {
  if (open.includes(value)) return Array.isArray(value) ? '[...]' : '{...}';
  open.push(value);
  const inner = (item: unknown) => represent(item, open);
  const text = containerText(value, inner);
  open.pop();
  return text;
}

function containerText(value: object, inner: (item: unknown) => string): string {
  if (value instanceof Tuple)
    return value.length === 1 ? `(${inner(value[0])},)` : `(${[...value].map(inner).join(', ')})`;
  if (value instanceof View) return value.text ?? `${value.kind}([${[...value].map(inner).join(', ')}])`;
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  if (value instanceof PySet) return value.size === 0 ? 'set()' : `{${[...value].map(inner).join(', ')}}`;
  if (isMapping(value)) {
    return `{${mappingEntries(value)
      .map(([key, item]) => `${inner(key)}: ${inner(item)}`)
      .join(', ')}}`;
  }
  return '<object>';
}

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A string as Python writes it: single quotes unless it holds those and no double ones. */
function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\'\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    if (character === "'") return mark === "'" ? "\\'" : character;
    return escapes[character] ?? escapePoint(character.codePointAt(0) as number);
  });
  return mark + body + mark;
}

function escapePoint(point: number): string {
  const digits = point.toString(16);
  if (point < 0x100) return `\\x${digits.padStart(2, '0')}`;
  return point < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

/** Python's `float(text)`; undefined when the text is no number. */
export function parseFloatText(text: string): number | Float | undefined {
  const trimmed = text.trim().replaceAll(/(?<=\d)_(?=\d)/g, '');
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) return float(Number(trimmed));
  const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(trimmed);
  if (!special) return undefined;
  return special[2] ? (special[1] === '-' ? -Infinity : Infinity) : NaN;
}

/** Python's `int(text, base)`; undefined when the text is no whole number. */
export function parseIntText(text: string, base = 10): number | bigint | undefined {
  const match = /^([+-]?)(?:0([bBoOxX]))?([\da-zA-Z]+)$/.exec(
    text.trim().replaceAll(/(?<=[\da-zA-Z])_(?=[\da-zA-Z])/g, ''),
  );
  if (!match) return undefined;
  const prefixBase = { b: 2, o: 8, x: 16 }[(match[2] ?? '').toLowerCase()];
  if (prefixBase !== undefined && base !== 0 && base !== prefixBase) return undefined;
  const radix = prefixBase ?? (base === 0 ? 10 : base);
  const digits = (match[3] as string).toLowerCase();
  let value = 0n;
  for (const digit of digits) {
    const worth = Number.parseInt(digit, 36);
    if (worth >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(worth);
  }
  return narrow(match[1] === '-' ? -value : value);
}

/** An int in its smallest form. */
export function narrow(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
