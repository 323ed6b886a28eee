import type { JsonObject } from '../../kernel/json.js';
import { catalogArtifact } from '../../transform/artifacts/catalog.js';
import { artifactMetadata, manifestArtifact } from '../../transform/artifacts/manifest.js';
import { lineageArtifact } from '../../transform/index.js';
import { compileNodes, lineageOf, selectsOf } from './lineage.js';
import type { SqlOptions } from './options.js';
import { type WarehouseSession, withWarehouse, writeArtifact, writeCompiled } from './session.js';

/**
 * Writes manifest.json and catalog.json: with dbt's index.html beside them they are the documentation site. Beside them goes column_lineage.json, where
 * the columns of each model come from.
 */
export async function docsCommand(options: SqlOptions): Promise<number> {
  return withWarehouse('docs generate', { ...options, writeJson: true }, async (session) => {
    const catalog = await catalogArtifact(session.project, session.adapter);
    writeArtifact(session, 'catalog.json', catalog);
    session.printer.info(`Catalog written: ${count(catalog['nodes'])} nodes, ${count(catalog['sources'])} sources`);
    if (options.compile === false) return 0;
    const compiled = await compileNodes(session, selectsOf(session));
    for (const [id, sql] of compiled) writeCompiled(session, id, sql);
    writeArtifact(session, 'manifest.json', manifestArtifact(session.project));
    await writeLineage(session, compiled, catalog);
    return 0;
  });
}

async function writeLineage(
  session: WarehouseSession,
  compiled: ReadonlyMap<string, string>,
  catalog: JsonObject,
): Promise<void> {
  const lineage = await lineageOf(session, compiled, catalog);
  writeArtifact(session, 'column_lineage.json', lineageArtifact(lineage, artifactMetadata(session.project, null)));
  const partial = [...lineage.values()].filter(({ gaps }) => gaps.length > 0).length;
  session.printer.info(
    `Column lineage written: ${lineage.size} nodes${partial === 0 ? '' : `, ${partial} of them in part (see "gaps")`}`,
  );
}

function count(tables: unknown): number {
  return Object.keys(tables ?? {}).length;
}
