import { MillraceError } from '../../kernel/errors.js';
import type { QueryResult } from '../adapters/adapter.js';
import { type Column, quoteIdentifier, type Relation } from '../compile/relation.js';
import { type ChangeLogConfig, readChangeLogConfig } from './change-log-config.js';
import {
  type ChangeLogParts,
  changeSql,
  endedName,
  faultsSql,
  freshSql,
  initialVersionsSql,
  logChangesSql,
  logSql,
  openVersionsSql,
  removeSql,
  spelled,
  watermarkName,
} from './change-log-sql.js';
import { finishRelation, type MaterializationResult, type NodeRun } from './materialization.js';
import { columnsOf, growTarget, guardCurrentRows, requireMetaColumns } from './snapshot-table.js';

/**
 * A snapshot with `strategy: change_log`: its query gives the events of a log instead of the rows as they are, and every version that the log holds is
 * kept, however many lie between two runs. The table is always the fold of all events that it has read, in the log's order: late events find their
 * place, replays change nothing, and only keys with fresh events are looked at.
 */
export async function snapshotChangeLog(run: NodeRun, existing: Relation | null): Promise<MaterializationResult> {
  const config = readChangeLogConfig(run.config, run.node.original_file_path);
  const source = await run.adapter.columnsOfQuery(run.connection, run.sql);
  const target = existing ?? run.target.with({ type: 'table' });
  const parts = readParts(run, config, source, target);
  const main = existing ? await nextRun(run, parts, existing) : await firstRun(run, parts, target);
  if (config.strict) await guardCurrentRows(run, config, target);
  if (!existing) await run.macro('create_indexes', [target]);
  await finishRelation(run, target, existing !== null, existing === null);
  return { main, relation: target };
}

async function firstRun(run: NodeRun, parts: ChangeLogParts, target: Relation): Promise<QueryResult> {
  const { truncates } = await examine(run, parts, `(\n${logSql(parts)}\n) log`);
  const sql = initialVersionsSql({ ...parts, truncates });
  return run.execute(await run.macroText('get_create_table_as_sql', [false, target, sql]));
}

async function nextRun(run: NodeRun, known: ChangeLogParts, target: Relation): Promise<QueryResult> {
  const { config, place, watermark, source } = known;
  if (run.adapter.type === 'postgres') await run.execute(`lock table ${target.render()} in share row exclusive mode`);
  const current = await columnsOf(run, target);
  requireMetaColumns(config, current, target, [...place.map(endedName), ...(watermark ? [watermarkName] : [])]);
  const targetColumns = new Set(current.map((column) => column.name));
  const reached = watermark && { ...watermark, reached: await reachedWatermark(run, target) };
  const parts: ChangeLogParts = { ...known, targetColumns, watermark: reached };
  await run.execute(freshSql(parts));
  const { events } = await examine(run, parts, parts.fresh);
  await growTarget(run, target, source, current);
  const main =
    events === 0 ? nothingNew : await applyChanges(run, { ...parts, truncates: await hasTruncates(run, parts) });
  await run.execute(`drop table ${parts.fresh}`);
  return main;
}

const nothingNew: QueryResult = { columns: [], rows: [], rowsAffected: 0, message: 'no new events', code: 'INSERT' };

async function hasTruncates(run: NodeRun, parts: ChangeLogParts): Promise<boolean> {
  const { op, truncateOps, hardDeletes } = parts.config;
  if (op === null || truncateOps.length === 0 || hardDeletes === 'ignore') return false;
  const { rows } = await run.execute(`select 1 from (\n${logSql(parts)}\n) log where __is_truncate limit 1`);
  return rows.length > 0;
}

async function applyChanges(run: NodeRun, parts: ChangeLogParts): Promise<QueryResult> {
  await run.execute(logChangesSql(parts));
  await run.execute(removeSql(parts));
  await run.execute(changeSql(parts));
  const main = await run.execute(openVersionsSql(parts));
  await run.execute(`drop table ${parts.changes}`);
  return main;
}

function readParts(run: NodeRun, config: ChangeLogConfig, source: Column[], target: Relation): ChangeLogParts {
  const find = (name: string, key: string): string => {
    const found = spelled(source, name);
    if (found) return found;
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `${run.node.original_file_path}: "${key}" names the column ${name}, which the query does not give`,
      { hint: `It gives: ${source.map((column) => column.name).join(', ')}.` },
    );
  };
  if (config.op !== null) find(config.op, 'op');
  const mark = config.watermark === null ? null : find(config.watermark, 'watermark');
  const temporary = (suffix: string) => target.suffixed(suffix).include({ database: false, schema: false }).render();
  return {
    config,
    query: run.sql,
    target: target.render(),
    source,
    targetColumns: new Set(),
    place: config.orderBy.map((name) => find(name, 'order_by')),
    watermark: mark === null ? null : { name: mark, type: typeOf(source, mark), reached: null },
    rowId: run.adapter.type === 'duckdb' ? 'rowid' : 'ctid',
    fresh: temporary('__dbt_fresh'),
    changes: temporary('__dbt_changes'),
    truncates: false,
  };
}

function typeOf(source: Column[], quoted: string): string {
  return (source.find((column) => quoteIdentifier(column.name) === quoted) as Column).dataType;
}

/** Counts the events of a table and their truncates. Throws SQL_SNAPSHOT_UNSAFE for events that no history can be made of. */
async function examine(
  run: NodeRun,
  parts: ChangeLogParts,
  from: string,
): Promise<{ events: number; truncates: boolean }> {
  const { config } = parts;
  const { rows } = await run.execute(faultsSql(parts, from));
  const [events = 0, truncates = 0, ...faults] = (rows[0] ?? []).map(Number);
  const what = [
    `the key (${config.keys.join(', ')})`,
    `the place in the log (${config.orderBy.join(', ')})`,
    `the time of the change (${config.updatedAt})`,
    `the watermark (${config.watermark})`,
  ];
  const shown = what.flatMap((each, index) => ((faults[index] ?? 0) > 0 ? [`${faults[index]} without ${each}`] : []));
  if (shown.length === 0) return { events, truncates: truncates > 0 && config.hardDeletes !== 'ignore' };
  throw new MillraceError(
    'SQL_SNAPSHOT_UNSAFE',
    `${run.node.name}: ${events} events of the change log cannot be placed: ${shown.join(', ')}`,
    {
      hint: 'Leave such events out in its query, or give them what they lack. An event without a key must be one of truncate_ops.',
    },
  );
}

async function reachedWatermark(run: NodeRun, target: Relation): Promise<string | null> {
  const { rows } = await run.execute(`select cast(max(${watermarkName}) as varchar) from ${target.render()}`);
  const [value] = rows[0] ?? [];
  return value === null || value === undefined ? null : String(value);
}
