import type { BinaryOperator, CallArguments, Comparison, Expression, FilterStep } from './ast.js';
import { knownFilters, knownTests, nearestName } from './names.js';
import type { TokenReader } from './tokens.js';

/** Reads an expression of a template. Precedence as in Jinja, from the weakest down. */
export function parseExpression(reader: TokenReader, options: { conditional?: boolean } = {}): Expression {
  reader.descend();
  const expression = options.conditional === false ? parseOr(reader) : parseConditional(reader);
  reader.ascend();
  return expression;
}

/** An expression, or several separated by commas that make a tuple: `1, 2`. */
export function parseTupleExpression(reader: TokenReader, options: { conditional?: boolean } = {}): Expression {
  const at = reader.current.at;
  const first = parseExpression(reader, options);
  if (!reader.isOperator(',')) return first;
  const items = [first];
  while (reader.skipOperator(',')) {
    if (isExpressionEnd(reader)) break;
    items.push(parseExpression(reader, options));
  }
  return { kind: 'tuple', items, at };
}

/** Filters without an input: `upper | trim`, as in filter blocks and set blocks. */
export function parseFilterSteps(reader: TokenReader): FilterStep[] {
  const steps: FilterStep[] = [];
  do {
    steps.push(parseFilterStep(reader));
  } while (reader.skipOperator('|'));
  return steps;
}

/** What stands between the parentheses of a call; the opening one is current. */
export function parseCallArguments(reader: TokenReader): CallArguments {
  const positional: CallArguments['positional'] = [];
  const keywords: CallArguments['keywords'] = [];
  reader.expectOperator('(', 'before the arguments');
  while (!reader.isOperator(')')) {
    if (reader.skipOperator('**')) keywords.push({ name: undefined, value: parseExpression(reader) });
    else if (reader.skipOperator('*')) positional.push({ value: parseExpression(reader), spread: true });
    else if (reader.is('name') && reader.following.type === 'operator' && reader.following.value === '=') {
      const name = reader.next();
      reader.next();
      if (keywords.some((keyword) => keyword.name === name.value))
        throw reader.fault(`the argument ${name.value} is given twice`, name.at);
      keywords.push({ name: name.value, value: parseExpression(reader) });
    } else {
      if (keywords.some((keyword) => keyword.name !== undefined))
        throw reader.fault('a positional argument stands behind a named one');
      positional.push({ value: parseExpression(reader), spread: false });
    }
    if (!reader.skipOperator(',')) break;
  }
  reader.expectOperator(')', 'after the arguments');
  return { positional, keywords };
}

function isExpressionEnd(reader: TokenReader): boolean {
  const { type, value } = reader.current;
  if (type === 'output-end' || type === 'block-end' || type === 'end') return true;
  if (type === 'operator') return [')', ']', '}', '=', ':'].includes(value);
  return type === 'name' && (value === 'in' || value === 'recursive');
}

function parseConditional(reader: TokenReader): Expression {
  let expression = parseOr(reader);
  while (reader.isName('if')) {
    const { at } = reader.next();
    const test = parseOr(reader);
    const otherwise = reader.skip('name', 'else') ? parseExpression(reader) : undefined;
    expression = { kind: 'conditional', test, whenTrue: expression, otherwise, at };
  }
  return expression;
}

function parseOr(reader: TokenReader): Expression {
  let left = parseAnd(reader);
  while (reader.isName('or')) {
    const { at } = reader.next();
    left = { kind: 'logical', operator: 'or', left, right: parseAnd(reader), at };
  }
  return left;
}

function parseAnd(reader: TokenReader): Expression {
  let left = parseNot(reader);
  while (reader.isName('and')) {
    const { at } = reader.next();
    left = { kind: 'logical', operator: 'and', left, right: parseNot(reader), at };
  }
  return left;
}

function parseNot(reader: TokenReader): Expression {
  if (!reader.isName('not')) return parseCompare(reader);
  const { at } = reader.next();
  reader.descend();
  const operand = parseNot(reader);
  reader.ascend();
  return { kind: 'unary', operator: 'not', operand, at };
}

const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=']);

function parseCompare(reader: TokenReader): Expression {
  const first = parseSum(reader);
  const rest: { operator: Comparison; operand: Expression }[] = [];
  const at = reader.current.at;
  for (;;) {
    if (reader.is('operator') && comparisons.has(reader.current.value)) {
      rest.push({ operator: reader.next().value as Comparison, operand: parseSum(reader) });
    } else if (reader.skip('name', 'in')) {
      rest.push({ operator: 'in', operand: parseSum(reader) });
    } else if (reader.isName('not') && reader.following.type === 'name' && reader.following.value === 'in') {
      reader.next();
      reader.next();
      rest.push({ operator: 'not in', operand: parseSum(reader) });
    } else break;
  }
  return rest.length === 0 ? first : { kind: 'compare', first, rest, at };
}

function parseSum(reader: TokenReader): Expression {
  return parseBinary(reader, ['+', '-'], parseConcat);
}

function parseConcat(reader: TokenReader): Expression {
  const at = reader.current.at;
  const first = parseProduct(reader);
  if (!reader.isOperator('~')) return first;
  const parts = [first];
  while (reader.skipOperator('~')) parts.push(parseProduct(reader));
  return { kind: 'concat', parts, at };
}

function parseProduct(reader: TokenReader): Expression {
  return parseBinary(reader, ['*', '/', '//', '%'], parsePower);
}

function parsePower(reader: TokenReader): Expression {
  return parseBinary(reader, ['**'], parseUnary);
}

function parseBinary(
  reader: TokenReader,
  operators: BinaryOperator[],
  operand: (reader: TokenReader) => Expression,
): Expression {
  let left = operand(reader);
  while (reader.is('operator') && operators.includes(reader.current.value as BinaryOperator)) {
    const { value, at } = reader.next();
    left = { kind: 'binary', operator: value as BinaryOperator, left, right: operand(reader), at };
  }
  return left;
}

/** A sign binds tighter than everything but what stands directly behind its operand; filters apply to the whole. */
function parseUnary(reader: TokenReader): Expression {
  return parsePostfixFilters(reader, parsePostfix(reader, parseSigned(reader)));
}

function parseSigned(reader: TokenReader): Expression {
  if (!reader.isOperator('-') && !reader.isOperator('+')) return parsePrimary(reader);
  const { value, at } = reader.next();
  reader.descend();
  const operand = parsePostfix(reader, parseSigned(reader));
  reader.ascend();
  return { kind: 'unary', operator: value as '-' | '+', operand, at };
}

const constants: Record<string, boolean | null> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

function parsePrimary(reader: TokenReader): Expression {
  const token = reader.current;
  switch (token.type) {
    case 'name':
      reader.next();
      if (Object.hasOwn(constants, token.value))
        return { kind: 'constant', value: constants[token.value] as boolean | null, at: token.at };
      return { kind: 'name', name: token.value, at: token.at };
    case 'string': {
      let value = '';
      while (reader.is('string')) value += reader.next().value;
      return { kind: 'constant', value, at: token.at };
    }
    case 'integer':
      reader.next();
      return { kind: 'constant', value: parseInteger(token.value), at: token.at };
    case 'float':
      reader.next();
      return { kind: 'float', value: Number(token.value), at: token.at };
    case 'operator':
      if (token.value === '(') return parseParentheses(reader);
      if (token.value === '[') return parseList(reader);
      if (token.value === '{') return parseDict(reader);
  }
  throw reader.unexpected('expected an expression');
}

function parseInteger(text: string): number | bigint {
  const plain = /^0+\d/.test(text) ? text.replace(/^0+(?=\d)/, '') : text;
  const value = Number(plain);
  return Number.isSafeInteger(value) ? value : BigInt(plain);
}

function parseParentheses(reader: TokenReader): Expression {
  const { at } = reader.next();
  if (reader.skipOperator(')')) return { kind: 'tuple', items: [], at };
  const inner = parseTupleExpression(reader);
  reader.expectOperator(')', 'to close the parenthesis');
  return inner;
}

function parseList(reader: TokenReader): Expression {
  const { at } = reader.next();
  const items: Expression[] = [];
  while (!reader.isOperator(']')) {
    items.push(parseExpression(reader));
    if (!reader.skipOperator(',')) break;
  }
  reader.expectOperator(']', 'to close the list');
  return { kind: 'list', items, at };
}

function parseDict(reader: TokenReader): Expression {
  const { at } = reader.next();
  const entries: { key: Expression; value: Expression }[] = [];
  while (!reader.isOperator('}')) {
    const key = parseExpression(reader);
    reader.expectOperator(':', 'between key and value of a dict');
    entries.push({ key, value: parseExpression(reader) });
    if (!reader.skipOperator(',')) break;
  }
  reader.expectOperator('}', 'to close the dict');
  return { kind: 'dict', entries, at };
}

/** Attributes, subscripts and calls behind an operand. */
function parsePostfix(reader: TokenReader, operand: Expression): Expression {
  let object = operand;
  for (;;) {
    const { at } = reader.current;
    if (reader.isOperator('(')) object = { kind: 'call', callee: object, arguments: parseCallArguments(reader), at };
    else if (reader.skipOperator('.')) object = parseAttribute(reader, object, at);
    else if (reader.skipOperator('[')) object = parseSubscript(reader, object, at);
    else return object;
  }
}

function parseAttribute(reader: TokenReader, object: Expression, at: number): Expression {
  if (reader.is('integer')) {
    return { kind: 'item', object, key: { kind: 'constant', value: Number(reader.next().value), at }, at };
  }
  return { kind: 'attribute', object, name: reader.expect('name', undefined, 'behind the dot').value, at };
}

function parseSubscript(reader: TokenReader, object: Expression, at: number): Expression {
  const parts = [parseSubscriptPart(reader, object, at)];
  while (reader.skipOperator(',')) {
    if (reader.isOperator(']')) break;
    parts.push(parseSubscriptPart(reader, object, at));
  }
  const commas = parts.length > 1;
  reader.expectOperator(']', 'to close the subscript');
  const first = parts[0] as Expression;
  if (!commas) return first.kind === 'slice' ? first : { kind: 'item', object, key: first, at };
  if (parts.some((part) => part.kind === 'slice' && part.object === object))
    throw reader.fault('a slice cannot stand beside other subscripts', at);
  return { kind: 'item', object, key: { kind: 'tuple', items: parts, at }, at };
}

/** One index, or a slice `start:stop:step`. */
function parseSubscriptPart(reader: TokenReader, object: Expression, at: number): Expression {
  const start = reader.isOperator(':') ? undefined : parseExpression(reader);
  if (start && !reader.isOperator(':')) return start;
  reader.next();
  const ends = () => reader.isOperator(':') || reader.isOperator(']') || reader.isOperator(',');
  const stop = ends() ? undefined : parseExpression(reader);
  const step = reader.skipOperator(':') && !ends() ? parseExpression(reader) : undefined;
  return { kind: 'slice', object, start, stop, step, at };
}

/** Filters and tests behind an operand. A call may follow them. */
function parsePostfixFilters(reader: TokenReader, operand: Expression): Expression {
  let input = operand;
  for (;;) {
    if (reader.skipOperator('|')) input = { kind: 'filter', input, ...parseFilterStep(reader) };
    else if (reader.isName('is')) input = parseTest(reader, input);
    else if (reader.isOperator('(')) {
      input = { kind: 'call', callee: input, arguments: parseCallArguments(reader), at: reader.current.at };
    } else return input;
  }
}

const noArguments: CallArguments = { positional: [], keywords: [] };

function parseFilterStep(reader: TokenReader): FilterStep {
  const { value, at } = reader.expect('name', undefined, 'as the name of a filter');
  let name = value;
  while (reader.skipOperator('.')) name += `.${reader.expect('name', undefined, 'behind the dot').value}`;
  if (!knownFilters.has(name)) throw reader.fault(`there is no filter '${name}'`, at, nearestName(name, knownFilters));
  return { name, arguments: reader.isOperator('(') ? parseCallArguments(reader) : noArguments, at };
}

function parseTest(reader: TokenReader, input: Expression): Expression {
  reader.next();
  const negated = reader.skip('name', 'not');
  const { value, at } = reader.expect('name', undefined, 'as the name of a test');
  let name = value;
  while (reader.skipOperator('.')) name += `.${reader.expect('name', undefined, 'behind the dot').value}`;
  if (!knownTests.has(name)) throw reader.fault(`there is no test '${name}'`, at, nearestName(name, knownTests));
  return { kind: 'test', input, name, arguments: parseTestArguments(reader), negated, at };
}

/** `is divisibleby(3)` or `is divisibleby 3`: one operand may stand without parentheses. */
function parseTestArguments(reader: TokenReader): CallArguments {
  if (reader.isOperator('(')) return parseCallArguments(reader);
  const { type, value } = reader.current;
  const begins =
    ['string', 'integer', 'float'].includes(type) ||
    (type === 'name' && !['else', 'or', 'and', 'is', 'if', 'not', 'in', 'recursive'].includes(value)) ||
    (type === 'operator' && (value === '[' || value === '{'));
  if (!begins) return noArguments;
  return { positional: [{ value: parsePostfix(reader, parsePrimary(reader)), spread: false }], keywords: [] };
}
