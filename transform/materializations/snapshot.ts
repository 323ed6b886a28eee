import { MillraceError } from '../../kernel/errors.js';
import type { Relation } from '../compile/relation.js';
import { snapshotChangeLog } from './change-log.js';
import {
  finishRelation,
  inNodeTransaction,
  type Materialization,
  type MaterializationResult,
  type NodeRun,
} from './materialization.js';
import { isCurrent, readSnapshotConfig, type SnapshotConfig } from './snapshot-config.js';
import { changesSql, closeSql, initialSql, keyName, openSql, type SnapshotParts } from './snapshot-sql.js';
import { readStrategy, snapshotTime } from './snapshot-strategy.js';
import { columnsOf, growTarget, guardCurrentRows, requireMetaColumns } from './snapshot-table.js';

/**
 * Keeps the history of a query's rows as dbt does (same columns, hashes and versions), by a cheaper plan: one join finds the changes,
 * an UPDATE closes, an INSERT opens. Two runs of the same snapshot wait for each other, so they never open a version twice.
 * In `strict` mode rows that would damage the history are errors (SQL_SNAPSHOT_UNSAFE). A full refresh never rebuilds it.
 */
export const snapshot: Materialization = (run) => {
  const config = readSnapshotConfig(run.config, run.node.original_file_path);
  const work = async () => {
    // Another run may have made the table while this one waited for it.
    run.forgetRelations();
    const existing = await run.existing();
    if (existing && existing.type !== 'table')
      throw new MillraceError(
        'SQL_COMPILATION_FAILED',
        `${existing} is a ${existing.type}: a snapshot needs a table of its own`,
      );
    if (config.strategy === 'change_log') return snapshotChangeLog(run, existing);
    return existing ? nextRun(run, config, existing) : firstRun(run, config);
  };
  return inNodeTransaction(run, work, { lock: `snapshot ${run.target.render()}` });
};

async function firstRun(run: NodeRun, config: SnapshotConfig): Promise<MaterializationResult> {
  const target = run.target.with({ type: 'table' });
  const now = await snapshotTime(run);
  const source = await run.adapter.columnsOfQuery(run.connection, run.sql);
  const strategy = await readStrategy(run, config, now, { source, target: null });
  const sql = initialSql({ config, strategy, query: run.sql, now });
  const main = await run.execute(await run.macroText('get_create_table_as_sql', [false, target, sql]));
  if (config.strict) {
    await refuseBadKeys(run, config, target.render(), config.keys);
    await guardCurrentRows(run, config, target);
  }
  await run.macro('create_indexes', [target]);
  await finishRelation(run, target, false, true);
  return { main, relation: target };
}

async function nextRun(run: NodeRun, config: SnapshotConfig, target: Relation): Promise<MaterializationResult> {
  if (run.adapter.type === 'postgres') await run.execute(`lock table ${target.render()} in share row exclusive mode`);
  const current = await columnsOf(run, target);
  requireMetaColumns(config, current, target);
  const now = await snapshotTime(run);
  const source = await run.adapter.columnsOfQuery(run.connection, run.sql);
  const strategy = await readStrategy(run, config, now, { source, target: current });
  const temporary = target.suffixed('__dbt_changes').include({ database: false, schema: false });
  const parts: SnapshotParts = {
    config,
    strategy,
    query: run.sql,
    target: target.render(),
    changes: temporary.render(),
    now,
    source,
    targetColumns: new Set(current.map((column) => column.name)),
    rowId: run.adapter.type === 'duckdb' ? 'rowid' : 'ctid',
    dropsOnCommit: run.adapter.type === 'postgres',
  };
  await run.execute(changesSql(parts));
  if (config.strict) await refuseUnsafeChanges(run, config, parts);
  await growTarget(run, target, source, current);
  await run.execute(closeSql(parts));
  const main = await run.execute(openSql(parts));
  if (!parts.dropsOnCommit) await run.execute(`drop table ${parts.changes}`);
  if (config.strict) await guardCurrentRows(run, config, target);
  await finishRelation(run, target, true, false);
  return { main, relation: target };
}

async function refuseUnsafeChanges(run: NodeRun, config: SnapshotConfig, parts: SnapshotParts): Promise<void> {
  const keys = config.keys.map((_, index) => keyName(index));
  await refuseBadKeys(run, config, `(select * from ${parts.changes} where __change = 'change') changed`, keys);
  if (config.hardDeletes === 'ignore') return;
  const deleted = await count(run, `select count(*) from ${parts.changes} where __change = 'delete'`);
  if (deleted === 0) return;
  const marked = config.hardDeletes === 'new_record' ? ` and ${config.columns.isDeleted} is distinct from 'True'` : '';
  const live = await count(run, `select count(*) from ${parts.target} where ${isCurrent(config)}${marked}`);
  const percentMax = config.strictDeletedPercentMax ?? 100;
  const percent = (100 * deleted) / live;
  if (percent > percentMax || (deleted === live && percentMax >= 100 && (await isSourceEmpty(run))))
    throw new MillraceError(
      'SQL_SNAPSHOT_UNSAFE',
      `${run.node.name}: the source no longer has ${deleted} of ${live} current keys, which would close them as deleted`,
      { hint: 'When that is right, set strict_deleted_percent_max, or close them with strict off for one run.' },
    );
}

async function isSourceEmpty(run: NodeRun): Promise<boolean> {
  return (await run.execute(`select 1 from (\n${run.sql}\n) sbq limit 1`)).rows.length === 0;
}

const keysShownMax = 5;

/** Keys that are missing or stand twice would open several current versions. */
async function refuseBadKeys(run: NodeRun, config: SnapshotConfig, from: string, keys: string[]): Promise<void> {
  const anyNull = keys.map((key) => `${key} is null`).join(' or ');
  const { rows } = await run.execute(
    `select ${keys.join(', ')}, count(*) from ${from} group by ${keys.join(', ')} having count(*) > 1 or ${anyNull} limit ${keysShownMax}`,
  );
  if (rows.length === 0) return;
  const shown = rows
    .map(
      (row) =>
        `(${row
          .slice(0, -1)
          .map((value) => value ?? 'NULL')
          .join(', ')}) ${row.at(-1)} times`,
    )
    .join('; ');
  throw new MillraceError(
    'SQL_SNAPSHOT_UNSAFE',
    `${run.node.name}: the key (${config.keys.join(', ')}) is missing or not unique in the source: ${shown}`,
    {
      hint: 'A snapshot needs one row per key: keep the latest in its query.',
    },
  );
}

async function count(run: NodeRun, sql: string): Promise<number> {
  return Number((await run.execute(sql)).rows[0]?.[0] ?? 0);
}
