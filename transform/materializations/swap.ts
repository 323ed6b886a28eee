import type { QueryResult } from '../adapters/adapter.js';
import { type Relation, type RelationType, suffixes } from '../compile/relation.js';
import { dependentViews, restoreViews, withLostViews } from './dependent-views.js';
import { finishRelation, inNodeTransaction, type MaterializationResult, type NodeRun } from './materialization.js';

/**
 * Builds a relation beside the one in use and puts it in its place in the same transaction: readers see the old one or the new one, never none.
 * Views that read it are kept. dbt renames the old one to a backup and drops it in a transaction of its own; dropping it here saves a commit and leaves nothing behind.
 */
export async function buildAndSwap(
  run: NodeRun,
  type: RelationType,
  build: (intermediate: Relation) => Promise<QueryResult>,
): Promise<MaterializationResult> {
  const target = run.target.with({ type });
  const intermediate = target.suffixed(suffixes.intermediate);
  const existing = await run.existing();
  await dropLeftovers(run, [intermediate, target.suffixed(suffixes.backup)]);
  return inNodeTransaction(run, async () => {
    const main = await build(intermediate);
    const views = existing ? await dependentViews(run, existing) : [];
    if (existing) await run.macro('drop_relation', [existing]);
    await run.macro('rename_relation', [intermediate, target]);
    await finishRelation(run, target, existing !== null, true);
    return { main: withLostViews(main, await restoreViews(run, views)), relation: target };
  });
}

/** What a run that was killed left behind, of dbt's too. The catalog is asked, since a name alone does not tell a table from a view. */
async function dropLeftovers(run: NodeRun, relations: Relation[]): Promise<void> {
  for (const relation of relations) {
    const found = await run.find(relation);
    if (found) await run.macro('drop_relation', [relation.with({ type: found.type })]);
  }
}
