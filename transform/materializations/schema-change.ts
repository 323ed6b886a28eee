import { MillraceError } from '../../kernel/errors.js';
import type { Column, Relation } from '../compile/relation.js';
import type { NodeRun } from './materialization.js';

interface Difference {
  /** In the new rows, not in the table. */
  added: Column[];
  /** In the table, not in the new rows. */
  removed: Column[];
  retyped: { name: string; from: string; to: string }[];
}

/**
 * Brings the columns of the table into line with those of the new rows, as `on_schema_change` says; returns the columns to write.
 * `ignore` writes the table's own columns, so that a new column is left out and a missing one is the database's error, as in dbt.
 */
export async function applySchemaChange(
  run: NodeRun,
  target: Relation,
  source: Column[],
  current: Column[],
): Promise<Column[]> {
  const mode = String(run.config['on_schema_change'] ?? 'ignore');
  if (mode === 'ignore') return current;
  if (source.length === 0)
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `${run.node.name}: the model's query gives no columns, so ${mode} cannot be applied`,
    );
  const difference = compare(source, current);
  const changed = difference.added.length + difference.removed.length + difference.retyped.length > 0;
  if (mode === 'fail') {
    if (changed) throw outOfSync(run, difference);
    return source;
  }
  if (mode === 'append_new_columns') {
    if (difference.added.length > 0)
      await run.macro('alter_relation_add_remove_columns', [target, difference.added, null]);
    return source;
  }
  if (difference.added.length + difference.removed.length > 0)
    await run.macro('alter_relation_add_remove_columns', [target, difference.added, difference.removed]);
  for (const { name, to } of difference.retyped) await run.macro('alter_column_type', [target, name, to]);
  return source;
}

function compare(source: Column[], current: Column[]): Difference {
  const byName = new Map(current.map((column) => [column.name, column]));
  const names = new Set(source.map((column) => column.name));
  return {
    added: source.filter((column) => !byName.has(column.name)),
    removed: current.filter((column) => !names.has(column.name)),
    retyped: source.flatMap((column) => {
      const known = byName.get(column.name);
      return known && known.dataType !== column.dataType && !column.canExpandTo(known)
        ? [{ name: column.name, from: known.dataType, to: column.dataType }]
        : [];
    }),
  };
}

function outOfSync(run: NodeRun, difference: Difference): MillraceError {
  const names = (columns: Column[]) => columns.map((column) => column.name).join(', ') || 'none';
  const types = difference.retyped.map(({ name, from, to }) => `${name} (${from} to ${to})`).join(', ') || 'none';
  return new MillraceError(
    'SQL_COMPILATION_FAILED',
    `The source and target schemas of ${run.node.name} are out of sync: new columns ${names(difference.added)}; missing columns ${names(difference.removed)}; changed types ${types}`,
    {
      hint: 'Run with --full-refresh, set on_schema_change to append_new_columns or sync_all_columns, or change the table by hand.',
    },
  );
}
