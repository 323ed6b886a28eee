import { readArguments, textArgument } from './arguments.js';
import { codePoints, sliceIndices } from './attributes.js';
import { formatBraces } from './brace-format.js';
import { RuntimeFault } from './errors.js';
import { iterate } from './iterate.js';
import { limits } from './limits.js';
import { methodTable } from './methods.js';
import { toIndex } from './operators.js';
import { isMapping, mappingEntries, mappingGet, mappingHas, Tuple, tuple, typeName } from './values.js';

/** Python's methods of str. */
export const stringMethods = methodTable<string>({
  lower: (self) => self.toLowerCase(),
  upper: (self) => self.toUpperCase(),
  casefold: (self) => self.toLowerCase().replaceAll('ß', 'ss'),
  capitalize,
  title,
  swapcase: (self) => Array.from(self, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(''),
  strip: (self, args, kwargs) => strip(self, readArguments('strip', ['chars?'], args, kwargs)[0], true, true),
  lstrip: (self, args, kwargs) => strip(self, readArguments('lstrip', ['chars?'], args, kwargs)[0], true, false),
  rstrip: (self, args, kwargs) => strip(self, readArguments('rstrip', ['chars?'], args, kwargs)[0], false, true),
  split,
  rsplit,
  splitlines,
  join: (self, args, kwargs) => joinText(self, readArguments('join', ['items'], args, kwargs)[0]),
  replace: (self, args, kwargs) => {
    const [from, to, count] = readArguments('replace', ['old', 'new', 'count?'], args, kwargs);
    return replaceText(self, textArgument('replace', from, 'old'), textArgument('replace', to, 'new'), count);
  },
  startswith: (self, args, kwargs) => hasAffix('startswith', self, args, kwargs),
  endswith: (self, args, kwargs) => hasAffix('endswith', self, args, kwargs),
  removeprefix: (self, args) => {
    const prefix = textArgument('removeprefix', args[0]);
    return self.startsWith(prefix) ? self.slice(prefix.length) : self;
  },
  removesuffix: (self, args) => {
    const suffix = textArgument('removesuffix', args[0]);
    return suffix !== '' && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self;
  },
  find: (self, args) => search('find', self, args, false),
  rfind: (self, args) => search('rfind', self, args, true),
  index: (self, args) => found('index', search('index', self, args, false)),
  rindex: (self, args) => found('rindex', search('rindex', self, args, true)),
  count: (self, args) => countText(self, textArgument('count', args[0])),
  partition: (self, args) => partition(self, textArgument('partition', args[0]), false),
  rpartition: (self, args) => partition(self, textArgument('rpartition', args[0]), true),
  format: (self, args, kwargs) => formatBraces(self, args, kwargs ?? {}),
  format_map: (self, args) => {
    if (!isMapping(args[0])) throw new RuntimeFault(`format_map() needs a dict, got '${typeName(args[0])}'`);
    return formatBraces(self, [], Object.fromEntries(mappingEntries(args[0])));
  },
  zfill: (self, args) => zeroFill(self, toIndex(args[0], 'the width')),
  ljust: (self, args) => pad(self, args, 'end'),
  rjust: (self, args) => pad(self, args, 'start'),
  center: (self, args) => pad(self, args, 'both'),
  expandtabs: (self, args) => self.replaceAll('\t', ' '.repeat(Math.min(64, toIndex(args[0] ?? 8, 'the tab size')))),
  isdigit: (self) => /^\p{Nd}+$/u.test(self),
  isdecimal: (self) => /^\p{Nd}+$/u.test(self),
  isnumeric: (self) => /^\p{N}+$/u.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  isspace: (self) => /^\s+$/u.test(self),
  isascii: (self) => /^[\0-\x7f]*$/.test(self),
  isidentifier: (self) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(self),
  islower: (self) => self === self.toLowerCase() && self !== self.toUpperCase(),
  isupper: (self) => self === self.toUpperCase() && self !== self.toLowerCase(),
  istitle: (self) => /\p{L}/u.test(self) && self === title(self),
  encode: (self) => self,
  translate: (self, args) => translate(self, args[0]),
});

export function capitalize(self: string): string {
  const [first = '', ...rest] = codePoints(self);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** Every run of letters begins with a capital. */
export function title(self: string): string {
  return self.replace(/\p{L}+/gu, (word) => capitalize(word));
}

export function joinText(separator: string, items: unknown): string {
  const parts = iterate(items);
  parts.forEach((part, index) => {
    if (typeof part !== 'string')
      throw new RuntimeFault(
        `join() needs text, got '${typeName(part)}' as item ${index}`,
        'JINJA_RUNTIME',
        "The filter 'join' takes any values.",
      );
  });
  return limits.text(parts.join(separator));
}

export function replaceText(text: string, from: string, to: string, count: unknown): string {
  const most = count === undefined || count === null ? -1 : toIndex(count, 'the count');
  const occurrences = countText(text, from);
  const times = most < 0 ? occurrences : Math.min(most, occurrences);
  limits.characters(text.length + times * (to.length - from.length));
  if (times === occurrences && from !== '') return text.replaceAll(from, () => to);
  let done = '';
  let at = 0;
  for (let turn = 0; turn < times; turn++) {
    const next = from === '' ? at + (turn === 0 ? 0 : 1) : text.indexOf(from, at);
    done += text.slice(at, next) + to;
    at = next + from.length;
  }
  return done + text.slice(at);
}

function countText(text: string, part: string): number {
  if (part === '') return codePoints(text).length + 1;
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

function strip(self: string, characters: unknown, start: boolean, end: boolean): string {
  if (characters === undefined || characters === null) {
    if (start && end) return self.trim();
    return start ? self.trimStart() : self.trimEnd();
  }
  const set = new Set(textArgument('strip', characters));
  const points = Array.from(self);
  let from = 0;
  let to = points.length;
  while (start && from < to && set.has(points[from] as string)) from++;
  while (end && to > from && set.has(points[to - 1] as string)) to--;
  return points.slice(from, to).join('');
}

function split(self: string, args: unknown[], kwargs: Record<string, unknown> | null): string[] {
  const [separator, most] = splitArguments('split', args, kwargs);
  if (separator === null) {
    const words = self.trim() === '' ? [] : self.trim().split(/\s+/);
    if (most < 0 || words.length <= most + 1) return words;
    const pattern = new RegExp(`^\\s*${'(\\S+)\\s+'.repeat(most)}([^]*)$`);
    return (pattern.exec(self) as RegExpExecArray).slice(1);
  }
  const parts = self.split(separator);
  return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
}

function rsplit(self: string, args: unknown[], kwargs: Record<string, unknown> | null): string[] {
  const [separator, most] = splitArguments('rsplit', args, kwargs);
  if (most < 0) return split(self, args, kwargs);
  if (separator === null) {
    const reversed = [...self.trim()].reverse().join('');
    const parts = split(reversed, [null, most], null);
    return parts.map((part) => [...part].reverse().join('')).reverse();
  }
  const parts = self.split(separator);
  const cut = Math.max(0, parts.length - most);
  return cut <= 1 ? parts : [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
}

function splitArguments(
  name: string,
  args: unknown[],
  kwargs: Record<string, unknown> | null,
): [string | null, number] {
  const [separator, most] = readArguments(name, ['sep?', 'maxsplit?'], args, kwargs);
  const limit = Math.min(most === undefined || most === null ? -1 : toIndex(most, 'maxsplit'), 1000);
  if (separator === undefined || separator === null) return [null, limit];
  if (separator === '') throw new RuntimeFault(`${name}() needs a separator that is not empty`);
  return [textArgument(name, separator, 'sep'), limit];
}

/** What ends a line in Python: more than \r and \n. */
const breaks = String.raw`\n\r\v\f\x1c-\x1e\x85\u2028\u2029`;
const lineEnd = new RegExp(`(?:\\r\\n|[${breaks}])$`);
const lineWithEnd = new RegExp(`[^${breaks}]*(?:\\r\\n|[${breaks}])|[^${breaks}]+$`, 'g');

function splitlines(self: string, args: unknown[], kwargs: Record<string, unknown> | null): string[] {
  const [keep] = readArguments('splitlines', ['keepends?'], args, kwargs);
  const lines = self.match(lineWithEnd) ?? [];
  return keep ? [...lines] : lines.map((line) => line.replace(lineEnd, ''));
}

function hasAffix(
  name: 'startswith' | 'endswith',
  self: string,
  args: unknown[],
  kwargs: Record<string, unknown> | null,
): boolean {
  const [affix, start, end] = readArguments(name, ['prefix', 'start?', 'end?'], args, kwargs);
  const text =
    start === undefined && end === undefined
      ? self
      : sliceIndices(self.length, start, end, 1)
          .map((index) => self[index])
          .join('');
  const affixes = affix instanceof Tuple ? [...affix] : [affix];
  return affixes.some((each) =>
    name === 'startswith' ? text.startsWith(textArgument(name, each)) : text.endsWith(textArgument(name, each)),
  );
}

function search(name: string, self: string, args: unknown[], last: boolean): number {
  const part = textArgument(name, args[0]);
  const points = codePoints(self);
  const start = args[1] === undefined || args[1] === null ? 0 : toIndex(args[1], 'the start');
  const end = args[2] === undefined || args[2] === null ? points.length : toIndex(args[2], 'the end');
  const from = start < 0 ? Math.max(0, start + points.length) : start;
  const to = end < 0 ? Math.max(0, end + points.length) : Math.min(end, points.length);
  if (from > to) return -1;
  const window = typeof points === 'string' ? points.slice(from, to) : points.slice(from, to).join('');
  const at = last ? window.lastIndexOf(part) : window.indexOf(part);
  if (at === -1) return -1;
  return from + (typeof points === 'string' ? at : Array.from(window.slice(0, at)).length);
}

function found(name: string, at: number): number {
  if (at === -1) throw new RuntimeFault(`${name}(): the text was not found`);
  return at;
}

function partition(self: string, separator: string, last: boolean): Tuple {
  if (separator === '') throw new RuntimeFault('partition() needs a separator that is not empty');
  const at = last ? self.lastIndexOf(separator) : self.indexOf(separator);
  if (at === -1) return tuple(last ? ['', '', self] : [self, '', '']);
  return tuple([self.slice(0, at), separator, self.slice(at + separator.length)]);
}

function zeroFill(self: string, width: number): string {
  limits.characters(width);
  const sign = /^[+-]/.exec(self)?.[0] ?? '';
  return sign + padText(self.slice(sign.length), width - sign.length, '0', 'start');
}

function pad(self: string, args: unknown[], side: 'start' | 'end' | 'both'): string {
  const width = toIndex(args[0], 'the width');
  limits.characters(width);
  const fill = args[1] === undefined ? ' ' : textArgument('just', args[1], 'the fill character');
  return padText(self, width, fill, side);
}

/** Pads to a width in characters. */
export function padText(text: string, width: number, fill: string, side: 'start' | 'end' | 'both'): string {
  const room = width - codePoints(text).length;
  if (room <= 0) return text;
  if (side === 'start') return fill.repeat(room) + text;
  if (side === 'end') return text + fill.repeat(room);
  const left = Math.floor(room / 2) + (room & width & 1);
  return fill.repeat(left) + text + fill.repeat(room - left);
}

function translate(self: string, table: unknown): string {
  if (!isMapping(table)) throw new RuntimeFault(`translate() needs a dict, got '${typeName(table)}'`);
  return Array.from(self, (character) => {
    const point = character.codePointAt(0);
    if (!mappingHas(table, point)) return character;
    const to = mappingGet(table, point);
    return to === null ? '' : typeof to === 'number' ? String.fromCodePoint(to) : String(to);
  }).join('');
}
