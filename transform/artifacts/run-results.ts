import type { Json, JsonObject } from '../../kernel/json.js';
import { toIso } from '../../kernel/time.js';
import type { Project } from '../project.js';
import type { TimedResult } from '../run/run-project.js';
import { artifactMetadata } from './manifest.js';

/** `run_results.json` in dbt's version 6. `args` are those of the command, as `retry` needs them. */
export function runResultsArtifact(
  project: Project,
  results: TimedResult[],
  args: JsonObject,
  elapsedMs: number,
): JsonObject {
  return {
    metadata: artifactMetadata(project, 'run-results/v6'),
    results: results.map((result) => resultArtifact(project, result)),
    elapsed_time: elapsedMs / 1000,
    args,
  };
}

function resultArtifact(project: Project, result: TimedResult): JsonObject {
  const compiledAt = Math.min(result.completedAt, result.startedAt + result.compileMs);
  const node = project.manifest.nodes.get(result.uniqueId);
  const ran = result.status !== 'skipped';
  return {
    status: result.status,
    timing: ran
      ? [
          { name: 'compile', started_at: toIso(result.startedAt), completed_at: toIso(Math.round(compiledAt)) },
          { name: 'execute', started_at: toIso(Math.round(compiledAt)), completed_at: toIso(result.completedAt) },
        ]
      : [],
    thread_id: result.thread,
    execution_time: ran ? (result.compileMs + result.executeMs) / 1000 : 0,
    adapter_response: result.adapterResponse,
    message: result.message,
    failures: result.failures,
    unique_id: result.uniqueId,
    compiled: result.compiledSql !== null,
    compiled_code: result.compiledSql,
    relation_name: result.relation ?? node?.relation_name ?? null,
    batch_results: (result.batches ?? null) as Json,
  };
}
