import { type Source, TemplateError } from './errors.js';
import { type Token, type TokenType, tokenize } from './lexer.js';

/** How deep tags and brackets may nest: beyond it the parser would run out of stack. */
const nestingMax = 150;

/** The tokens of a template, read from left to right. */
export class TokenReader {
  readonly source: Source;
  #tokens: Token[];
  #index = 0;
  #depth = 0;

  constructor(source: Source) {
    this.source = source;
    this.#tokens = tokenize(source);
  }

  get current(): Token {
    return this.#tokens[this.#index] as Token;
  }

  get following(): Token {
    return (this.#tokens[this.#index + 1] ?? this.current) as Token;
  }

  next(): Token {
    const token = this.current;
    if (token.type !== 'end') this.#index++;
    return token;
  }

  is(type: TokenType, value?: string): boolean {
    const token = this.current;
    return token.type === type && (value === undefined || token.value === value);
  }

  isOperator(value: string): boolean {
    return this.is('operator', value);
  }

  isName(...names: string[]): boolean {
    return this.current.type === 'name' && names.includes(this.current.value);
  }

  /** Reads the token when it is the one asked for. */
  skip(type: TokenType, value?: string): boolean {
    if (!this.is(type, value)) return false;
    this.next();
    return true;
  }

  skipOperator(value: string): boolean {
    return this.skip('operator', value);
  }

  expect(type: TokenType, value: string | undefined, where: string): Token {
    if (this.is(type, value)) return this.next();
    throw this.unexpected(`expected ${value ?? describeType(type)} ${where}`);
  }

  expectOperator(value: string, where: string): Token {
    return this.expect('operator', value, where);
  }

  /** Guards recursion: call it on the way down, `ascend` on the way up. */
  descend(): void {
    if (++this.#depth > nestingMax) throw this.fault(`more than ${nestingMax} levels of nesting`);
  }

  ascend(): void {
    this.#depth--;
  }

  unexpected(message: string): TemplateError {
    return this.fault(`${message}, got ${describe(this.current)}`);
  }

  fault(message: string, at = this.current.at, hint?: string): TemplateError {
    return new TemplateError('JINJA_SYNTAX', message, this.source, at, hint === undefined ? {} : { hint });
  }
}

function describe(token: Token): string {
  switch (token.type) {
    case 'name':
    case 'operator':
    case 'integer':
    case 'float':
      return `'${token.value}'`;
    case 'string':
      return `the string ${JSON.stringify(token.value)}`;
    default:
      return describeType(token.type);
  }
}

function describeType(type: TokenType): string {
  switch (type) {
    case 'end':
      return 'the end of the template';
    case 'output-begin':
      return '{{';
    case 'output-end':
      return '}}';
    case 'block-begin':
      return '{%';
    case 'block-end':
      return '%}';
    case 'data':
      return 'text';
    default:
      return `a ${type}`;
  }
}
