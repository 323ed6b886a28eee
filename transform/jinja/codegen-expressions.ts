import { assertNever } from '../../kernel/json.js';
import type { CallArguments, Comparison, Expression, FilterStep } from './ast.js';

export type Mode = 'sync' | 'async';

/** Writes expressions as JavaScript. Every operation that can fail sets `$p` in its last argument, so it is set last. */
export class ExpressionWriter {
  readonly #mode: Mode;
  readonly #find: (name: string) => string | undefined;

  /** `find` gives the variable of a name, or undefined when the context has to be asked. */
  constructor(mode: Mode, find: (name: string) => string | undefined) {
    this.#mode = mode;
    this.#find = find;
  }

  write(expression: Expression): string {
    const at = `$p = ${expression.at}`;
    switch (expression.kind) {
      case 'constant':
        return typeof expression.value === 'bigint' ? `${expression.value}n` : JSON.stringify(expression.value);
      case 'float':
        return `float(${Number.isFinite(expression.value) ? expression.value : 'Infinity'})`;
      case 'name':
        return this.name(expression.name);
      case 'list':
        return `[${this.#list(expression.items)}]`;
      case 'tuple':
        return `tuple([${this.#list(expression.items)}])`;
      case 'dict':
        return `dict([${expression.entries.map(({ key, value }) => `${this.write(key)}, ${this.write(value)}`).join(', ')}], ${at})`;
      case 'attribute':
        return `attribute(${this.write(expression.object)}, ${JSON.stringify(expression.name)}, $r, ${at})`;
      case 'item':
        return `item(${this.write(expression.object)}, ${this.write(expression.key)}, $r, ${at})`;
      case 'slice': {
        const bounds = [expression.start, expression.stop, expression.step];
        return `slice(${this.write(expression.object)}, ${bounds.map((bound) => (bound ? this.write(bound) : 'null')).join(', ')}, ${at})`;
      }
      case 'call':
        return this.call(expression);
      case 'filter':
        return this.filter(this.write(expression.input), expression);
      case 'test': {
        const given = this.#arguments(expression.arguments);
        const test = `tests[${JSON.stringify(expression.name)}](${this.write(expression.input)}, ${given.positional}, $r, ${at})`;
        return expression.negated ? `!${test}` : test;
      }
      case 'unary':
        if (expression.operator === 'not') return `!${this.condition(expression.operand)}`;
        return `signed(${JSON.stringify(expression.operator)}, ${this.write(expression.operand)}, ${at})`;
      case 'binary':
        return `operate(${JSON.stringify(expression.operator)}, ${this.write(expression.left)}, ${this.write(expression.right)}, ${at})`;
      case 'logical': {
        const left = `truthy($t = ${this.write(expression.left)})`;
        const right = this.write(expression.right);
        return expression.operator === 'and' ? `(${left} ? ${right} : $t)` : `(${left} ? $t : ${right})`;
      }
      case 'concat':
        return `concat([${this.#list(expression.parts)}], ${at})`;
      case 'compare':
        return this.#compare(expression);
      case 'conditional': {
        const otherwise = expression.otherwise ? this.write(expression.otherwise) : 'nothing';
        return `(${this.condition(expression.test)} ? ${this.write(expression.whenTrue)} : ${otherwise})`;
      }
      default:
        return assertNever(expression);
    }
  }

  /** An expression as a JavaScript condition, in parentheses. */
  condition(expression: Expression): string {
    const code = this.write(expression);
    return isBoolean(expression) ? `(${code})` : `truthy(${code})`;
  }

  name(name: string): string {
    return this.#find(name) ?? `lookup($c, ${JSON.stringify(name)})`;
  }

  /** A call; `caller` is the code of the body of a call block. */
  call(expression: Expression & { kind: 'call' }, caller?: string): string {
    const { callee, at } = expression;
    const given = this.#arguments(expression.arguments, caller);
    const called =
      callee.kind === 'attribute'
        ? `callMethod(${this.write(callee.object)}, ${JSON.stringify(callee.name)}, ${given.positional}, ${given.keywords}, $r, $p = ${at})`
        : `call(${this.write(callee)}, ${given.positional}, ${given.keywords}, $r, $p = ${at})`;
    return this.#mode === 'sync' ? called : `(($x = ${called}) instanceof Waiting ? yield* $x.steps : $x)`;
  }

  filter(input: string, step: FilterStep): string {
    const given = this.#arguments(step.arguments);
    return `filters[${JSON.stringify(step.name)}](${input}, ${given.positional}, ${given.keywords}, $r, $p = ${step.at})`;
  }

  #arguments(given: CallArguments, caller?: string): { positional: string; keywords: string } {
    const positional = given.positional.map(({ value, spread }) =>
      spread ? `...iterate(${this.write(value)}, $p = ${value.at})` : this.write(value),
    );
    const keywords = given.keywords.map(({ name, value }) =>
      name === undefined
        ? `...keywords(${this.write(value)}, $p = ${value.at})`
        : `[${JSON.stringify(name)}]: ${this.write(value)}`,
    );
    if (caller !== undefined) keywords.push(`caller: ${caller}`);
    return {
      positional: `[${positional.join(', ')}]`,
      keywords: keywords.length === 0 ? 'null' : `{ __proto__: null, ${keywords.join(', ')} }`,
    };
  }

  #list(items: Expression[]): string {
    return items.map((item) => this.write(item)).join(', ');
  }

  /** `a < b < c` evaluates each operand once. */
  #compare(expression: Expression & { kind: 'compare' }): string {
    let left = this.write(expression.first);
    const last = expression.rest.length - 1;
    const steps = expression.rest.map(({ operator, operand }, index) => {
      const right = this.write(operand);
      const step = comparison(operator, left, index === last ? right : `$t = ${right}`, expression.at);
      left = '$t';
      return step;
    });
    return steps.length === 1 ? (steps[0] as string) : `(${steps.join(' && ')})`;
  }
}

/** True when the code of the expression gives a JavaScript boolean. */
function isBoolean(expression: Expression): boolean {
  return (
    expression.kind === 'compare' ||
    expression.kind === 'test' ||
    (expression.kind === 'unary' && expression.operator === 'not')
  );
}

function comparison(operator: Comparison, left: string, right: string, at: number): string {
  switch (operator) {
    case '==':
      return `equals(${left}, ${right}, $p = ${at})`;
    case '!=':
      return `!equals(${left}, ${right}, $p = ${at})`;
    case 'in':
      return `isIn(${left}, ${right}, $p = ${at})`;
    case 'not in':
      return `!isIn(${left}, ${right}, $p = ${at})`;
    default:
      return `(compare(${left}, ${right}, ${JSON.stringify(operator)}, $p = ${at}) ${operator} 0)`;
  }
}
