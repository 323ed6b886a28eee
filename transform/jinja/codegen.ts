import { assertNever } from '../../kernel/json.js';
import type { Definition, FilterStep, Parameter, Statement, Target } from './ast.js';
import { ExpressionWriter, type Mode } from './codegen-expressions.js';
import { assignedNames, readsName, Scope, targetNames } from './scope.js';

/**
 * Turns the tree of a template into the source of a JavaScript function. In `async` mode it is a generator that yields
 * the promises it waits for; `sync` is the same text without `function*` and `yield*`.
 *
 * Names of the source: `$r` the run, `$c` the context, `$o…` what is written, `$p` the offset of what is going on (for
 * errors), `$s` the source; all else comes from runtime.ts. Text of the template enters only through JSON.stringify.
 */
export function generateTemplate(body: Statement[], mode: Mode, output: 'text' | 'values'): string {
  return new CodeWriter(mode).template(body, output);
}

/** The source of a function `($r, $c, $a)` for a macro, a test or a materialization; `$a` are its bound arguments. */
export function generateDefinition(definition: Definition, mode: Mode): string {
  const { parameters, body } = definition;
  return new CodeWriter(mode).macroFunction(parameters, body, {
    scope: undefined,
    parameters: '$r, $c, $a',
    returns: true,
  });
}

/** What a macro takes besides its parameters, found by what its body reads. */
export function signatureOf(parameters: Parameter[], body: Statement[]): Signature {
  return {
    names: parameters.map((parameter) => parameter.name),
    varargs: readsName(body, 'varargs'),
    kwargs: readsName(body, 'kwargs'),
    caller: readsName(body, 'caller') || parameters.some((parameter) => parameter.name === 'caller'),
  };
}

export interface Signature {
  names: string[];
  varargs: boolean;
  kwargs: boolean;
  caller: boolean;
}

class CodeWriter {
  readonly #mode: Mode;
  #counter = 0;
  /** The variable that output goes to, and whether it collects values instead of text. */
  #output = { variable: '$o', values: false };
  #scope = new Scope();
  #expressions: ExpressionWriter;

  constructor(mode: Mode) {
    this.#mode = mode;
    this.#expressions = new ExpressionWriter(mode, (name) => this.#scope.find(name));
  }

  template(body: Statement[], output: 'text' | 'values'): string {
    const values = output === 'values';
    this.#output = { variable: '$o', values };
    const code = this.#scopeBody(body);
    return this.#function(
      '$r, $c',
      `let $o = ${values ? '[]' : "''"};\n${code}return ${values ? '$o' : 'finish($r, $o)'};\n`,
      false,
    );
  }

  macroFunction(
    parameters: Parameter[],
    body: Statement[],
    shape: { scope: Scope | undefined; parameters: string; returns: boolean },
  ): string {
    const signature = signatureOf(parameters, body);
    const output = this.#output;
    const outer = this.#scope;
    this.#scope = new Scope(shape.scope);
    this.#output = { variable: '$o', values: false };
    const code = this.#parameters(parameters, signature) + this.#scopeBody(body);
    this.#scope = outer;
    this.#output = output;
    return this.#function(shape.parameters, `let $o = '';\n${code}return finish($r, $o);\n`, shape.returns);
  }

  #function(parameters: string, body: string, returns: boolean): string {
    const caught = returns ? 'if ($e instanceof MacroReturn) return $e.value;\n' : '';
    return `function${this.#star}(${parameters}) {
let $p = 0, $x, $t;
enter($r);
try {
${body}} catch ($e) {
${caught}throw fail($s, $e, $p);
} finally {
$r.depth--;
}
}`;
  }

  get #star(): string {
    return this.#mode === 'async' ? '*' : '';
  }

  #parameters(parameters: Parameter[], signature: Signature): string {
    let code = '';
    parameters.forEach((parameter, index) => {
      const preset = parameter.default
        ? this.#expressions.write(parameter.default)
        : `undefinedParameter(${JSON.stringify(parameter.name)})`;
      const variable = this.#variable();
      code += `let ${variable} = $a[${index}] === undefined ? ${preset} : $a[${index}];\n`;
      this.#scope.declare(parameter.name, variable);
    });
    const extras = (['varargs', 'kwargs', 'caller'] as const).filter(
      (name) => signature[name] && !signature.names.includes(name),
    );
    for (const name of extras) {
      const variable = this.#variable();
      code += `let ${variable} = $a.${name};\n`;
      this.#scope.declare(name, variable);
    }
    return code;
  }

  #variable(): string {
    return `v${this.#counter++}`;
  }

  /** The statements of the current scope, with the variables that they assign declared first. */
  #scopeBody(body: Statement[]): string {
    const declared = this.#declareAssigned(body);
    return declared + this.#statements(body);
  }

  #declareAssigned(body: Statement[]): string {
    let code = '';
    for (const name of assignedNames(body)) {
      const outside = this.#expressions.name(name);
      const variable = this.#variable();
      code += `let ${variable} = ${outside};\n`;
      this.#scope.declare(name, variable);
    }
    return code;
  }

  /** Writes code in a scope of its own. */
  #inScope(write: () => string): string {
    const outer = this.#scope;
    this.#scope = new Scope(outer);
    const code = write();
    this.#scope = outer;
    return code;
  }

  #statements(body: Statement[]): string {
    let code = '';
    for (const statement of body) code += this.#statement(statement);
    return code;
  }

  #statement(statement: Statement): string {
    switch (statement.kind) {
      case 'text':
        return this.#emit(JSON.stringify(statement.text), true);
      case 'output':
        return this.#emit(this.#expressions.write(statement.expression), false);
      case 'do':
        return `${this.#expressions.write(statement.expression)};\n`;
      case 'if':
        return this.#if(statement);
      case 'for':
        return statement.recursive ? this.#recursiveFor(statement) : this.#for(statement);
      case 'set':
        return this.#assign(statement.target, this.#expressions.write(statement.value), statement.at);
      case 'set-block':
        return this.#block(statement.body, statement.filters, (value) =>
          this.#assign(statement.target, value, statement.at),
        );
      case 'filter-block':
        return this.#block(statement.body, statement.filters, (value) => this.#emit(value, true));
      case 'call-block':
        return this.#callBlock(statement);
      case 'with':
        return this.#with(statement);
      case 'break':
      case 'continue':
        return `${statement.kind};\n`;
      case 'definition':
        return this.#definition(statement.definition);
      default:
        return assertNever(statement);
    }
  }

  #emit(expression: string, isText: boolean): string {
    const { variable, values } = this.#output;
    if (values) return `${variable}.push(${expression});\n`;
    return `${variable} += ${isText ? expression : `str(${expression})`};\n`;
  }

  #if(statement: Statement & { kind: 'if' }): string {
    let code = '';
    for (const branch of statement.branches)
      code += `${code ? ' else ' : ''}if (${this.#expressions.condition(branch.test)}) {\n${this.#statements(branch.body)}}`;
    if (statement.otherwise.length > 0) code += ` else {\n${this.#statements(statement.otherwise)}}`;
    return `${code}\n`;
  }

  #for(statement: Statement & { kind: 'for' }): string {
    const items = this.#variable();
    const iterable = this.#expressions.write(statement.iterable);
    const list = `const ${items} = ${this.#filtered(statement, `iterate(${iterable}, $p = ${statement.at})`)};\n`;
    const usesLoop = readsName(statement.body, 'loop');
    const loop = usesLoop ? this.#variable() : undefined;
    const made = loop ? `const ${loop} = new Loop(${items}, 0);\n` : '';
    const code = `{\n${list}${made}${this.#turns(statement, items, loop)}`;
    return `${code}${this.#loopElse(statement, items)}}\n`;
  }

  #turns(statement: Statement & { kind: 'for' }, items: string, loop: string | undefined): string {
    const index = this.#variable();
    const { variable, values } = this.#output;
    const head = `for (let ${index} = 0; ${index} < ${items}.length; ${index}++) {\nstep($r, ${values ? '0' : `${variable}.length`});\n`;
    return this.#inScope(() => {
      let code = head;
      if (loop) {
        this.#scope.declare('loop', loop);
        code += `${loop}.index = ${index};\n`;
      }
      code += this.#bind(statement.target, `${items}[${index}]`, statement.at);
      return `${code}${this.#scopeBody(statement.body)}}\n`;
    });
  }

  #loopElse(statement: Statement & { kind: 'for' }, items: string): string {
    if (statement.otherwise.length === 0) return '';
    return `if (${items}.length === 0) {\n${this.#inScope(() => this.#scopeBody(statement.otherwise))}}\n`;
  }

  /** The items that the loop's condition lets through. */
  #filtered(statement: Statement & { kind: 'for' }, items: string): string {
    const { condition } = statement;
    if (!condition) return items;
    return this.#inScope(() => {
      const item = this.#variable();
      const kept = this.#variable();
      const bound = this.#bind(statement.target, item, statement.at);
      const test = this.#expressions.condition(condition);
      const code = `const ${kept} = [];\nfor (const ${item} of $items) {\nstep($r, 0);\n${bound}if (${test}) ${kept}.push(${item});\n}\nreturn ${kept};\n`;
      const call = `(function${this.#star}($items) {\n${code}})(${items})`;
      return this.#mode === 'async' ? `yield* ${call}` : call;
    });
  }

  /** A loop that calls itself: `{{ loop(item.children) }}`. It is a function that returns its text. */
  #recursiveFor(statement: Statement & { kind: 'for' }): string {
    const loop = this.#variable();
    const items = this.#variable();
    const output = this.#output;
    this.#output = { variable: '$o', values: false };
    const kept = this.#filtered(statement, '$given');
    const body = `enter($r);\ntry {\nlet $o = '';\nconst ${items} = ${kept};\nconst ${loop} = new Loop(${items}, $depth, $self);\n${this.#turns(statement, items, loop)}${this.#loopElse(statement, items)}return $o;\n} finally {\n$r.depth--;\n}\n`;
    this.#output = output;
    const recursion = this.#variable();
    const iterable = `iterate(${this.#expressions.write(statement.iterable)}, $p = ${statement.at})`;
    const first = `${recursion}($r, ${iterable}, 0, ${recursion})`;
    const run = this.#mode === 'async' ? `(yield* ${first})` : first;
    return `{\nconst ${recursion} = function${this.#star}($r, $given, $depth, $self) {\n${body}};\n${this.#emit(run, true)}}\n`;
  }

  /** Declares the names of a loop's or a with's target. */
  #bind(target: Target, value: string, at: number): string {
    const names = targetNames(target);
    for (const name of names) this.#scope.declare(name, this.#variable());
    const variables = [...names].map((name) => this.#scope.find(name));
    return `let ${variables.join(', ')};\n${this.#assign(target, value, at)}`;
  }

  /** Assigns to variables that are declared. */
  #assign(target: Target, value: string, at: number): string {
    switch (target.kind) {
      case 'name':
        return `${this.#scope.find(target.name)} = ${value};\n`;
      case 'namespace': {
        const object = this.#expressions.name(target.object);
        return `setAttribute(${object}, ${JSON.stringify(target.attribute)}, ${value}, $p = ${at});\n`;
      }
      default: {
        const parts = this.#variable();
        const code = `const ${parts} = unpack(${value}, ${target.items.length}, $p = ${at});\n`;
        const assigned = target.items.map((item, index) => this.#assign(item, `${parts}[${index}]`, at));
        return `{\n${code}${assigned.join('')}}\n`;
      }
    }
  }

  /** A body whose text becomes a value. */
  #block(body: Statement[], filters: FilterStep[], use: (value: string) => string): string {
    const output = this.#output;
    const variable = this.#variable();
    this.#output = { variable, values: false };
    const code = this.#inScope(() => this.#scopeBody(body));
    this.#output = output;
    const value = filters.reduce((input, step) => this.#expressions.filter(input, step), variable);
    return `{\nlet ${variable} = '';\n${code}${use(value)}}\n`;
  }

  #callBlock(statement: Statement & { kind: 'call-block' }): string {
    const { parameters, body, call } = statement;
    const caller = this.macroFunction(parameters, body, { scope: this.#scope, parameters: '$r, $a', returns: false });
    const signature = JSON.stringify(signatureOf(parameters, body));
    const made = `new LocalMacro('caller', ${signature}, ${caller})`;
    return this.#emit(this.#expressions.call(call, made), false);
  }

  #with(statement: Statement & { kind: 'with' }): string {
    const values = statement.assignments.map(({ value }) => {
      const variable = this.#variable();
      return { variable, code: `const ${variable} = ${this.#expressions.write(value)};\n` };
    });
    const body = this.#inScope(() => {
      const bound = statement.assignments.map(({ target }, index) =>
        this.#bind(target, values[index]?.variable as string, statement.at),
      );
      return bound.join('') + this.#inScope(() => this.#scopeBody(statement.body));
    });
    return `{\n${values.map(({ code }) => code).join('')}${body}}\n`;
  }

  /**
   * A macro inside a template is found behind the context, so that the project can override it. The other blocks
   * (tests, snapshots …) are collected when files are loaded and print nothing here.
   */
  #definition(definition: Definition): string {
    if (definition.kind !== 'macro') return '';
    const { name, parameters, body } = definition;
    const source = this.macroFunction(parameters, body, { scope: this.#scope, parameters: '$r, $a', returns: true });
    const signature = JSON.stringify(signatureOf(parameters, body));
    const text = JSON.stringify(name);
    return `${this.#scope.find(name)} = override($c, ${text}) ?? new LocalMacro(${text}, ${signature}, ${source});\n`;
  }
}
