import { type Column, quoteIdentifier, quoteLiteral } from '../compile/relation.js';
import type { ChangeLogConfig } from './change-log-config.js';
import { keyName } from './snapshot-sql.js';
import { scdHash } from './snapshot-strategy.js';

/** Everything that the statements of one run over a change log are made of. Names of columns are quoted. */
export interface ChangeLogParts {
  config: ChangeLogConfig;
  /** The compiled query of the log. */
  query: string;
  /** The snapshot's table, as SQL. */
  target: string;
  source: Column[];
  /** Names of the table's columns before this run; empty in the first. */
  targetColumns: Set<string>;
  /** The columns of the log's order, as the source spells them. */
  place: string[];
  watermark: { name: string; type: string; reached: string | null } | null;
  /** What names a row of a table for the length of a statement: `ctid`, `rowid`. */
  rowId: string;
  /** Temporary tables, as SQL: what is new in the log, and what that changes. */
  fresh: string;
  changes: string;
  /** Whether the log has a truncate anywhere: one of long ago may end a version that arrives late. */
  truncates: boolean;
}

/** Where a version's end stands in the log: NULL while it is open. */
export function endedName(column: string): string {
  return quoteIdentifier(`dbt_ended_${column.replaceAll('"', '')}`);
}

export const watermarkName = 'dbt_watermark';

/** What would make the history wrong, counted over a table of events: no key, no place, no time, no watermark; and the truncates among them. */
export function faultsSql(parts: ChangeLogParts, from: string): string {
  const { config, place, watermark } = parts;
  const missing = (names: string[]) => names.map((name) => `${name} is null`).join(' or ');
  const counts = [
    'count(*)',
    `count(case when __is_truncate then 1 end)`,
    `count(case when not __is_truncate and (${missing(keys(config))}) then 1 end)`,
    `count(case when ${missing(place)} then 1 end)`,
    'count(case when __at is null then 1 end)',
    watermark === null ? '0' : `count(case when ${watermark.name} is null then 1 end)`,
  ];
  return `select ${counts.join(', ')} from ${from}`;
}

/** The events with what is read of each. */
export function logSql({ config, query }: ChangeLogParts): string {
  const keyColumns = config.keys.map((key, index) => `${key} as ${keyName(index)}`).join(', ');
  return `select *, ${keyColumns}, ${config.updatedAt} as __at, ${isOneOf(config, config.deleteOps)} as __is_delete,
  ${isTruncate(config)} as __is_truncate
from (
${query}
) log_query`;
}

/** The first run: the whole log folded into versions. */
export function initialVersionsSql(parts: ChangeLogParts): string {
  const { config } = parts;
  const truncated = parts.truncates
    ? `\nunion all\nselect ${keys(config, 'known').join(', ')}, ${truncateValues(parts)}\nfrom (select distinct ${keys(config).join(', ')} from log where not __is_truncate) known\njoin log on log.__is_truncate`
    : '';
  return `with log as (
${logSql(parts)}
),
events as (
select ${keys(config, 'log').join(', ')}, ${eventValues(parts)}
from log where not __is_truncate${ignoredDeletes(parts)}${truncated}
),
${foldSql(parts)}
select ${[...names(parts.source), ...metaNames(parts)].join(', ')} from versions`;
}

/** What the table does not know yet. Replays of what it knows are not among it, nor is anything below the watermark. */
export function freshSql(parts: ChangeLogParts): string {
  const { config, place, watermark, target } = parts;
  const ended = place.map(endedName);
  const known = (columns: string[]) =>
    `exists (select 1 from (select *, ${targetKeys(config)} from ${target}) version where ${[
      ...keys(config).map((key) => `version.${key} = log.${key}`),
      ...columns.map((column, index) => `version.${column} = log.${place[index]}`),
    ].join(' and ')})`;
  // All versions are looked through, although those below the watermark need not be: a planner whose statistics do not know the newest load yet
  // would compare each event with each version of it.
  const reached =
    watermark === null || watermark.reached === null
      ? ''
      : ` and (log.${watermark.name} >= cast(${quoteLiteral(watermark.reached)} as ${watermark.type}) or log.${watermark.name} is null)`;
  const columns = [...keys(config), ...place, '__at', '__is_truncate', ...(watermark ? [watermark.name] : [])];
  return `create temporary table ${parts.fresh} as
select ${columns.join(', ')}
from (
${logSql(parts)}
) log
where not ${known(place)} and not ${known(ended)}${reached}${ignoredDeletes(parts)}`;
}

/**
 * What the fresh events change: versions to open, to change (their end, mostly), to remove. For each key that a fresh event touches the versions
 * from the one before its first fresh event on are folded anew, from the log and from what the table has: a log that was cut off at its old end, or has
 * late events, gives the same.
 */
export function logChangesSql(parts: ChangeLogParts): string {
  const { config, place, source, target, rowId } = parts;
  const ended = place.map(endedName);
  const base = place.map((_, index) => `__base_${index + 1}`);
  const key = keys(config);
  const sinceBase = (alias: string, compare: string) =>
    `(base.__base_1 is null or ${tuple(place, alias)} ${compare} ${tuple(base, 'base')})`;
  const truncatedKeys = parts.truncates
    ? `
  union all
  select ${keys(config, 'history').join(', ')}, ${place.map((name) => `fresh.${name}`).join(', ')}
  from ${parts.fresh} fresh
  join history on ${tuple(place, 'history')} < ${tuple(place, 'fresh')} and (history.${ended[0]} is null or ${tuple(ended, 'history')} > ${tuple(place, 'fresh')})
  where fresh.__is_truncate`
    : '';
  const truncated = parts.truncates
    ? `\nunion all\nselect ${keys(config, 'base').join(', ')}, ${truncateValues(parts)}\nfrom base join log on log.__is_truncate and ${sinceBase('log', '>')}`
    : '';
  const isDeleted = config.hardDeletes === 'new_record' ? `history.${config.columns.isDeleted} = 'True'` : 'false';
  return `create temporary table ${parts.changes} as
with log as (
${logSql(parts)}
),
history as not materialized (
  select ${rowId} as __row, *, ${targetKeys(config)} from ${target}
),
touched as (
  select distinct on (${key.join(', ')}) ${[...key, ...place].join(', ')}
  from (
  select ${[...key, ...place].join(', ')} from ${parts.fresh} where not __is_truncate${truncatedKeys}
  ) places
  order by ${[...key, ...place].join(', ')}
),
base as (
  select distinct on (${keys(config, 'touched').join(', ')}) ${keys(config, 'touched').join(', ')}, ${place.map((name, index) => `history.${name} as ${base[index]}`).join(', ')}
  from touched
  left join history on ${equal(key, 'history', 'touched')} and ${tuple(place, 'history')} < ${tuple(place, 'touched')} and not (${isDeleted})
  order by ${keys(config, 'touched').join(', ')}, ${place.map((name) => `history.${name} desc nulls last`).join(', ')}
),
old as (
  select history.*, ${isDeleted} as __gone, base.__base_1 is not null and ${equal(place, 'history', 'base', base)} as __is_base
  from base join history on ${equal(key, 'history', 'base')}
  where ${sinceBase('history', '>=')}
),
events as (
select ${keys(config, 'base').join(', ')}, ${eventValues(parts)}
from base join log on ${equal(key, 'log', 'base')} and not log.__is_truncate${ignoredDeletes(parts)} and ${sinceBase('log', '>')}${truncated}
union all
select ${keys(config, 'old').join(', ')}, ${oldValues(parts)}
from old
union all
select ${keys(config, 'old').join(', ')}, ${endValues(parts)}
from old where ${ended[0]} is not null
),
${foldSql(parts)}
select case when old.__row is null then 'open' when versions.__gone is null then 'remove' else 'change' end as __change, old.__row as __row,
  ${[...names(source), ...metaNames(parts)].map((name) => `versions.${name}`).join(', ')}
from versions
full join old on ${equal([...key, ...place], 'old', 'versions')}
where old.__row is null or versions.__gone is null
  or ${comparedNames(parts)
    .map((name) => `versions.${name} is distinct from old.${name}`)
    .join(' or ')}${differsWhenGone(parts)}`;
}

export function removeSql({ target, changes, rowId }: ChangeLogParts): string {
  return `delete from ${target} where ${rowId} in (select __row from ${changes} where __change = 'remove')`;
}

export function changeSql(parts: ChangeLogParts): string {
  const changed = [...(parts.config.hardDeletes === 'new_record' ? names(parts.source) : []), ...metaNames(parts)];
  return `update ${parts.target} as version set ${changed.map((name) => `${name} = changed.${name}`).join(', ')}
from ${parts.changes} changed
where changed.__change = 'change' and version.${parts.rowId} = changed.__row`;
}

export function openVersionsSql(parts: ChangeLogParts): string {
  const columns = [...names(parts.source), ...metaNames(parts)].join(', ');
  return `insert into ${parts.target} (${columns})
select ${columns} from ${parts.changes} where __change = 'open'`;
}

/** The columns that a snapshot of a change log has besides those of its query. */
export function metaNames({
  config,
  place,
  watermark,
}: Pick<ChangeLogParts, 'config' | 'place' | 'watermark'>): string[] {
  const { columns } = config;
  return [
    columns.scdId,
    columns.updatedAt,
    columns.validFrom,
    columns.validTo,
    ...(config.hardDeletes === 'new_record' ? [columns.isDeleted] : []),
    ...place.map(endedName),
    ...(watermark ? [watermarkName] : []),
  ];
}

/**
 * From `events` to `versions`: one event a place, in the order of the log; a version begins when it was made, never before the one that it follows,
 * and ends where the next event of its key begins. Deletes of what is not there say nothing.
 */
function foldSql(parts: ChangeLogParts): string {
  const { config, place, source, watermark } = parts;
  const key = keys(config).join(', ');
  const records = config.hardDeletes === 'new_record';
  const inLogOrder = `(partition by ${key} order by ${place.join(', ')})`;
  const ended = place.map((name) => `lead(${name}) over following as ${endedName(name)}`);
  if (watermark) ended.push(`lead(${watermark.name}) over following as __ended_watermark`);
  const kept = records ? keptByDelete(parts).map((name) => `lag(${name}) over following as ${beforeName(name)}`) : [];
  const own = new Set(records ? keptByDelete(parts) : []);
  const values = names(source).map((name) =>
    own.has(name) ? `case when __gone then ${beforeName(name)} else ${name} end as ${name}` : name,
  );
  const { columns } = config;
  const meta = [
    `${scdHash([...keys(config), ...place])} as ${columns.scdId}`,
    `__updated_at as ${columns.updatedAt}`,
    `__from as ${columns.validFrom}`,
    `${config.validToCurrent === null ? '__to' : `coalesce(__to, ${config.validToCurrent})`} as ${columns.validTo}`,
    ...(records ? [`case when __gone then 'True' else 'False' end as ${columns.isDeleted}`] : []),
    ...place.map(endedName),
    ...(watermark
      ? [`greatest(${watermark.name}, coalesce(__ended_watermark, ${watermark.name})) as ${watermarkName}`]
      : []),
  ];
  return `single as (
  select * from (
    select *, row_number() over (partition by ${key}, ${place.join(', ')} order by __rank${watermark ? `, ${watermark.name}` : ''}) as __copy from events
  ) copies where __copy = 1
),
numbered as (
  select *, count(case when not __gone then 1 end) over log_order as __nth, lag(__gone) over log_order as __after_gone
  from single window log_order as ${inLogOrder}
),
timed as (
  select *, max(__at) over ${inLogOrder} as __from
  from numbered
  where __nth > 0 and not (__gone and coalesce(__after_gone, false))
),
chained as (
  select *, lead(__from) over following as __to, ${[...ended, ...kept].join(', ')}
  from timed
  window following as ${inLogOrder}
),
versions as (
  select ${[...keys(config), '__gone', ...values, ...meta].join(', ')}
  from chained${records ? '' : ' where not __gone'}
)`;
}

/** An event of the log: its columns, `__at`, `__updated_at`, `__gone`, `__rank`. Of two events at one place the lower rank counts. */
function eventValues({ source, config }: ChangeLogParts): string {
  return `${names(source)
    .map((name) => `log.${name}`)
    .join(
      ', ',
    )}, log.__at, log.__at as __updated_at, ${config.hardDeletes === 'ignore' ? 'false' : 'log.__is_delete'} as __gone, 0 as __rank`;
}

/** A truncate as the end of one key. */
function truncateValues(parts: ChangeLogParts): string {
  return `${placed(parts, (name) => `log.${name}`, `log.${parts.watermark?.name}`)}, log.__at, log.__at, true, 0`;
}

/** A version of the table as the event that began it. The base's own start already counts what came before it. */
function oldValues(parts: ChangeLogParts): string {
  const { columns } = parts.config;
  const values = parts.source.map((column) => {
    const name = quoteIdentifier(column.name);
    return parts.targetColumns.has(column.name) ? `old.${name}` : `cast(null as ${column.dataType})`;
  });
  return `${values.join(', ')}, case when old.__is_base then old.${columns.validFrom} else old.${columns.updatedAt} end, old.${columns.updatedAt}, old.__gone, 1`;
}

/** The end of a version of the table, for a log that no longer has the event of it. */
function endValues(parts: ChangeLogParts): string {
  const { columns } = parts.config;
  const at = `old.${columns.validTo}`;
  return `${placed(parts, (name) => `old.${endedName(name)}`, `old.${watermarkName}`)}, ${at}, ${at}, true, 2`;
}

/** The columns of an event that has a place and a watermark and nothing else. */
function placed({ source, place, watermark }: ChangeLogParts, at: (name: string) => string, mark: string): string {
  return source
    .map((column) => {
      const name = quoteIdentifier(column.name);
      if (place.includes(name)) return at(name);
      return name === watermark?.name ? mark : `cast(null as ${column.dataType})`;
    })
    .join(', ');
}

/** What the record of a delete takes from the version that it ends: everything but what the event says of itself. */
function keptByDelete({ source, place, config, watermark }: ChangeLogParts): string[] {
  const own = new Set([
    ...place,
    watermark?.name,
    ...[config.op, config.updatedAt].map((name) => name && spelled(source, name)),
  ]);
  return names(source).filter((name) => !own.has(name));
}

/** A column's name as the source spells it, quoted; undefined when it has none of that name. */
export function spelled(source: Column[], name: string): string | undefined {
  const plain = name.replaceAll('"', '').toLowerCase();
  const found = source.find((column) => column.name.toLowerCase() === plain);
  return found && quoteIdentifier(found.name);
}

function beforeName(name: string): string {
  return quoteIdentifier(`__before_${name.replaceAll('"', '')}`);
}

/** A watermark alone is no change: a replay has a later one and says nothing new. */
function comparedNames(parts: ChangeLogParts): string[] {
  const { columns } = parts.config;
  return [columns.validFrom, columns.validTo, ...parts.place.map(endedName)];
}

function differsWhenGone(parts: ChangeLogParts): string {
  if (parts.config.hardDeletes !== 'new_record') return '';
  const known = keptByDelete(parts).filter((name) => parts.targetColumns.has(name.slice(1, -1).replaceAll('""', '"')));
  const differs = known.map(
    (name) => `cast(versions.${name} as varchar) is distinct from cast(old.${name} as varchar)`,
  );
  return differs.length === 0 ? '' : `\n  or (versions.__gone and (${differs.join(' or ')}))`;
}

function ignoredDeletes({ config }: ChangeLogParts): string {
  return config.hardDeletes === 'ignore' ? ' and not log.__is_delete' : '';
}

/** An index on the key finds what has none. */
function isTruncate(config: ChangeLogConfig): string {
  const isOp = isOneOf(config, config.truncateOps);
  return isOp === 'false' ? isOp : `(${config.keys.map((key) => `${key} is null`).join(' and ')} and ${isOp})`;
}

function isOneOf({ op }: ChangeLogConfig, ops: string[]): string {
  if (op === null || ops.length === 0) return 'false';
  return `coalesce(cast(${op} as varchar) in (${ops.map(quoteLiteral).join(', ')}), false)`;
}

function names(columns: Column[]): string[] {
  return columns.map((column) => quoteIdentifier(column.name));
}

function keys({ keys }: ChangeLogConfig, alias?: string): string[] {
  return keys.map((_, index) => (alias === undefined ? keyName(index) : `${alias}.${keyName(index)}`));
}

function targetKeys({ keys }: ChangeLogConfig): string {
  return keys.map((key, index) => `${key} as ${keyName(index)}`).join(', ');
}

function tuple(columns: string[], alias: string): string {
  return `(${columns.map((column) => `${alias}.${column}`).join(', ')})`;
}

function equal(columns: string[], left: string, right: string, rightColumns = columns): string {
  return columns.map((column, index) => `${left}.${column} = ${right}.${rightColumns[index]}`).join(' and ');
}
