import { hostMember } from './attributes.js';
import { RuntimeFault } from './errors.js';
import { limits } from './limits.js';
import { formatNumber } from './number-format.js';
import { numberOf } from './operators.js';
import { padText } from './string-methods.js';
import { repr, str } from './text.js';
import { type Arguments, HostObject, isMapping, type Keywords, mappingGet } from './values.js';

/** Python's `'{} {name:>8}'.format(…)`. Fields reach names, indices and attributes of host objects, never more. */
export function formatBraces(format: string, args: Arguments, kwargs: Keywords): string {
  let automatic = 0;
  let text = '';
  let at = 0;
  const resolve = (name: string): unknown =>
    fieldValue(name === '' || /^[.[]/.test(name) ? `${automatic++}${name}` : name, args, kwargs);
  for (const part of format.matchAll(/\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}|[{}]/g)) {
    text += format.slice(at, part.index);
    at = part.index + part[0].length;
    if (part[0] === '{{' || part[0] === '}}') text += part[0][0];
    else if (part[0] === '{' || part[0] === '}')
      throw new RuntimeFault(`a single '${part[0]}' in a format: write '${part[0]}${part[0]}'`);
    else {
      const value = resolve((part[1] as string).trim());
      const spec = (part[3] ?? '').replace(/\{([^{}]*)\}/g, (_whole, name: string) => str(resolve(name)));
      text += formatValue(part[2] === undefined ? value : part[2] === 's' ? str(value) : repr(value), spec);
    }
  }
  return limits.text(text + format.slice(at));
}

function fieldValue(field: string, args: Arguments, kwargs: Keywords): unknown {
  const [, head = '', path = ''] = /^([^.[]*)(.*)$/s.exec(field) ?? [];
  let value = /^\d+$/.test(head) ? args[Number(head)] : Object.hasOwn(kwargs, head) ? kwargs[head] : undefined;
  if (value === undefined) throw new RuntimeFault(`the format has no value for '${head}'`);
  for (const [, name, key] of path.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
    value = member(value, name ?? (key as string));
    if (value === undefined) throw new RuntimeFault(`the format cannot reach '${field}'`);
  }
  return value;
}

function member(value: unknown, name: string): unknown {
  if (value instanceof HostObject) return hostMember(value, name);
  if (Array.isArray(value)) return value[Number(name)];
  return isMapping(value) ? mappingGet(value, name) : undefined;
}

const specification = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** Python's `format(value, spec)`. */
export function formatValue(value: unknown, spec: string): string {
  if (spec === '') return str(value);
  const match = specification.exec(spec);
  if (!match) throw new RuntimeFault(`the format specification '${spec}' is not understood`);
  const [, fillMark, alignMark, sign = '-', alternate, zero, width = '0', grouping, precision, type = ''] = match;
  limits.characters(Number(width) + Number(precision ?? 0));
  const isNumber = numberOf(value) !== undefined && typeof value !== 'boolean' && type !== 's';
  const body = isNumber
    ? formatNumber(value, {
        type: type === 'n' ? 'd' : type,
        sign,
        precision: precision === undefined ? undefined : Number(precision),
        alternate: alternate !== undefined,
        ...(grouping === undefined ? {} : { grouping }),
      })
    : str(value).slice(0, precision === undefined ? undefined : Number(precision));
  const fill = fillMark ?? (zero ? '0' : ' ');
  const align = alignMark ?? (zero && isNumber ? '=' : isNumber ? '>' : '<');
  if (align === '=') {
    const [, mark = '', digits = ''] = /^([-+ ]?)(.*)$/s.exec(body) ?? [];
    return mark + padText(digits, Number(width) - mark.length, fill, 'start');
  }
  return padText(body, Number(width), fill, align === '<' ? 'end' : align === '>' ? 'start' : 'both');
}
