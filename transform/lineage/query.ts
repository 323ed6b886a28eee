import type {
  CommonTableExpr,
  JoinExpr,
  Node,
  RangeFunction,
  RangeVar,
  ResTarget,
  SelectStmt,
  WindowDef,
  WithClause,
} from 'libpg-query';
import { functionName, type QueryReader, readExpression } from './expression.js';
import { Inputs, relationKey, type Transformation } from './inputs.js';
import { outputName } from './output-name.js';
import { type Derived, emptyScope, type Item, type Output, type Scope, same } from './scope.js';

/** Functions of DuckDB that give a table, with columns that only it knows. */
const readsFiles = /^(read_\w+|parquet_scan|\w+_scan|glob|query|query_table)$/;

/** The columns of a relation that exists; undefined when they are not known. */
export type KnownColumns = (relation: string) => readonly string[] | undefined;

type Ctes = ReadonlyMap<string, Derived>;

/** Follows the columns of a query through its CTEs, subqueries, joins and unions down to the relations that it reads. */
export function readQuery(statement: SelectStmt, known: KnownColumns, gap: (text: string) => void): Derived {
  return new Query(known, gap, new Map()).read(statement, null);
}

class Query {
  readonly #known: KnownColumns;
  readonly #gap: (text: string) => void;
  #ctes: Ctes;

  constructor(known: KnownColumns, gap: (text: string) => void, ctes: Ctes) {
    this.#known = known;
    this.#gap = gap;
    this.#ctes = ctes;
  }

  /** A query with names of its own for CTEs: what it defines is seen inside of it only. */
  read(statement: SelectStmt, outer: Scope | null): Derived {
    const inner = new Query(this.#known, this.#gap, this.#ctes);
    if (statement.withClause) inner.#define(statement.withClause, outer);
    return inner.#body(statement, outer);
  }

  #body(statement: SelectStmt, outer: Scope | null): Derived {
    const { op, larg, rarg } = statement;
    if (op !== undefined && op !== 'SETOP_NONE' && larg && rarg)
      return this.#union(this.read(larg, outer), this.read(rarg, outer), op === 'SETOP_EXCEPT');
    if (statement.valuesLists) return this.#values(statement.valuesLists, outer);
    return this.#select(statement, outer);
  }

  #define({ ctes = [], recursive }: WithClause, outer: Scope | null): void {
    for (const each of ctes) {
      if (!('CommonTableExpr' in each)) continue;
      const { CommonTableExpr: cte } = each;
      const derived = recursive ? this.#recursive(cte, outer) : this.#cte(cte, outer);
      this.#ctes = new Map([...this.#ctes, [key(cte.ctename), derived]]);
    }
  }

  #cte(cte: CommonTableExpr, outer: Scope | null): Derived {
    const query = cte.ctequery;
    if (!query || !('SelectStmt' in query)) {
      this.#gap(`the CTE ${cte.ctename} is no query`);
      return { columns: [], rest: [], influences: new Inputs() };
    }
    return renamed(this.read(query.SelectStmt, outer), namesOf(cte.aliascolnames));
  }

  /** The first part of the union says what the columns are; then the CTE is read again until no new input is found. */
  #recursive(cte: CommonTableExpr, outer: Scope | null): Derived {
    const statement = cte.ctequery && 'SelectStmt' in cte.ctequery ? cte.ctequery.SelectStmt : undefined;
    if (!statement?.larg) return this.#cte(cte, outer);
    const names = namesOf(cte.aliascolnames);
    const inner = new Query(this.#known, this.#gap, this.#ctes);
    if (statement.withClause) inner.#define(statement.withClause, outer);
    let derived = renamed(inner.read(statement.larg, outer), names);
    const { gaps, add } = collectGaps();
    for (let before = -1; before < count(derived); ) {
      before = count(derived);
      gaps.length = 0;
      const again = new Query(this.#known, add, new Map([...inner.#ctes, [key(cte.ctename), derived]]));
      derived = renamed(again.#union(derived, again.read(statement.rarg ?? {}, outer), false), names);
    }
    for (const text of gaps) this.#gap(text);
    return derived;
  }

  #union(left: Derived, right: Derived, isExcept: boolean): Derived {
    const isOpen = left.rest.length > 0 || right.rest.length > 0;
    if (isOpen && (left.columns.length > 0 || right.columns.length > 0))
      this.#gap(`a union cannot be followed: the columns of ${[...left.rest, ...right.rest].join(', ')} are not known`);
    const columns = left.columns.map(({ name, inputs }, index) => ({
      name,
      inputs: new Inputs()
        .addAll(inputs)
        .addAll(right.columns[index]?.inputs ?? new Inputs(), isExcept ? 'FILTER' : 'IDENTITY'),
    }));
    const influences = new Inputs().addAll(left.influences).addAll(right.influences);
    return { columns, rest: [...new Set([...left.rest, ...right.rest])], influences };
  }

  #values(lists: Node[], outer: Scope | null): Derived {
    const rows = lists.map((list) => ('List' in list ? (list.List.items ?? []) : []));
    const columns = (rows[0] ?? []).map((_first, index): Output => {
      const inputs = new Inputs();
      for (const row of rows) inputs.addAll(this.#expression(row[index], emptyScope(outer), []));
      return { name: `column${index + 1}`, inputs };
    });
    return { columns, rest: [], influences: new Inputs() };
  }

  #select(statement: SelectStmt, outer: Scope | null): Derived {
    const scope = emptyScope(outer);
    const influences = new Inputs();
    for (const each of statement.fromClause ?? []) this.#from(each, scope, influences);
    const windows = (statement.windowClause ?? []).flatMap((each) => ('WindowDef' in each ? [each.WindowDef] : []));
    const columns: Output[] = [];
    const rest: string[] = [];
    for (const target of statement.targetList ?? [])
      if ('ResTarget' in target) this.#target(target.ResTarget, scope, windows, { columns, rest });
    const decides: [Node[] | undefined, Transformation][] = [
      [present(statement.whereClause), 'FILTER'],
      [present(statement.havingClause), 'FILTER'],
      [statement.groupClause, 'GROUP_BY'],
      [statement.distinctClause, 'GROUP_BY'],
      [statement.sortClause, 'SORT'],
    ];
    // Outputs may be named in GROUP BY and ORDER BY, or called by their position.
    const outputs = { name: '', schema: null, derived: { columns, rest: [], influences } };
    const named = { ...emptyScope(scope), items: [outputs] };
    for (const [clause, by] of decides) {
      if (!clause) continue;
      const mayName = by === 'GROUP_BY' || by === 'SORT';
      influences.addAll(this.#expression(clause, mayName ? named : scope, windows), by);
      for (const position of mayName ? positionsIn(clause) : [])
        influences.addAll(columns[position - 1]?.inputs ?? new Inputs(), by);
    }
    return { columns, rest, influences };
  }

  #target(
    { name, val }: ResTarget,
    scope: Scope,
    windows: WindowDef[],
    into: { columns: Output[]; rest: string[] },
  ): void {
    const star = starOf(val);
    if (star === undefined) {
      into.columns.push({ name: name ?? outputName(val), inputs: this.#expression(val, scope, windows) });
      return;
    }
    const items = star === '' ? scope.items : scope.items.filter((item) => same(item.name, star));
    if (items.length === 0) this.#gap(`${star === '' ? '*' : `${star}.*`} stands for nothing that is known`);
    if (star === '') into.columns.push(...scope.merged.values());
    for (const { derived } of items) {
      into.columns.push(...derived.columns.filter((each) => star !== '' || !scope.merged.has(each.name.toLowerCase())));
      into.rest.push(...derived.rest);
    }
  }

  #expression(node: unknown, scope: Scope, windows: WindowDef[]): Inputs {
    const reader: QueryReader = {
      select: (statement, around) => this.read(statement, around),
      window: (name) => windows.find((each) => each.name === name),
      gap: this.#gap,
    };
    return readExpression(node, scope, reader);
  }

  /** Adds an item of FROM to what names may mean. */
  #from(node: Node, scope: Scope, influences: Inputs): void {
    if ('JoinExpr' in node) this.#join(node.JoinExpr, scope, influences);
    else if ('RangeVar' in node) this.#addItem(scope, influences, this.#relation(node.RangeVar));
    else if ('RangeSubselect' in node) {
      const { subquery, alias } = node.RangeSubselect;
      if (!subquery || !('SelectStmt' in subquery)) return;
      // What stands before is seen by a lateral query; to others it does no harm.
      const derived = renamed(this.read(subquery.SelectStmt, scope), namesOf(alias?.colnames));
      this.#addItem(scope, influences, { name: alias?.aliasname ?? '', schema: null, derived });
    } else if ('RangeFunction' in node) this.#addItem(scope, influences, this.#function(node.RangeFunction, scope));
    else this.#gap(`FROM has a ${Object.keys(node)[0]}, which cannot be followed`);
  }

  #addItem(scope: Scope, influences: Inputs, item: Item): void {
    scope.items.push(item);
    influences.addAll(item.derived.influences);
  }

  #relation({ catalogname, schemaname, relname = '', alias }: RangeVar): Item {
    const cte = schemaname ? undefined : this.#ctes.get(key(relname));
    const name = alias?.aliasname ?? relname;
    const schema = alias || !schemaname ? null : schemaname;
    if (cte) return { name, schema: null, derived: renamed(cte, namesOf(alias?.colnames)) };
    const relation = relationKey([catalogname, schemaname, relname]);
    const columns = this.#known(relation);
    const derived: Derived = {
      columns: (columns ?? []).map((column) => ({
        name: column,
        inputs: Inputs.of({ relation, column, transformation: 'IDENTITY' }),
      })),
      rest: columns ? [] : [relation],
      influences: new Inputs(),
    };
    return { name, schema, derived: renamed(derived, namesOf(alias?.colnames)) };
  }

  /** A function that gives rows: every column of it is computed from its arguments. */
  #function({ functions, alias, coldeflist }: RangeFunction, scope: Scope): Item {
    const inputs = new Inputs().addAll(this.#expression(functions, scope, []), 'TRANSFORMATION');
    const defined = (coldeflist ?? []).flatMap((each) => ('ColumnDef' in each ? [each.ColumnDef.colname ?? ''] : []));
    const call = calls(functions)[0];
    const name = alias?.aliasname ?? (call ? functionName(call) : '');
    const names = [...namesOf(alias?.colnames), ...defined];
    const columns = (names.length > 0 ? names : [name]).map((each) => ({ name: each, inputs }));
    const reader = call ? functionName(call) : '';
    const derived: Derived =
      names.length === 0 && readsFiles.test(reader)
        ? { columns: [], rest: [relationKey([reader])], influences: new Inputs() }
        : { columns, rest: [], influences: new Inputs() };
    return { name, schema: null, derived };
  }

  #join(
    { larg, rarg, quals, usingClause, isNatural, jointype, alias }: JoinExpr,
    scope: Scope,
    influences: Inputs,
  ): void {
    const from = scope.items.length;
    if (larg) this.#from(larg, scope, influences);
    const right = scope.items.length;
    if (rarg) this.#from(rarg, scope, influences);
    const sides = [scope.items.slice(from, right), scope.items.slice(right)] as const;
    const names = isNatural ? common(sides) : namesOf(usingClause);
    if (isNatural && sides.flat().some(({ derived }) => derived.rest.length > 0))
      this.#gap('a natural join cannot be followed: the columns of its sides are not known');
    for (const name of names) {
      const [left, other] = sides.map((items) => ofSide(items, name)) as [Inputs, Inputs];
      const value = new Inputs().addAll(jointype === 'JOIN_RIGHT' ? other : left);
      if (jointype === 'JOIN_FULL') value.addAll(other, 'TRANSFORMATION');
      const before = scope.merged.get(name.toLowerCase());
      scope.merged.set(name.toLowerCase(), { name, inputs: before ? new Inputs().addAll(before.inputs) : value });
      influences.addAll(left, 'JOIN').addAll(other, 'JOIN');
    }
    if (quals) influences.addAll(this.#expression(quals, scope, []), 'JOIN');
    if (alias) this.#gap(`the name ${alias.aliasname} of a join cannot be followed`);
  }
}

function collectGaps(): { gaps: string[]; add: (text: string) => void } {
  const gaps: string[] = [];
  return { gaps, add: (text) => void gaps.push(text) };
}

/** Inputs found so far: grows until a recursion has shown all of them. */
function count({ columns, influences }: Derived): number {
  return columns.reduce((sum, { inputs }) => sum + inputs.size, influences.size);
}

/** What a column of one side of a join is. */
function ofSide(items: Item[], name: string): Inputs {
  for (const { derived } of items) {
    const found = derived.columns.find((each) => same(each.name, name));
    if (found) return found.inputs;
  }
  const rest = items.flatMap(({ derived }) => derived.rest);
  return rest.length === 1
    ? Inputs.of({ relation: rest[0] as string, column: name, transformation: 'IDENTITY' })
    : new Inputs();
}

/** The names that both sides of a natural join have. */
function common([left, right]: readonly [Item[], Item[]]): string[] {
  const names = (items: Item[]) => items.flatMap(({ derived }) => derived.columns.map((column) => column.name));
  const others = names(right);
  return names(left).filter((name) => others.some((other) => same(other, name)));
}

/** Columns under the names that an alias gives them: `t(a, b)`. */
function renamed(derived: Derived, names: string[]): Derived {
  if (names.length === 0) return derived;
  return {
    ...derived,
    columns: derived.columns.map((column, index) => ({ ...column, name: names[index] ?? column.name })),
  };
}

function namesOf(nodes: Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));
}

/** The name before a star, '' for a star alone; undefined when it is no star. */
function starOf(node: Node | undefined): string | undefined {
  if (!node || !('ColumnRef' in node)) return undefined;
  const fields = node.ColumnRef.fields ?? [];
  if (!fields.some((field) => 'A_Star' in field)) return undefined;
  return namesOf(fields).at(-1) ?? '';
}

function calls(functions: Node[] | undefined) {
  return (functions ?? [])
    .flatMap((each) => ('List' in each ? (each.List.items ?? []) : [each]))
    .flatMap((each) => ('FuncCall' in each ? [each.FuncCall] : []));
}

function present(node: Node | undefined): Node[] | undefined {
  return node && [node];
}

/** `group by 1, 2` */
function positionsIn(clause: Node[]): number[] {
  return clause.flatMap((each) => {
    const node = 'SortBy' in each ? each.SortBy.node : each;
    return node && 'A_Const' in node && node.A_Const.ival?.ival ? [node.A_Const.ival.ival] : [];
  });
}

function key(name: string | undefined): string {
  return (name ?? '').toLowerCase();
}
