import { catalogArtifact } from '../../transform/artifacts/catalog.js';
import type { SqlOptions } from './options.js';
import { withWarehouse, writeArtifact } from './session.js';

/** Writes manifest.json and catalog.json: with dbt's index.html beside them they are the documentation site. */
export async function docsCommand(options: SqlOptions): Promise<number> {
  return withWarehouse('docs generate', { ...options, writeJson: true }, async (session) => {
    const catalog = await catalogArtifact(session.project, session.adapter);
    writeArtifact(session, 'catalog.json', catalog);
    session.printer.info(
      `Catalog written: ${Object.keys(catalog['nodes'] ?? {}).length} nodes, ${Object.keys(catalog['sources'] ?? {}).length} sources`,
    );
    return 0;
  });
}
