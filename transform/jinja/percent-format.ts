import { RuntimeFault } from './errors.js';
import { limits } from './limits.js';
import { formatNumber } from './number-format.js';
import { repr, str } from './text.js';
import { isMapping, mappingGet, mappingHas, Tuple, typeName } from './values.js';

const directive = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([a-zA-Z%])/g;

/** Python's `'%s and %d' % values`. */
export function formatPercent(format: string, values: unknown): string {
  const list = values instanceof Tuple ? [...values] : [values];
  let used = 0;
  const next = () => {
    if (used >= list.length) throw new RuntimeFault('not enough values for the format');
    return list[used++];
  };
  let keyed = false;
  const text = format.replace(directive, (_whole, key, flags, width, precision, type) => {
    if (type === '%') return '%';
    const wide = width === '*' ? Number(next()) : Number(width ?? 0);
    const precise = precision === '*' ? Number(next()) : precision === undefined ? undefined : Number(precision);
    keyed ||= key !== undefined;
    const value = key === undefined ? next() : keyValue(values, key);
    limits.characters(wide + (precise ?? 0));
    return formatOne(value, type, { flags, width: wide, precision: precise });
  });
  // As in Python, what has items of its own (a dict, a list) need not be used.
  const wantsUse = values instanceof Tuple || typeof values !== 'object' || values === null;
  if (used < list.length && !keyed && wantsUse) throw new RuntimeFault('not all values were used by the format');
  return limits.text(text);
}

function keyValue(values: unknown, key: string): unknown {
  if (!isMapping(values)) throw new RuntimeFault(`the format needs a dict, got '${typeName(values)}'`);
  if (!mappingHas(values, key)) throw new RuntimeFault(`the dict has no key ${repr(key)}`);
  return mappingGet(values, key);
}

function formatOne(
  value: unknown,
  type: string,
  shape: { flags: string; width: number; precision: number | undefined },
): string {
  const { flags, width, precision } = shape;
  if (type === 's' || type === 'r' || type === 'a') {
    const text = type === 's' ? str(value) : repr(value);
    const cut = precision === undefined ? text : text.slice(0, precision);
    return flags.includes('-') ? cut.padEnd(width) : cut.padStart(width);
  }
  if (type === 'c') return (typeof value === 'number' ? String.fromCodePoint(value) : str(value)).padStart(width);
  if (!'diouxXeEfFgG'.includes(type)) throw new RuntimeFault(`unknown format %${type}`);
  const sign = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-';
  const text = formatNumber(value, {
    type: 'iu'.includes(type) ? 'd' : type,
    sign,
    precision,
    alternate: flags.includes('#'),
    truncate: true,
  });
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const [, mark = '', digits = ''] = /^([-+ ]?(?:0[xXob])?)(.*)$/.exec(text) ?? [];
  return mark + digits.padStart(width - mark.length, '0');
}
