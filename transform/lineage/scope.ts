import { Inputs } from './inputs.js';

/** A column that a relation or a query has, and what it is made of. */
export interface Output {
  name: string;
  inputs: Inputs;
}

/** What stands in FROM: a table, or the result of a query. */
export interface Derived {
  columns: Output[];
  /** Keys of relations with columns nobody knows, all of which are passed on: `select * from unknown`. */
  rest: string[];
  /** What decides which rows there are. */
  influences: Inputs;
}

/** An item of FROM under the name by which expressions call it. */
export interface Item {
  name: string;
  schema: string | null;
  derived: Derived;
}

/** What the names of an expression may mean: the items of FROM, then those of the query around it. */
export interface Scope {
  items: Item[];
  /** Columns of USING, which belong to no item. */
  merged: Map<string, Output>;
  outer: Scope | null;
}

/** A name that means nothing, or more than one thing. */
export interface Gap {
  gap: string;
}

export function emptyScope(outer: Scope | null): Scope {
  return { items: [], merged: new Map(), outer };
}

/** What a column's name means, with or without the names before it. */
export function findColumn(scope: Scope, names: string[]): Inputs | Gap {
  const [column = '', item, schema] = [...names].reverse();
  for (let at: Scope | null = scope; at; at = at.outer) {
    const found: Inputs | Gap | undefined =
      item === undefined ? unqualified(at, column) : qualified(at, column, item, schema);
    if (found) return found;
  }
  // A record's field: `t.payload.id` of DuckDB, where the part before is a column.
  if (item !== undefined && !('gap' in findColumn(scope, names.slice(0, -1))))
    return findColumn(scope, names.slice(0, -1));
  return { gap: `there is no column ${names.join('.')}` };
}

function qualified(scope: Scope, column: string, name: string, schema: string | undefined): Inputs | Gap | undefined {
  const item = scope.items.find(
    (each) => same(each.name, name) && (schema === undefined || (each.schema !== null && same(each.schema, schema))),
  );
  if (!item) return undefined;
  const known = item.derived.columns.find((each) => same(each.name, column));
  return known?.inputs ?? fromRest(item.derived.rest, column);
}

function unqualified(scope: Scope, column: string): Inputs | Gap | undefined {
  const merged = scope.merged.get(column.toLowerCase());
  if (merged) return merged.inputs;
  const having = scope.items.flatMap(({ derived }) => derived.columns.filter((each) => same(each.name, column)));
  if (having.length > 1) return { gap: `the column ${column} may come from several relations` };
  if (having[0]) return having[0].inputs;
  // The name of an item alone means its whole row.
  const row = scope.items.find((item) => same(item.name, column));
  if (row) return wholeRow(row.derived);
  return fromRest(
    scope.items.flatMap(({ derived }) => derived.rest),
    column,
  );
}

/** A column that is not listed comes from the one relation whose columns are not known. */
function fromRest(rest: string[], column: string): Inputs | Gap | undefined {
  const [only, ...others] = rest;
  if (only === undefined) return undefined;
  if (others.length > 0) return { gap: `the column ${column} may come from ${rest.join(' or ')}` };
  return Inputs.of({ relation: only, column, transformation: 'IDENTITY' });
}

function wholeRow({ columns }: Derived): Inputs {
  const all = new Inputs();
  for (const { inputs } of columns) all.addAll(inputs, 'TRANSFORMATION');
  return all;
}

export function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
