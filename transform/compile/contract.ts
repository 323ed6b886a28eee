import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { ManifestNode } from '../manifest/node.js';
import { describeNode } from './names.js';
import { type Column, quoteIdentifier } from './relation.js';
import type { Runtime } from './runtime.js';

/** Checks that a model's query gives exactly the columns of its contract, with their types. Throws SQL_CONTRACT_BROKEN with a table of the differences. */
export async function assertContract(runtime: Runtime, node: ManifestNode, sql: string): Promise<void> {
  const untyped = Object.values(node.columns).filter((column) => !column.data_type);
  if (Object.keys(node.columns).length === 0 || untyped.length > 0)
    throw new MillraceError(
      'SQL_CONTRACT_BROKEN',
      `${describeNode(node)}: a contract needs a data_type for each column`,
      {
        hint:
          untyped.length > 0
            ? `Missing for: ${untyped.map((column) => column.name).join(', ')}.`
            : 'It lists no columns.',
      },
    );
  const given = await runtime.adapter.columnsOfQuery(runtime.connection, sql);
  const casts = Object.values(node.columns).map(
    (column) => `cast(null as ${column.data_type}) as ${quoteIdentifier(column.name)}`,
  );
  const wanted = await runtime.adapter.columnsOfQuery(runtime.connection, `select ${casts.join(', ')}`);
  const differences = compare(given, wanted);
  if (differences.length === 0) return;
  throw new MillraceError(
    'SQL_CONTRACT_BROKEN',
    `${describeNode(node)} has an enforced contract that failed:\n${differences.map((each) => `  ${each}`).join('\n')}`,
    {
      hint: 'Change the query, or the contract.',
    },
  );
}

function compare(given: Column[], wanted: Column[]): string[] {
  const find = (columns: Column[], name: string) =>
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  const missing = wanted
    .filter((column) => !find(given, column.name))
    .map((column) => `${column.name}: ${column.dataType} in the contract, missing in the query`);
  const extra = given
    .filter((column) => !find(wanted, column.name))
    .map((column) => `${column.name}: ${column.dataType} in the query, missing in the contract`);
  const retyped = given.flatMap((column) => {
    const other = find(wanted, column.name);
    return other && other.baseType !== column.baseType
      ? [`${column.name}: ${column.dataType} in the query, ${other.dataType} in the contract`]
      : [];
  });
  return [...missing, ...extra, ...retyped];
}

/** The lines of `create table` for the columns of a contract. */
export function columnConstraints(node: ManifestNode): string[] {
  return Object.values(node.columns).map((column) => {
    const name = column.quote ? quoteIdentifier(column.name) : column.name;
    const constraints = column.constraints
      .map((constraint) => renderConstraint(constraint, null))
      .filter((text) => text !== null);
    return [name, column.data_type, ...constraints].join(' ');
  });
}

/** The lines for the constraints of the whole table. */
export function modelConstraints(node: ManifestNode): string[] {
  return (node.constraints ?? []).flatMap((constraint) => {
    const columns = Array.isArray(constraint['columns']) ? constraint['columns'].map(String) : [];
    const text = renderConstraint(constraint, columns);
    return text === null ? [] : [text];
  });
}

function renderConstraint(constraint: JsonObject, columns: string[] | null): string | null {
  const name = typeof constraint['name'] === 'string' && columns !== null ? `constraint ${constraint['name']} ` : '';
  const list = columns === null ? '' : ` (${columns.join(', ')})`;
  const expression = typeof constraint['expression'] === 'string' ? constraint['expression'] : '';
  switch (constraint['type']) {
    case 'check':
      return `${name}check (${expression})`;
    case 'not_null':
      return columns === null ? `not null${expression ? ` ${expression}` : ''}` : null;
    case 'unique':
      return `${name}unique${list}${expression ? ` ${expression}` : ''}`;
    case 'primary_key':
      return `${name}primary key${list}${expression ? ` ${expression}` : ''}`;
    case 'foreign_key':
      return foreignKey(constraint, columns, name, list, expression);
    case 'custom':
      return `${name}${expression}`;
    default:
      return null;
  }
}

function foreignKey(
  constraint: JsonObject,
  columns: string[] | null,
  name: string,
  list: string,
  expression: string,
): string {
  const to = typeof constraint['to'] === 'string' ? constraint['to'] : null;
  const toColumns = Array.isArray(constraint['to_columns'])
    ? ` (${constraint['to_columns'].map(String).join(', ')})`
    : '';
  const references = to === null ? `references ${expression}` : `references ${to}${toColumns}`;
  return columns === null ? references : `${name}foreign key${list} ${references}`;
}
