import { readArguments } from './arguments.js';
import { type Filter, length as lengthOf } from './filters.js';
import { iterate, tryIterate } from './iterate.js';
import { limits } from './limits.js';
import { fixed } from './number-format.js';
import { numberOf, toIndex, truthy } from './operators.js';
import { formatPercent } from './percent-format.js';
import { capitalize, padText, replaceText, stringMethods } from './string-methods.js';
import { str } from './text.js';
import { isMapping, isUndefined, mappingEntries, tuple } from './values.js';

const escaped: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
const escapeHtml: Filter = (value) => str(value).replace(/[&<>"']/g, (character) => escaped[character] as string);

/** Filters on text. */
export const textFilters: Record<string, Filter> = {
  capitalize: (value) => capitalize(str(value)),
  center(value, args, kwargs) {
    const [width = 80] = readArguments('center', ['width?'], args, kwargs);
    limits.characters(toIndex(width, 'the width'));
    return padText(str(value), toIndex(width, 'the width'), ' ', 'both');
  },
  e: escapeHtml,
  escape: escapeHtml,
  forceescape: escapeHtml,
  filesizeformat(value, args, kwargs) {
    const [binary] = readArguments('filesizeformat', ['binary?'], args, kwargs);
    return fileSize(Number(numberOf(value) ?? str(value)), truthy(binary));
  },
  format: (value, args, kwargs) =>
    formatPercent(str(value), kwargs && Object.keys(kwargs).length > 0 ? { ...kwargs } : tuple(args)),
  indent(value, args, kwargs) {
    const [width = 4, first, blank] = readArguments('indent', ['width?', 'first?', 'blank?'], args, kwargs);
    return indentLines(str(value), width, truthy(first), truthy(blank));
  },
  lower: (value) => str(value).toLowerCase(),
  upper: (value) => str(value).toUpperCase(),
  replace(value, args, kwargs) {
    const [from, to, count] = readArguments('replace', ['old', 'new', 'count?'], args, kwargs);
    return replaceText(str(value), str(from), str(to), count);
  },
  safe: (value) => value,
  string: (value) => str(value),
  striptags: (value) =>
    str(value)
      .replace(/<!--.*?-->|<[^>]*>/gs, '')
      .replace(/\s+/g, ' ')
      .trim(),
  title: (value) => str(value).replace(/([^\s\-({[<]+)/g, (word) => capitalize(word)),
  trim(value, args, kwargs) {
    const [characters] = readArguments('trim', ['chars?'], args, kwargs);
    return stringMethods['strip']?.(str(value), characters === undefined ? [] : [characters], null, undefined as never);
  },
  truncate(value, args, kwargs) {
    const [length = 255, kill, end = '...', leeway = 5] = readArguments(
      'truncate',
      ['length?', 'killwords?', 'end?', 'leeway?'],
      args,
      kwargs,
    );
    const size = toIndex(length, 'the length');
    if (lengthOf(value) <= size + toIndex(leeway, 'the leeway')) return value;
    const text = str(value);
    const cut = Array.from(text)
      .slice(0, Math.max(0, size - str(end).length))
      .join('');
    if (truthy(kill)) return cut + str(end);
    const space = cut.lastIndexOf(' ');
    return (space === -1 ? cut : cut.slice(0, space)) + str(end);
  },
  urlencode(value) {
    if (typeof value === 'string' || tryIterate(value) === undefined)
      return urlQuote(str(value)).replaceAll('%2F', '/');
    const pairs = isMapping(value)
      ? mappingEntries(value)
      : iterate(value).map((pair) => iterate(pair) as [unknown, unknown]);
    return pairs
      .map(([key, item]) => `${urlQuote(str(key))}=${urlQuote(str(item))}`)
      .join('&')
      .replaceAll('%20', '+');
  },
  urlize: (value) =>
    str(value).replace(/https?:\/\/[^\s<>"']+/g, (url) => `<a href="${url}" rel="noopener">${url}</a>`),
  wordcount: (value) => str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
  wordwrap(value, args, kwargs) {
    const [width = 79, long = true, wrap = '\n'] = readArguments(
      'wordwrap',
      ['width?', 'break_long_words?', 'wrapstring?', 'break_on_hyphens?'],
      args,
      kwargs,
    );
    return str(value)
      .split(/\r\n|\n|\r/)
      .map((line) => wrapLine(line, Math.max(1, toIndex(width, 'the width')), truthy(long)).join(str(wrap)))
      .join(str(wrap));
  },
  xmlattr(value) {
    const pairs = isMapping(value) ? mappingEntries(value) : [];
    const written = pairs
      .filter(([, item]) => item !== null && !isUndefined(item))
      .map(
        ([key, item]) =>
          `${str(escapeHtml(key, [], null, undefined as never))}="${str(escapeHtml(item, [], null, undefined as never))}"`,
      );
    return written.length > 0 ? ` ${written.join(' ')}` : '';
  },
};

function indentLines(text: string, width: unknown, first: boolean, blank: boolean): string {
  const indention =
    typeof width === 'string' ? width : ' '.repeat(Math.max(0, Math.min(10_000, toIndex(width, 'the width'))));
  const lines = text.split('\n');
  limits.characters(text.length + lines.length * indention.length);
  return lines
    .map((line, index) =>
      index === 0 ? (first ? indention + line : line) : line === '' && !blank ? line : indention + line,
    )
    .join('\n');
}

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  const prefixes = binary
    ? ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB']
    : ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const power = Math.min(prefixes.length, Math.floor(Math.log(bytes) / Math.log(base)));
  return `${fixed(bytes / base ** power, 1)} ${prefixes[power - 1]}`;
}

function urlQuote(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function wrapLine(line: string, width: number, breakLong: boolean): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ').flatMap((each) => (breakLong ? chunks(each, width) : [each]))) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}

function chunks(word: string, width: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < word.length; at += width) parts.push(word.slice(at, at + width));
  return parts.length > 0 ? parts : [''];
}
