import type { Definition, DefinitionKind, Parameter, Statement, Target } from './ast.js';
import { type Source, withinStack } from './errors.js';
import { parseExpression, parseFilterSteps, parseTupleExpression } from './expressions.js';
import { nearestName } from './names.js';
import { TokenReader } from './tokens.js';

/** Reads a whole template. Throws a TemplateError (JINJA_SYNTAX) with the place of the first fault. */
export function parseTemplate(source: Source): Statement[] {
  return withinStack(source, () => new Parser(source).parse());
}

const notInDbt = new Set(['include', 'import', 'from', 'extends', 'block', 'autoescape', 'trans']);
const tags = [
  'if',
  'for',
  'set',
  'do',
  'call',
  'filter',
  'with',
  'break',
  'continue',
  'macro',
  'test',
  'data_test',
  'materialization',
  'snapshot',
  'docs',
  'raw',
];

class Parser {
  #reader: TokenReader;
  /** Names of the tags that are open, for messages and for `break`. */
  #open: string[] = [];

  constructor(source: Source) {
    this.#reader = new TokenReader(source);
  }

  parse(): Statement[] {
    const body = this.#body([]);
    if (!this.#reader.is('end')) throw this.#reader.unexpected('expected the end of the template');
    return body;
  }

  /** Statements up to `{% name`, where name is one of the ends; the reader then stands on that name. */
  #body(ends: string[]): Statement[] {
    const reader = this.#reader;
    const body: Statement[] = [];
    for (;;) {
      const token = reader.next();
      switch (token.type) {
        case 'data':
          body.push({ kind: 'text', text: token.value });
          break;
        case 'output-begin': {
          const expression = parseTupleExpression(reader);
          reader.expect('output-end', undefined, 'to close the output');
          body.push({ kind: 'output', expression, at: token.at });
          break;
        }
        case 'block-begin': {
          if (ends.length > 0 && reader.isName(...ends)) return body;
          body.push(this.#statement(token.at));
          break;
        }
        default:
          if (ends.length === 0) return body;
          throw this.#unclosed(ends);
      }
    }
  }

  #unclosed(ends: string[]): Error {
    const open = this.#open.at(-1) ?? 'block';
    return this.#reader.fault(`the template ends inside {% ${open} %}: {% ${ends.at(-1)} %} is missing`);
  }

  /** One tag and, where it has one, its body. The reader stands behind `{%`. */
  #statement(at: number): Statement {
    const reader = this.#reader;
    const word = reader.expect('name', undefined, 'as the name of a tag');
    reader.descend();
    this.#open.push(word.value);
    const statement = this.#read(word.value, at, word.at);
    this.#open.pop();
    reader.ascend();
    return statement;
  }

  #read(tag: string, at: number, tagAt: number): Statement {
    switch (tag) {
      case 'if':
        return this.#if(at);
      case 'for':
        return this.#for(at);
      case 'set':
        return this.#set(at);
      case 'do': {
        const expression = parseTupleExpression(this.#reader);
        this.#closeTag();
        return { kind: 'do', expression, at };
      }
      case 'call':
        return this.#callBlock(at);
      case 'filter': {
        const filters = parseFilterSteps(this.#reader);
        return { kind: 'filter-block', filters, body: this.#bodyOf(['endfilter']), at };
      }
      case 'with':
        return this.#with(at);
      case 'break':
      case 'continue':
        return this.#jump(tag, at, tagAt);
      case 'macro':
      case 'test':
      case 'data_test':
      case 'materialization':
      case 'snapshot':
      case 'docs':
        return { kind: 'definition', definition: this.#definition(tag, at) };
    }
    throw this.#unknownTag(tag, tagAt);
  }

  #unknownTag(tag: string, at: number): Error {
    const open = this.#open.at(-2);
    if (notInDbt.has(tag)) return this.#reader.fault(`the tag '${tag}' does not exist in dbt's Jinja`, at);
    const inside = open === undefined ? '' : ` inside {% ${open} %}`;
    return this.#reader.fault(`unexpected tag '${tag}'${inside}`, at, nearestName(tag, tags));
  }

  #closeTag(): void {
    this.#reader.expect('block-end', undefined, 'to close the tag');
  }

  /** The rest of the tag, the body up to one of the ends, and that end's tag. `{% if x: %}` is allowed as in Jinja. */
  #bodyOf(ends: string[]): Statement[] {
    const body = this.#bodyUpTo(ends);
    this.#reader.next();
    this.#closeTag();
    return body;
  }

  #bodyUpTo(ends: string[]): Statement[] {
    this.#reader.skipOperator(':');
    this.#closeTag();
    return this.#body(ends);
  }

  #if(at: number): Statement {
    const reader = this.#reader;
    const branches: { test: ReturnType<typeof parseExpression>; body: Statement[] }[] = [];
    let otherwise: Statement[] = [];
    for (let word = 'if'; word !== 'endif'; ) {
      if (word === 'else') {
        otherwise = this.#bodyUpTo(['endif']);
      } else {
        const test = parseTupleExpression(reader, { conditional: false });
        branches.push({ test, body: this.#bodyUpTo(['elif', 'else', 'endif']) });
      }
      word = reader.next().value;
    }
    this.#closeTag();
    return { kind: 'if', branches, otherwise, at };
  }

  #for(at: number): Statement {
    const reader = this.#reader;
    const target = this.#target(false);
    reader.expect('name', 'in', 'in the for');
    const iterable = parseTupleExpression(reader, { conditional: false });
    const condition = reader.skip('name', 'if') ? parseExpression(reader) : undefined;
    const recursive = reader.skip('name', 'recursive');
    const body = this.#bodyUpTo(['else', 'endfor']);
    const otherwise = reader.skip('name', 'else') ? this.#bodyUpTo(['endfor']) : [];
    reader.next();
    this.#closeTag();
    return { kind: 'for', target, iterable, condition, recursive, body, otherwise, at };
  }

  #set(at: number): Statement {
    const reader = this.#reader;
    const target = this.#target(true);
    if (reader.skipOperator('=')) {
      const value = parseTupleExpression(reader);
      this.#closeTag();
      return { kind: 'set', target, value, at };
    }
    const filters = reader.skipOperator('|') ? parseFilterSteps(reader) : [];
    return { kind: 'set-block', target, filters, body: this.#bodyOf(['endset']), at };
  }

  #callBlock(at: number): Statement {
    const reader = this.#reader;
    const parameters = reader.isOperator('(') ? this.#parameters() : [];
    const call = parseExpression(reader);
    if (call.kind !== 'call') throw reader.fault('{% call %} needs a call, such as {% call statement() %}', call.at);
    return { kind: 'call-block', call, parameters, body: this.#bodyOf(['endcall']), at };
  }

  #with(at: number): Statement {
    const reader = this.#reader;
    const assignments: { target: Target; value: ReturnType<typeof parseExpression> }[] = [];
    while (!reader.is('block-end')) {
      if (assignments.length > 0) reader.expectOperator(',', 'between assignments');
      const target = this.#target(false, false);
      reader.expectOperator('=', 'in the with');
      assignments.push({ target, value: parseExpression(reader) });
    }
    return { kind: 'with', assignments, body: this.#bodyOf(['endwith']), at };
  }

  #jump(kind: 'break' | 'continue', at: number, tagAt: number): Statement {
    const inner = this.#open.slice(
      this.#open.findLastIndex((tag) => ['call', 'macro', 'test', 'data_test', 'materialization'].includes(tag)) + 1,
    );
    if (!inner.includes('for')) throw this.#reader.fault(`${kind} stands outside a loop`, tagAt);
    this.#closeTag();
    return { kind, at };
  }

  /** `a`, `a, b`, `(a, b)` or, where allowed, `ns.attribute`. */
  #target(namespace: boolean, several = true): Target {
    const reader = this.#reader;
    const at = reader.current.at;
    const first = this.#singleTarget(namespace);
    if (!several || !reader.isOperator(',')) return first;
    const items = [first];
    while (reader.skipOperator(',')) {
      if (reader.isName('in') || reader.isOperator('=')) break;
      items.push(this.#singleTarget(namespace));
    }
    return { kind: 'tuple', items, at };
  }

  #singleTarget(namespace: boolean): Target {
    const reader = this.#reader;
    if (reader.skipOperator('(')) {
      const inner = this.#target(namespace);
      reader.expectOperator(')', 'to close the names');
      return inner;
    }
    const { value: name, at } = reader.expect('name', undefined, 'to assign to');
    if (['true', 'false', 'none', 'True', 'False', 'None'].includes(name))
      throw reader.fault(`cannot assign to ${name}`, at);
    if (!namespace || !reader.skipOperator('.')) return { kind: 'name', name, at };
    return {
      kind: 'namespace',
      object: name,
      attribute: reader.expect('name', undefined, 'behind the dot').value,
      at,
    };
  }

  #definition(tag: string, at: number): Definition {
    const reader = this.#reader;
    const kind = (tag === 'data_test' ? 'test' : tag) as DefinitionKind;
    const name = reader.expect('name', undefined, `as the name of the ${tag}`).value;
    const shape = { parameters: [] as Parameter[], adapter: undefined as string | undefined, languages: ['sql'] };
    if (kind === 'macro' || kind === 'test') shape.parameters = this.#parameters();
    if (kind === 'materialization') Object.assign(shape, this.#materializationOptions(name));
    const ends = tag === 'data_test' ? ['enddata_test', 'endtest'] : [`end${tag}`];
    const body = this.#bodyUpTo(ends);
    reader.next();
    // Jinja allows the name to be repeated: {% endmacro name %}.
    if (reader.isName(name)) reader.next();
    const end = reader.current.end;
    this.#closeTag();
    return { kind, name, ...shape, body, at, end };
  }

  #materializationOptions(name: string): { adapter: string; languages: string[] } {
    const reader = this.#reader;
    const options = { adapter: 'default', languages: ['sql'] };
    while (reader.skipOperator(',')) {
      const word = reader.expect('name', undefined, 'as an option of the materialization');
      if (word.value === 'default') continue;
      reader.expectOperator('=', `behind ${word.value}`);
      const value = parseExpression(reader);
      if (word.value === 'adapter' && value.kind === 'constant') options.adapter = String(value.value);
      else if (word.value === 'supported_languages' && value.kind === 'list') {
        options.languages = value.items.flatMap((item) => (item.kind === 'constant' ? [String(item.value)] : []));
      } else throw reader.fault(`the materialization ${name} has an option that is not known: ${word.value}`, word.at);
    }
    return options;
  }

  /** `(a, b: int = 3)`. Types are kept as they are written. */
  #parameters(): Parameter[] {
    const reader = this.#reader;
    const parameters: Parameter[] = [];
    reader.expectOperator('(', 'before the parameters');
    while (!reader.isOperator(')')) {
      const { value: name, at } = reader.expect('name', undefined, 'as a parameter');
      if (parameters.some((other) => other.name === name)) throw reader.fault(`the parameter ${name} stands twice`, at);
      const type = reader.skipOperator(':') ? this.#parameterType() : undefined;
      const preset = reader.skipOperator('=') ? parseExpression(reader) : undefined;
      if (!preset && parameters.at(-1)?.default)
        throw reader.fault(`the parameter ${name} without a default stands behind one that has one`, at);
      if (!preset && name === 'caller') throw reader.fault('the parameter caller needs a default', at);
      parameters.push({ name, type, default: preset, at });
      if (!reader.skipOperator(',')) break;
    }
    reader.expectOperator(')', 'after the parameters');
    return parameters;
  }

  /** `string`, `list[string]`, `dict[string, int]`. */
  #parameterType(): string {
    const reader = this.#reader;
    reader.descend();
    let type = reader.expect('name', undefined, 'as a type').value;
    if (reader.skipOperator('[')) {
      const inner: string[] = [];
      do inner.push(this.#parameterType());
      while (reader.skipOperator(','));
      reader.expectOperator(']', 'to close the type');
      type += `[${inner.join(', ')}]`;
    }
    reader.ascend();
    return type;
  }
}
