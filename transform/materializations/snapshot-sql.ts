import { type Column, quoteIdentifier } from '../compile/relation.js';
import { isCurrent, type SnapshotConfig } from './snapshot-config.js';
import { currentAlias, type SnapshotStrategy, scdHash, sourceAlias } from './snapshot-strategy.js';

/** Everything that the statements of one snapshot run are made of. */
export interface SnapshotParts {
  config: SnapshotConfig;
  strategy: SnapshotStrategy;
  /** The compiled query. */
  query: string;
  /** The snapshot's table, as SQL. */
  target: string;
  /** The temporary table of changes, as SQL. */
  changes: string;
  /** The moment of the run, as SQL. */
  now: string;
  source: Column[];
  /** Names of the table's columns before this run. */
  targetColumns: Set<string>;
  /** What names a row of a table for the length of a statement: `ctid`, `rowid`. */
  rowId: string;
  /** PostgreSQL drops it with the transaction. */
  dropsOnCommit: boolean;
}

/** The first run: every row is a current version. */
export function initialSql(parts: Pick<SnapshotParts, 'config' | 'strategy' | 'query' | 'now'>): string {
  const { columns, validToCurrent, hardDeletes, strict } = parts.config;
  const updatedAt = strict ? `coalesce(${parts.strategy.updatedAt}, ${parts.now})` : parts.strategy.updatedAt;
  const scdId = strict ? scdHash([...parts.config.keys, updatedAt]) : parts.strategy.scdId;
  return `select *,
    ${scdId} as ${columns.scdId},
    ${updatedAt} as ${columns.updatedAt},
    ${updatedAt} as ${columns.validFrom},
    coalesce(nullif(${updatedAt}, ${updatedAt}), ${validToCurrent ?? 'null'}) as ${columns.validTo}${hardDeletes === 'new_record' ? `,\n    'False' as ${columns.isDeleted}` : ''}
  from (
${parts.query}
  ) sbq`;
}

/**
 * The change set: one row per version to add (`change`) or per current row to close since its key is gone (`delete`). The source is joined with
 * the current rows once, and nothing is hashed or copied but what changed.
 */
export function changesSql(parts: SnapshotParts): string {
  const { config, strategy } = parts;
  const deletes = config.hardDeletes === 'ignore' ? '' : `\nunion all\n${deletedRowsSql(parts)}`;
  const restored =
    config.hardDeletes === 'new_record' ? ` or ${currentAlias}.${config.columns.isDeleted} = 'True'` : '';
  const closed = config.strict ? `,\nclosed as (\n${closedSql(parts)}\n)` : '';
  const closedJoin = config.strict
    ? `\nleft join closed on ${currentAlias}.__row is null and ${keysEqual(config, 'closed', sourceAlias)}`
    : '';
  return `create temporary table ${parts.changes}${parts.dropsOnCommit ? ' on commit drop' : ''} as
with snapshot_query as (
${parts.query}
),
${currentAlias} as (
  select ${parts.rowId} as __row, *, ${keyColumns(config)} from ${parts.target} where ${isCurrent(config)}
),
${sourceAlias} as (
  select *, ${keyColumns(config)}, ${strategy.updatedAt} as __updated_at from snapshot_query
)${closed}
select 'change' as __change, ${currentAlias}.__row as __row,
  ${config.strict ? strictValidFrom(parts) : `${sourceAlias}.__updated_at`} as __at,
  ${currentAlias}.${config.columns.scdId} as __scd_id, ${keyNames(config, sourceAlias)},
  ${columnList(parts.source, sourceAlias)}
from ${sourceAlias}
left join ${currentAlias} on ${keysEqual(config, currentAlias, sourceAlias)}${closedJoin}
where ${currentAlias}.__row is null or ${strategy.rowChanged}${restored}${deletes}`;
}

/** Closes the versions that the change set names. */
export function closeSql({ config, target, changes, rowId }: SnapshotParts): string {
  return `update ${target} as current_version set ${config.columns.validTo} = closing.at
from (select __row, max(__at) as at from ${changes} where __row is not null group by __row) closing
where current_version.${rowId} = closing.__row`;
}

/** Opens the new versions; a deleted key gets one that says so when `hard_deletes` is `new_record`. */
export function openSql(parts: SnapshotParts): string {
  const { config, changes, target } = parts;
  const { columns } = config;
  const names = parts.source.map((column) => quoteIdentifier(column.name));
  const recordsDeletes = config.hardDeletes === 'new_record';
  const hash = config.strict
    ? scdHash([...config.keys.map((_, index) => keyName(index)), '__at'])
    : parts.strategy.scdId;
  const scdId = recordsDeletes
    ? `case when __change = 'delete' then ${scdHash(['__scd_id', '__at'])} else ${hash} end`
    : hash;
  const meta = [
    columns.scdId,
    columns.updatedAt,
    columns.validFrom,
    columns.validTo,
    ...(recordsDeletes ? [columns.isDeleted] : []),
  ];
  const values = [scdId, '__at', '__at', config.validToCurrent ?? 'null'];
  if (recordsDeletes) values.push(`case when __change = 'delete' then 'True' else 'False' end`);
  return `insert into ${target} (${[...names, ...meta].join(', ')})
select ${[...names, ...values].join(', ')}
from ${changes}${recordsDeletes ? '' : ` where __change = 'change'`}`;
}

export function keyName(index: number): string {
  return `__key_${index + 1}`;
}

/** Current rows whose key the source no longer has; a row that is already marked as deleted is not marked again. */
function deletedRowsSql(parts: SnapshotParts): string {
  const { config, targetColumns } = parts;
  const records = config.hardDeletes === 'new_record';
  const kept = parts.source.map((column) => {
    const name = quoteIdentifier(column.name);
    return records && targetColumns.has(column.name) ? `${currentAlias}.${name}` : `cast(null as ${column.dataType})`;
  });
  const at = config.strict ? `greatest(${parts.now}, ${currentAlias}.${config.columns.validFrom})` : parts.now;
  const unmarked = records ? `\n  and ${currentAlias}.${config.columns.isDeleted} is distinct from 'True'` : '';
  return `select 'delete', ${currentAlias}.__row, ${at}, ${currentAlias}.${config.columns.scdId}, ${keyNames(config, currentAlias)},
  ${kept.join(', ')}
from ${currentAlias}
where not exists (select 1 from ${sourceAlias} where ${keysEqual(config, currentAlias, sourceAlias)})${unmarked}`;
}

/** Where the last version of a key ended that has no current one: a key that returns must not begin before it. */
function closedSql({ config, target }: SnapshotParts): string {
  const keys = config.keys.map((_, index) => keyName(index)).join(', ');
  return `  select ${keys}, max(${config.columns.validTo}) as ended_at
  from (select ${keyColumns(config)}, ${config.columns.validTo} from ${target} where not (${isCurrent(config)})) ended
  group by ${keys}`;
}

function strictValidFrom({ config, now }: SnapshotParts): string {
  return `greatest(coalesce(${sourceAlias}.__updated_at, ${now}), ${currentAlias}.${config.columns.validFrom}, closed.ended_at)`;
}

function keyColumns(config: SnapshotConfig): string {
  return config.keys.map((key, index) => `${key} as ${keyName(index)}`).join(', ');
}

function keyNames(config: SnapshotConfig, alias: string): string {
  return config.keys.map((_, index) => `${alias}.${keyName(index)}`).join(', ');
}

function keysEqual(config: SnapshotConfig, left: string, right: string): string {
  return config.keys.map((_, index) => `${left}.${keyName(index)} = ${right}.${keyName(index)}`).join(' and ');
}

function columnList(columns: Column[], alias: string): string {
  return columns.map((column) => `${alias}.${quoteIdentifier(column.name)}`).join(', ');
}
