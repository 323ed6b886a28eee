import type { QueryResult } from '../adapters/adapter.js';
import type { Relation, RelationType } from '../compile/relation.js';
import { finishRelation, inNodeTransaction, type MaterializationResult, type NodeRun } from './materialization.js';

/**
 * Builds a relation beside the one in use and puts it in its place by two renames in the same transaction: readers see the old one or the new
 * one, never none. The old one is dropped after the commit, as dbt does.
 */
export async function buildAndSwap(
  run: NodeRun,
  type: RelationType,
  build: (intermediate: Relation) => Promise<QueryResult>,
): Promise<MaterializationResult> {
  const target = run.target.with({ type });
  const intermediate = target.suffixed('__dbt_tmp');
  const existing = await run.existing();
  const backup = target.suffixed('__dbt_backup', existing?.type ?? type);
  await dropLeftovers(run, [intermediate, backup]);
  return inNodeTransaction(
    run,
    async () => {
      const main = await build(intermediate);
      if (existing) await run.macro('rename_relation', [existing, backup]);
      await run.macro('rename_relation', [intermediate, target]);
      await finishRelation(run, target, existing !== null, true);
      return { main, relation: target };
    },
    {
      afterCommit: async () => {
        if (existing) await run.macro('drop_relation', [backup]);
      },
    },
  );
}

/** What a run that was killed left behind. The catalog is asked, since a name alone does not tell a table from a view. */
async function dropLeftovers(run: NodeRun, relations: Relation[]): Promise<void> {
  for (const relation of relations) {
    const { type } = await run.adapter.lookup(run.connection, {
      database: relation.database,
      schema: relation.schema ?? '',
      identifier: relation.identifier ?? '',
    });
    if (type) await run.macro('drop_relation', [relation.with({ type })]);
  }
}
