import { writeFileSync } from 'node:fs';
import { sourcesArtifact } from '../../transform/artifacts/sources.js';
import { type FreshnessResult, freshnessSources, measureFreshness } from '../../transform/run/freshness.js';
import { type SqlOptions, selectionOf } from './options.js';
import { withWarehouse, writeArtifact } from './session.js';

/** Exit code 1 when a source is older than its `error_after`, or cannot be asked. */
export async function freshnessCommand(options: SqlOptions): Promise<number> {
  return withWarehouse('source freshness', options, async (session) => {
    const { project, printer, adapter } = session;
    const started = performance.now();
    const sources = freshnessSources(project, project.select(selectionOf(options)));
    const results: FreshnessResult[] = [];
    for (const source of sources) {
      const result = await measureFreshness(project, adapter, source);
      results.push(result);
      const line = `${result.status.toUpperCase()} freshness of ${source.source_name}.${source.name}`;
      if (result.status === 'pass') printer.info(line);
      else if (result.status === 'warn') printer.warn(line);
      else printer.error(result.message === null ? line : `${line}\n${result.message}`);
    }
    const artifact = sourcesArtifact(project, results, performance.now() - started);
    if (options.output !== undefined) writeFileSync(options.output, JSON.stringify(artifact));
    else writeArtifact(session, 'sources.json', artifact);
    printer.info(`Done. ${results.length} sources`);
    return results.some(({ status }) => status === 'error' || status === 'runtime error') ? 1 : 0;
  });
}
