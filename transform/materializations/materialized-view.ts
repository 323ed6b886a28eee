import { MillraceError } from '../../kernel/errors.js';
import type { Relation } from '../compile/relation.js';
import { quoteLiteral } from '../compile/relation.js';
import { toList } from '../project/config.js';
import { isObject } from '../project/yaml.js';
import {
  finishRelation,
  inNodeTransaction,
  type Materialization,
  type MaterializationResult,
  type NodeRun,
} from './materialization.js';
import { buildAndSwap } from './swap.js';

/**
 * Created once; later runs refresh it. When only the indexes of its config changed, they are changed in place, as `on_configuration_change` says
 * (apply, continue, fail). A full refresh, or something else under its name, rebuilds it.
 */
export const materializedView: Materialization = async (run) => {
  if (run.adapter.type !== 'postgres')
    throw new MillraceError('SQL_PROJECT_INVALID', `${run.node.name}: ${run.adapter.type} has no materialized views`, {
      hint: 'Use table or incremental.',
    });
  const existing = await run.existing();
  if (existing?.type === 'materialized_view' && !run.fullRefresh)
    return inNodeTransaction(run, () => refresh(run, existing));
  return buildAndSwap(run, 'materialized_view', async (intermediate) => {
    const main = await run.execute(await run.macroText('get_create_materialized_view_as_sql', [intermediate, run.sql]));
    await run.macro('create_indexes', [intermediate]);
    return main;
  });
};

async function refresh(run: NodeRun, existing: Relation): Promise<MaterializationResult> {
  const mode = String(run.config['on_configuration_change'] ?? 'apply');
  const changes = await indexChanges(run, existing);
  if (changes.length > 0 && mode === 'fail')
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `${run.node.name}: its configuration changed and on_configuration_change is fail`,
      { hint: changes.join('; ') },
    );
  if (mode === 'apply') for (const sql of changes) await run.execute(sql);
  const main = await run.execute(await run.macroText('refresh_materialized_view', [existing]));
  await finishRelation(run, existing, true, false);
  return { main, relation: existing };
}

/** The statements that bring the indexes to what the config says. An index is known by its columns, uniqueness and method. */
async function indexChanges(run: NodeRun, existing: Relation): Promise<string[]> {
  const { rows } = await run.execute(
    `select i.relname::text, x.indisunique, m.amname::text, string_agg(a.attname::text, ',' order by array_position(x.indkey::int2[], a.attnum)) from pg_catalog.pg_index x ` +
      `join pg_catalog.pg_class i on i.oid = x.indexrelid join pg_catalog.pg_am m on m.oid = i.relam join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attnum = any(x.indkey) ` +
      `where x.indrelid = ${quoteLiteral(existing.include({ database: false }).render())}::regclass group by 1, 2, 3`,
  );
  const current = new Map(
    rows.map(([name, unique, method, columns]) => [`${columns}|${unique}|${method}`, String(name)]),
  );
  const wanted = toList(run.config['indexes']).filter(isObject);
  const key = (index: (typeof wanted)[number]) =>
    `${toList(index['columns']).join(',')}|${index['unique'] === true}|${String(index['type'] ?? 'btree')}`;
  const keys = new Set(wanted.map(key));
  const dropped = [...current]
    .filter(([each]) => !keys.has(each))
    .map(([, name]) => `drop index if exists "${existing.schema}"."${name}"`);
  const made = await Promise.all(
    wanted
      .filter((index) => !current.has(key(index)))
      .map((index) => run.macroText('get_create_index_sql', [existing, index])),
  );
  return [...dropped, ...made];
}
