import type { CallArguments, Expression, Parameter, Statement, Target } from './ast.js';

/**
 * The names of one scope and the JavaScript variables that hold them. Jinja's rules: a macro, the body of a loop and of
 * a block (`set`, `call`, `filter`, `with`) are scopes; `if` is none. What is assigned in a scope ends with it.
 */
export class Scope {
  readonly #parent: Scope | undefined;
  readonly #variables = new Map<string, string>();

  constructor(parent?: Scope) {
    this.#parent = parent;
  }

  declare(name: string, variable: string): void {
    this.#variables.set(name, variable);
  }

  /** The variable of a name here or further out; undefined when the context has to be asked. */
  find(name: string): string | undefined {
    return this.#variables.get(name) ?? this.#parent?.find(name);
  }
}

/** The names that statements assign in their own scope. */
export function assignedNames(body: Statement[], names = new Set<string>()): Set<string> {
  for (const statement of body) {
    if (statement.kind === 'set' || statement.kind === 'set-block') targetNames(statement.target, names);
    else if (statement.kind === 'definition' && statement.definition.kind === 'macro')
      names.add(statement.definition.name);
    else if (statement.kind === 'if') {
      for (const branch of statement.branches) assignedNames(branch.body, names);
      assignedNames(statement.otherwise, names);
    }
  }
  return names;
}

/** The names that a target binds. */
export function targetNames(target: Target, names = new Set<string>()): Set<string> {
  if (target.kind === 'name') names.add(target.name);
  else if (target.kind === 'tuple') for (const item of target.items) targetNames(item, names);
  return names;
}

/** True when the statements (not counting macros defined in them) read the name. */
export function readsName(body: Statement[], name: string): boolean {
  return body.some((statement) => statementReads(statement, name));
}

function statementReads(statement: Statement, name: string): boolean {
  const reads = (expression: Expression | undefined) => expression !== undefined && expressionReads(expression, name);
  const within = (body: Statement[]) => readsName(body, name);
  switch (statement.kind) {
    case 'output':
    case 'do':
      return reads(statement.expression);
    case 'if':
      return (
        statement.branches.some((branch) => reads(branch.test) || within(branch.body)) || within(statement.otherwise)
      );
    case 'for':
      return (
        reads(statement.iterable) || reads(statement.condition) || within(statement.body) || within(statement.otherwise)
      );
    case 'set':
      return reads(statement.value);
    case 'set-block':
    case 'filter-block':
      return statement.filters.some((step) => argumentsRead(step.arguments, name)) || within(statement.body);
    case 'call-block':
      return (
        reads(statement.call) ||
        statement.parameters.some((parameter: Parameter) => reads(parameter.default)) ||
        within(statement.body)
      );
    case 'with':
      return statement.assignments.some((assignment) => reads(assignment.value)) || within(statement.body);
    default:
      return false;
  }
}

function expressionReads(expression: Expression, name: string): boolean {
  const reads = (inner: Expression | undefined) => inner !== undefined && expressionReads(inner, name);
  switch (expression.kind) {
    case 'name':
      return expression.name === name;
    case 'list':
    case 'tuple':
      return expression.items.some(reads);
    case 'dict':
      return expression.entries.some((entry) => reads(entry.key) || reads(entry.value));
    case 'attribute':
      return reads(expression.object);
    case 'item':
      return reads(expression.object) || reads(expression.key);
    case 'slice':
      return reads(expression.object) || reads(expression.start) || reads(expression.stop) || reads(expression.step);
    case 'call':
      return reads(expression.callee) || argumentsRead(expression.arguments, name);
    case 'filter':
    case 'test':
      return reads(expression.input) || argumentsRead(expression.arguments, name);
    case 'unary':
      return reads(expression.operand);
    case 'binary':
    case 'logical':
      return reads(expression.left) || reads(expression.right);
    case 'concat':
      return expression.parts.some(reads);
    case 'compare':
      return reads(expression.first) || expression.rest.some((step) => reads(step.operand));
    case 'conditional':
      return reads(expression.test) || reads(expression.whenTrue) || reads(expression.otherwise);
    default:
      return false;
  }
}

function argumentsRead(given: CallArguments, name: string): boolean {
  return (
    given.positional.some((argument) => expressionReads(argument.value, name)) ||
    given.keywords.some((keyword) => expressionReads(keyword.value, name))
  );
}
