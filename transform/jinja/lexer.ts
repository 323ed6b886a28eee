import { type Source, TemplateError } from './errors.js';

export type TokenType =
  | 'data'
  | 'output-begin'
  | 'output-end'
  | 'block-begin'
  | 'block-end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'end';

export interface Token {
  type: TokenType;
  /** The text; for a string its value, for data what is printed. */
  value: string;
  at: number;
  /** Offset behind the token. */
  end: number;
}

/** Reads a template into tokens. Comments are gone, whitespace control is applied, `raw` and `docs` are data. */
export function tokenize(source: Source): Token[] {
  return new Lexer(source).run();
}

const tagStart = /\{([{%#])([-+]?)/g;
const rawStart = /\{%[-+]?\s*raw\s*(-?)%\}/y;
const rawEnd = /\{%(-?)[-+]?\s*endraw\s*([-+]?)%\}/g;
const docsStart = /\{%[-+]?\s*docs\s+[\p{L}\p{N}_]+\s*(-?)%\}/uy;
const docsEnd = /\{%-?\s*enddocs\s*[-+]?%\}/g;
const whitespace = /\s+/y;
const nameWord = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
const floatNumber = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const integerNumber = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|\d(?:_?\d)*/y;
const stringLiteral = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const operatorText = /\/\/|\*\*|==|!=|<=|>=|[-+*/%~<>=.:|,;()[\]{}]/y;
const closingOf: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

class Lexer {
  #source: Source;
  #text: string;
  #at = 0;
  #tokens: Token[] = [];

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
  }

  run(): Token[] {
    while (this.#at < this.#text.length) this.#readData();
    this.#push('end', '', this.#text.length, this.#text.length);
    return this.#tokens;
  }

  /** Data up to the next tag, and the tag. */
  #readData(): void {
    const from = this.#at;
    tagStart.lastIndex = from;
    const tag = tagStart.exec(this.#text);
    const to = tag ? tag.index : this.#text.length;
    const data = this.#text.slice(from, to);
    this.#pushData(tag?.[2] === '-' ? data.trimEnd() : data, from, to);
    if (!tag) {
      this.#at = to;
      return;
    }
    this.#at = to + tag[0].length;
    if (tag[1] === '#') this.#skipComment(to);
    else if (tag[1] === '{') this.#readTag(to, 'output');
    else if (!this.#readRaw(to)) this.#readTag(to, 'block');
  }

  #skipComment(from: number): void {
    const end = this.#text.indexOf('#}', this.#at);
    if (end === -1) throw this.#fault('this comment is not closed: #} is missing', from);
    this.#at = end + 2;
    if (this.#text[end - 1] === '-') this.#skipWhitespace();
  }

  /** `{% raw %}…{% endraw %}` is data; so is the body of `{% docs %}`, where braces and quotes are prose. */
  #readRaw(from: number): boolean {
    rawStart.lastIndex = from;
    const raw = rawStart.exec(this.#text);
    if (raw) {
      rawEnd.lastIndex = from + raw[0].length;
      const end = rawEnd.exec(this.#text);
      if (!end) throw this.#fault('this raw block is not closed: {% endraw %} is missing', from);
      let data = this.#text.slice(from + raw[0].length, end.index);
      if (raw[1]) data = data.trimStart();
      if (end[1]) data = data.trimEnd();
      this.#pushData(data, from, end.index);
      this.#at = end.index + end[0].length;
      if (end[2] === '-') this.#skipWhitespace();
      return true;
    }
    docsStart.lastIndex = from;
    const docs = docsStart.exec(this.#text);
    if (!docs) return false;
    docsEnd.lastIndex = from + docs[0].length;
    const end = docsEnd.exec(this.#text);
    if (!end) throw this.#fault('this docs block is not closed: {% enddocs %} is missing', from);
    this.#readTag(from, 'block');
    const body = this.#at;
    this.#pushData(this.#text.slice(body, end.index), body, end.index);
    this.#at = end.index;
    return true;
  }

  /** The tokens of one tag, up to the end that is not inside brackets. */
  #readTag(from: number, kind: 'output' | 'block'): void {
    this.#at = from + 2;
    if (this.#text[this.#at] === '-' || this.#text[this.#at] === '+') this.#at++;
    this.#push(`${kind}-begin`, '', from, this.#at);
    const closing = kind === 'output' ? '}}' : '%}';
    const brackets: string[] = [];
    for (;;) {
      this.#skipWhitespace();
      if (this.#at >= this.#text.length) throw this.#fault(`this tag is not closed: ${closing} is missing`, from);
      if (brackets.length === 0 && this.#readTagEnd(kind, closing)) return;
      this.#readToken(brackets);
    }
  }

  #readTagEnd(kind: 'output' | 'block', closing: string): boolean {
    const sign = this.#text[this.#at];
    const signed = (sign === '-' || sign === '+') && this.#text.startsWith(closing, this.#at + 1);
    if (!signed && !this.#text.startsWith(closing, this.#at)) return false;
    const from = this.#at;
    this.#at += closing.length + (signed ? 1 : 0);
    this.#push(`${kind}-end`, '', from, this.#at);
    if (signed && sign === '-') this.#skipWhitespace();
    return true;
  }

  #readToken(brackets: string[]): void {
    const from = this.#at;
    const word = this.#match(nameWord);
    if (word !== undefined) {
      this.#push('name', word, from, this.#at);
      return;
    }
    const fraction = this.#text[from - 1] === '.' ? undefined : this.#match(floatNumber);
    if (fraction !== undefined) {
      this.#push('float', fraction.replaceAll('_', ''), from, this.#at);
      return;
    }
    const integer = this.#match(integerNumber);
    if (integer !== undefined) {
      this.#push('integer', integer.replaceAll('_', ''), from, this.#at);
      return;
    }
    const string = this.#match(stringLiteral);
    if (string !== undefined) {
      this.#push('string', decodeEscapes(string.slice(1, -1)), from, this.#at);
      return;
    }
    const operator = this.#match(operatorText);
    if (operator === undefined) throw this.#unknown(from);
    if (operator in closingOf) brackets.push(operator);
    else if (operator === ')' || operator === ']' || operator === '}') {
      const open = brackets.pop();
      if (open === undefined || closingOf[open] !== operator) {
        const wanted = open === undefined ? '' : `, expected ${closingOf[open]}`;
        throw this.#fault(`unexpected ${operator}${wanted}`, from);
      }
    }
    this.#push('operator', operator, from, this.#at);
  }

  #unknown(from: number): TemplateError {
    const character = this.#text[from] as string;
    if (character === "'" || character === '"') return this.#fault('this string is not closed', from);
    return this.#fault(`unexpected character ${JSON.stringify(character)}`, from);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) return undefined;
    this.#at += found[0].length;
    return found[0];
  }

  #skipWhitespace(): void {
    this.#match(whitespace);
  }

  #pushData(value: string, at: number, end: number): void {
    if (value !== '') this.#push('data', value, at, end);
  }

  #push(type: TokenType, value: string, at: number, end: number): void {
    this.#tokens.push({ type, value, at, end });
  }

  #fault(message: string, at: number): TemplateError {
    return new TemplateError('JINJA_SYNTAX', message, this.#source, at);
  }
}

const escapes: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Python's escapes; an unknown one stays as it is written. */
function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gs,
    (whole, hex, short, long, octal, character) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (character !== undefined) return escapes[character] ?? whole;
      const point = Number.parseInt(hex ?? short ?? long, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}
