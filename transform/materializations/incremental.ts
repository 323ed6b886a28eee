import { MillraceError } from '../../kernel/errors.js';
import type { Column, Relation } from '../compile/relation.js';
import {
  finishRelation,
  inNodeTransaction,
  type Materialization,
  type MaterializationResult,
  type NodeRun,
} from './materialization.js';
import { applySchemaChange } from './schema-change.js';
import { buildAndSwap } from './swap.js';

/**
 * Builds the table the first time (and on a full refresh, or in place of a view); afterwards brings only the new rows in: they go to a temporary
 * table, columns are reconciled as `on_schema_change` says, and the strategy's SQL moves them over, all in one transaction.
 */
export const incremental: Materialization = async (run) => {
  const existing = await run.existing();
  if (existing && existing.type === 'table' && !run.fullRefresh) return addRows(run, existing);
  return buildAndSwap(run, 'table', async (intermediate) => {
    const main = await run.execute(await run.macroText('get_create_table_as_sql', [false, intermediate, run.sql]));
    await run.macro('create_indexes', [intermediate]);
    return main;
  });
};

async function addRows(run: NodeRun, existing: Relation): Promise<MaterializationResult> {
  const target = existing;
  const strategy = incrementalStrategy(run);
  return inNodeTransaction(run, async () => {
    const temporary = (await run.macro('make_temp_relation', [target])) as Relation;
    await run.execute(await run.macroText('get_create_table_as_sql', [true, temporary, run.sql]));
    const source = await run.adapter.columnsOf(run.connection, nameOf(temporary));
    const columns = await reconcile(run, target, source);
    const args = {
      target_relation: target,
      temp_relation: temporary,
      unique_key: run.config['unique_key'] ?? null,
      dest_columns: columns,
      incremental_predicates: run.config['predicates'] ?? run.config['incremental_predicates'] ?? null,
    };
    const main = await run.execute(String(await run.macro('get_incremental_strategy_sql', [strategy, args])).trim());
    await run.execute(`drop table if exists ${temporary.render()}`);
    await finishRelation(run, target, true, false);
    return { main, relation: target };
  });
}

/** The columns that are written: dbt grows text columns first, then reconciles what was added or removed. */
async function reconcile(run: NodeRun, target: Relation, source: Column[]): Promise<Column[]> {
  const current = await run.adapter.columnsOf(run.connection, nameOf(target));
  const grown = source.filter((column) => current.find((each) => each.name === column.name)?.canExpandTo(column));
  for (const column of grown) await run.macro('alter_column_type', [target, column.name, column.dataType]);
  return applySchemaChange(run, target, source, current);
}

/** The strategy that the config names, checked against what the warehouse can do; `default` when none is named. */
function incrementalStrategy(run: NodeRun): string {
  const strategy = run.config['incremental_strategy'] ?? 'default';
  if (typeof strategy !== 'string' || strategy === '')
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `${run.node.original_file_path}: incremental_strategy must be a text`,
    );
  return strategy;
}

function nameOf(relation: Relation) {
  return {
    database: relation.database,
    schema: relation.includePolicy.schema ? (relation.schema ?? '') : '',
    identifier: relation.identifier ?? '',
  };
}
