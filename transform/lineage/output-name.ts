import type { FuncCall, Node } from 'libpg-query';
import { functionName } from './expression.js';

/** What PostgreSQL calls a column of a select list that is given no name. */
export function outputName(node: Node | undefined): string {
  return nameOf(node)?.name ?? '?column?';
}

/** A weak name gives way to that of a cast around it. */
interface Name {
  name: string;
  weak?: boolean;
}

function nameOf(node: Node | undefined): Name | undefined {
  const [[kind, body] = []] = Object.entries(node ?? {}) as [string, never][];
  return kind === undefined ? undefined : namers[kind]?.(body as never);
}

const fixed = (name: string) => (): Name => ({ name });

const namers: Record<string, (body: never) => Name | undefined> = {
  ColumnRef: ({ fields }: { fields?: Node[] }) => lastName(fields),
  A_Indirection: ({ arg, indirection }: { arg?: Node; indirection?: Node[] }) => lastName(indirection) ?? nameOf(arg),
  FuncCall: (call: FuncCall) => ({ name: functionName(call) }),
  TypeCast: ({ arg, typeName }: { arg?: Node; typeName?: { names?: Node[] } }) => {
    const own = nameOf(arg);
    if (own && !own.weak) return own;
    const type = lastName(typeName?.names);
    return type ? { ...type, weak: true } : own;
  },
  CollateClause: ({ arg }: { arg?: Node }) => nameOf(arg),
  CaseExpr: ({ defresult }: { defresult?: Node }) => {
    const own = nameOf(defresult);
    return own && !own.weak ? own : { name: 'case', weak: true };
  },
  SubLink: ({ subLinkType, subselect }: { subLinkType?: string; subselect?: Node }) => {
    if (subLinkType === 'EXISTS_SUBLINK') return { name: 'exists' };
    if (subLinkType === 'ARRAY_SUBLINK') return { name: 'array' };
    if (subLinkType !== 'EXPR_SUBLINK' || !subselect || !('SelectStmt' in subselect)) return undefined;
    const first = subselect.SelectStmt.targetList?.[0];
    if (!first || !('ResTarget' in first)) return undefined;
    return first.ResTarget.name === undefined ? nameOf(first.ResTarget.val) : { name: first.ResTarget.name };
  },
  CoalesceExpr: fixed('coalesce'),
  A_ArrayExpr: fixed('array'),
  RowExpr: fixed('row'),
  GroupingFunc: fixed('grouping'),
  MinMaxExpr: ({ op }: { op?: string }) => ({ name: op === 'IS_LEAST' ? 'least' : 'greatest' }),
  A_Expr: ({ kind }: { kind?: string }) => (kind === 'AEXPR_NULLIF' ? { name: 'nullif' } : undefined),
  SQLValueFunction: ({ op }: { op?: string }) => ({ name: (op ?? '').replace(/^SVFOP_|_N$/g, '').toLowerCase() }),
};

function lastName(fields: Node[] | undefined): Name | undefined {
  const names = (fields ?? []).flatMap((field) => ('String' in field ? [field.String.sval ?? ''] : []));
  const name = names.at(-1);
  return name === undefined ? undefined : { name };
}
