import type { CaseExpr, FuncCall, Node, SelectStmt, SubLink, WindowDef } from 'libpg-query';
import { farther, Inputs, type Transformation } from './inputs.js';
import { type Derived, findColumn, type Scope } from './scope.js';

/** What reading an expression needs of the query around it. */
export interface QueryReader {
  /** Reads a query inside of the expression. */
  select(statement: SelectStmt, scope: Scope): Derived;
  /** The definition of a window that is only named. */
  window(name: string): WindowDef | undefined;
  /** Writes down what could not be followed. */
  gap(text: string): void;
}

/** The columns that an expression is computed from. */
export function readExpression(node: unknown, scope: Scope, reader: QueryReader): Inputs {
  const inputs = new Inputs();
  collect(node, 'IDENTITY', { scope, reader, inputs });
  return inputs;
}

interface Walk {
  scope: Scope;
  reader: QueryReader;
  inputs: Inputs;
}

type Visit = (body: never, by: Transformation, walk: Walk) => void;

/** What is not simply computed from all of its parts. */
const visits: Record<string, Visit> = {
  ColumnRef: ({ fields }: { fields?: Node[] }, by, { scope, reader, inputs }) => {
    const names = (fields ?? []).flatMap((field) => ('String' in field ? [field.String.sval ?? ''] : []));
    // `count(t.*)` and the like read the whole row.
    if (names.length === 0) return;
    const found = findColumn(scope, names);
    if ('gap' in found) reader.gap(found.gap);
    else inputs.addAll(found, by);
  },
  FuncCall: (call: FuncCall, by, walk) => {
    const kind = isAggregate(call) ? 'AGGREGATION' : 'TRANSFORMATION';
    collect([call.args, call.agg_order], farther(by, kind), walk);
    collect(call.agg_filter, farther(by, 'CONDITIONAL'), walk);
    if (call.over) collectWindow(call.over, farther(by, 'WINDOW'), walk);
  },
  CaseExpr: ({ arg, args, defresult }: CaseExpr, by, walk) => {
    collect(arg, farther(by, 'CONDITIONAL'), walk);
    for (const each of args ?? [])
      if ('CaseWhen' in each) {
        collect(each.CaseWhen.expr, farther(by, 'CONDITIONAL'), walk);
        collect(each.CaseWhen.result, farther(by, 'TRANSFORMATION'), walk);
      }
    collect(defresult, farther(by, 'TRANSFORMATION'), walk);
  },
  SubLink: ({ subLinkType, testexpr, subselect }: SubLink, by, { scope, reader, inputs }) => {
    collect(testexpr, farther(by, 'TRANSFORMATION'), { scope, reader, inputs });
    if (!subselect || !('SelectStmt' in subselect)) return;
    const { columns, rest, influences } = reader.select(subselect.SelectStmt, scope);
    // EXISTS asks for rows, whatever is in them.
    if (subLinkType !== 'EXISTS_SUBLINK')
      for (const column of columns) inputs.addAll(column.inputs, farther(by, 'TRANSFORMATION'));
    if (subLinkType !== 'EXISTS_SUBLINK' && rest.length > 0)
      reader.gap(`the columns of ${rest.join(', ')} are not known`);
    inputs.addAll(influences, farther(by, 'CONDITIONAL'));
  },
  SelectStmt: (statement: SelectStmt, by, { scope, reader, inputs }) => {
    for (const column of reader.select(statement, scope).columns) inputs.addAll(column.inputs, by);
  },
  WindowDef: (window: WindowDef, by, walk) => collectWindow(window, farther(by, 'WINDOW'), walk),
};

/** Goes through a part of the tree: what has no visit of its own is computed from everything in it. */
function collect(node: unknown, by: Transformation, walk: Walk): void {
  if (Array.isArray(node)) {
    for (const each of node) collect(each, by, walk);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  for (const [kind, body] of Object.entries(node)) {
    const visit = visits[kind];
    if (visit) visit(body as never, by, walk);
    else collect(body, wraps.has(kind) ? by : farther(by, 'TRANSFORMATION'), walk);
  }
}

/** What stands around an expression without changing its value. */
const wraps = new Set(['ResTarget', 'val', 'CollateClause', 'arg', 'List', 'items', 'SortBy', 'node']);

function collectWindow(window: WindowDef, by: Transformation, walk: Walk): void {
  const named = window.name ?? window.refname;
  const defined = named === undefined ? undefined : walk.reader.window(named);
  for (const each of [window, defined]) collect([each?.partitionClause, each?.orderClause], by, walk);
}

function isAggregate(call: FuncCall): boolean {
  if (call.over) return false;
  if (call.agg_star || call.agg_distinct || call.agg_within_group || call.agg_filter || call.agg_order) return true;
  return aggregates.has(functionName(call));
}

export function functionName(call: FuncCall): string {
  const last = call.funcname?.at(-1);
  return last && 'String' in last ? (last.String.sval ?? '') : '';
}

/** Those of PostgreSQL and DuckDB. */
const aggregates = new Set(
  (
    'any_value approx_count_distinct arbitrary arg_max arg_min argmax argmin array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count count_if ' +
    'countif covar_pop covar_samp cume_dist every favg first fsum group_concat histogram json_agg json_object_agg jsonb_agg jsonb_object_agg last list ' +
    'listagg max max_by mean median min min_by mode percentile_cont percentile_disc product quantile quantile_cont quantile_disc range_agg regr_slope ' +
    'stddev stddev_pop stddev_samp string_agg sum sumkahan var_pop var_samp variance xmlagg'
  ).split(' '),
);
