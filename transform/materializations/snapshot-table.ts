import { MillraceError } from '../../kernel/errors.js';
import { type Column, quoteIdentifier, type Relation } from '../compile/relation.js';
import { md5 } from '../project/files.js';
import type { NodeRun } from './materialization.js';
import { isCurrent, type SnapshotConfig } from './snapshot-config.js';

export function columnsOf(run: NodeRun, relation: Relation): Promise<Column[]> {
  return run.adapter.columnsOf(run.connection, {
    database: relation.database,
    schema: relation.schema ?? '',
    identifier: relation.identifier ?? '',
  });
}

/** Adds columns that are new in the source, and widens text columns that became longer. */
export async function growTarget(run: NodeRun, target: Relation, source: Column[], current: Column[]): Promise<void> {
  const known = new Map(current.map((column) => [column.name, column]));
  const missing = source.filter((column) => !known.has(column.name));
  if (missing.length > 0) await run.macro('create_columns', [target, missing]);
  for (const column of source)
    if (known.get(column.name)?.canExpandTo(column))
      await run.macro('alter_column_type', [target, column.name, column.dataType]);
}

/** Throws SQL_COMPILATION_FAILED when the table lacks a column that every snapshot of this config has. */
export function requireMetaColumns(
  config: SnapshotConfig,
  current: Column[],
  target: Relation,
  more: string[] = [],
): void {
  const names = new Set(current.map((column) => column.name.toLowerCase()));
  const { isDeleted, ...always } = config.columns;
  const wanted = [...Object.values(always), ...(config.hardDeletes === 'new_record' ? [isDeleted] : []), ...more];
  const missing = wanted.filter((name) => !names.has(name.replaceAll('"', '').toLowerCase()));
  if (missing.length === 0) return;
  throw new MillraceError(
    'SQL_COMPILATION_FAILED',
    `${target} is not a snapshot of this config: it has no column ${missing.join(', ')}`,
    { hint: 'Add the columns, or drop the table to begin its history anew.' },
  );
}

/** The database itself keeps one current version per key; where it cannot index a part of a table, each run looks. */
export async function guardCurrentRows(run: NodeRun, config: SnapshotConfig, target: Relation): Promise<void> {
  if (run.adapter.type !== 'postgres') return refuseSecondCurrentRows(run, config, target);
  const name = `current_${md5(target.render()).slice(0, 16)}`;
  const keys = config.keys.map((key) => `(${key})`).join(', ');
  await run.execute(
    `create unique index if not exists ${quoteIdentifier(name)} on ${target.render()} (${keys}) where ${isCurrent(config)}`,
  );
}

const keysShownMax = 5;

async function refuseSecondCurrentRows(run: NodeRun, config: SnapshotConfig, target: Relation): Promise<void> {
  const keys = config.keys.map((key) => `(${key})`).join(', ');
  const { rows } = await run.execute(
    `select ${keys} from ${target.render()} where ${isCurrent(config)} group by ${keys} having count(*) > 1 limit ${keysShownMax}`,
  );
  if (rows.length === 0) return;
  throw new MillraceError(
    'SQL_SNAPSHOT_UNSAFE',
    `${target} has several current versions of ${rows.map((row) => `(${row.join(', ')})`).join(', ')}`,
    { hint: 'Something else has written to it: close all but one.' },
  );
}
