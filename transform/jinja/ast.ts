/** The tree of a template. `at` is the offset in the source that an error points to. */
export type Expression =
  | { kind: 'constant'; value: string | number | bigint | boolean | null; at: number }
  | { kind: 'float'; value: number; at: number }
  | { kind: 'name'; name: string; at: number }
  | { kind: 'list'; items: Expression[]; at: number }
  | { kind: 'tuple'; items: Expression[]; at: number }
  | { kind: 'dict'; entries: { key: Expression; value: Expression }[]; at: number }
  | { kind: 'attribute'; object: Expression; name: string; at: number }
  | { kind: 'item'; object: Expression; key: Expression; at: number }
  | {
      kind: 'slice';
      object: Expression;
      start: Expression | undefined;
      stop: Expression | undefined;
      step: Expression | undefined;
      at: number;
    }
  | { kind: 'call'; callee: Expression; arguments: CallArguments; at: number }
  | { kind: 'filter'; input: Expression; name: string; arguments: CallArguments; at: number }
  | { kind: 'test'; input: Expression; name: string; arguments: CallArguments; negated: boolean; at: number }
  | { kind: 'unary'; operator: '-' | '+' | 'not'; operand: Expression; at: number }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression; at: number }
  | { kind: 'logical'; operator: 'and' | 'or'; left: Expression; right: Expression; at: number }
  | { kind: 'concat'; parts: Expression[]; at: number }
  | { kind: 'compare'; first: Expression; rest: { operator: Comparison; operand: Expression }[]; at: number }
  | { kind: 'conditional'; test: Expression; whenTrue: Expression; otherwise: Expression | undefined; at: number };

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export interface CallArguments {
  positional: { value: Expression; spread: boolean }[];
  keywords: { name: string | undefined; value: Expression }[];
}

/** What a value is assigned to; a name, several, or an attribute of a namespace. */
export type Target =
  | { kind: 'name'; name: string; at: number }
  | { kind: 'tuple'; items: Target[]; at: number }
  | { kind: 'namespace'; object: string; attribute: string; at: number };

export interface Parameter {
  name: string;
  /** As written: `list[string]`. */
  type: string | undefined;
  default: Expression | undefined;
  at: number;
}

export type DefinitionKind = 'macro' | 'test' | 'materialization' | 'snapshot' | 'docs';

/** A named block: what dbt collects from macro files. */
export interface Definition {
  kind: DefinitionKind;
  name: string;
  parameters: Parameter[];
  body: Statement[];
  /** Adapter of a materialization: `default`, `postgres`. */
  adapter: string | undefined;
  /** Languages of a materialization. */
  languages: string[];
  at: number;
  /** Offset behind its end tag. */
  end: number;
}

export type Statement =
  | { kind: 'text'; text: string }
  | { kind: 'output'; expression: Expression; at: number }
  | { kind: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[]; at: number }
  | {
      kind: 'for';
      target: Target;
      iterable: Expression;
      condition: Expression | undefined;
      recursive: boolean;
      body: Statement[];
      otherwise: Statement[];
      at: number;
    }
  | { kind: 'set'; target: Target; value: Expression; at: number }
  | { kind: 'set-block'; target: Target; filters: FilterStep[]; body: Statement[]; at: number }
  | { kind: 'do'; expression: Expression; at: number }
  | { kind: 'call-block'; call: Expression & { kind: 'call' }; parameters: Parameter[]; body: Statement[]; at: number }
  | { kind: 'filter-block'; filters: FilterStep[]; body: Statement[]; at: number }
  | { kind: 'with'; assignments: { target: Target; value: Expression }[]; body: Statement[]; at: number }
  | { kind: 'break' | 'continue'; at: number }
  | { kind: 'definition'; definition: Definition };

export interface FilterStep {
  name: string;
  arguments: CallArguments;
  at: number;
}
