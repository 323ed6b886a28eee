import { MillraceError } from '../../kernel/errors.js';

/**
 * Reads CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes; `\n` or `\r\n`) row by row. Blank lines are left out.
 * Throws SQL_PROJECT_INVALID with the line for a quote that never ends.
 */
export function* readCsv(text: string, path: string, delimiter = ','): Generator<string[]> {
  let at = 0;
  let line = 1;
  let row: string[] = [];
  const ends = `${delimiter}\r\n`;
  while (at <= text.length) {
    let field: string;
    if (text[at] === '"') {
      const { value, next, lines } = quotedField(text, at, delimiter, `${path}:${line}`);
      field = value;
      at = next;
      line += lines;
    } else {
      let end = at;
      while (end < text.length && !ends.includes(text[end] as string)) end++;
      field = text.slice(at, end);
      at = end;
    }
    row.push(field);
    if (text[at] === delimiter) {
      at++;
      continue;
    }
    if (row.length > 1 || row[0] !== '') yield row;
    row = [];
    line++;
    if (at >= text.length) break;
    at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
  }
}

/** One line of CSV; null is an empty field, an empty text a quoted one. */
export function writeCsvRow(values: (string | null)[]): string {
  return `${values.map((value) => (value === null ? '' : /^$|[",\n\r]|^\\\.$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')}\n`;
}

function quotedField(
  text: string,
  start: number,
  delimiter: string,
  where: string,
): { value: string; next: number; lines: number } {
  let value = '';
  let at = start + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    if (end === -1)
      throw new MillraceError('SQL_PROJECT_INVALID', `${where}: a quoted field begins here and never ends`);
    value += text.slice(at, end);
    if (text[end + 1] !== '"') {
      // What stands between the closing quote and the delimiter belongs to the field, as Python's csv reads it.
      let next = end + 1;
      while (next < text.length && text[next] !== delimiter && text[next] !== '\r' && text[next] !== '\n')
        value += text[next++];
      return { value, next, lines: value.split('\n').length - 1 };
    }
    value += '"';
    at = end + 2;
  }
}
