import type { JsonObject } from '../../kernel/json.js';
import { catalogColumns } from '../../transform/artifacts/catalog.js';
import { type NodeLineage, projectLineage } from '../../transform/index.js';
import { compileOnly } from '../../transform/run/compile-only.js';
import type { WarehouseSession } from './session.js';

/** Compiles nodes to look at them; those that cannot be compiled are told of and left out. */
export async function compileNodes(
  { project, adapter, printer }: WarehouseSession,
  ids: string[],
): Promise<Map<string, string>> {
  const results = await Promise.all(ids.map((id) => compileOnly(project, id, { adapter })));
  const compiled = new Map<string, string>();
  for (const { uniqueId, message, compiledSql } of results)
    if (compiledSql === null) printer.warn(message);
    else compiled.set(uniqueId, compiledSql);
  return compiled;
}

/** Column lineage of all models and snapshots that were compiled, with the columns that the database has now. */
export function lineageOf(
  { project }: WarehouseSession,
  compiled: ReadonlyMap<string, string>,
  catalog: JsonObject,
): Promise<Map<string, NodeLineage>> {
  return projectLineage(project, { compiled, columns: catalogColumns(catalog) });
}

/** Ids of what has a lineage of columns: what is made by a SELECT. */
export function selectsOf({ project }: WarehouseSession): string[] {
  return [...project.manifest.nodes.values()]
    .filter((node) => node.resource_type === 'model' || node.resource_type === 'snapshot')
    .map((node) => node.unique_id);
}
