import type { JsonObject } from '../../kernel/json.js';
import { toIso } from '../../kernel/time.js';
import type { Project } from '../project.js';
import type { FreshnessResult } from '../run/freshness.js';
import { artifactMetadata } from './manifest.js';

/** `sources.json` in dbt's version 3. */
export function sourcesArtifact(project: Project, results: FreshnessResult[], elapsedMs: number): JsonObject {
  return {
    metadata: artifactMetadata(project, 'sources/v3'),
    results: results.map((result) =>
      result.status === 'runtime error'
        ? { unique_id: result.uniqueId, error: result.message, status: result.status }
        : {
            unique_id: result.uniqueId,
            max_loaded_at: result.maxLoadedAt ?? toIso(0),
            snapshotted_at: result.snapshottedAt ?? toIso(result.completedAt),
            max_loaded_at_time_ago_in_s: result.ageSeconds,
            status: result.status,
            criteria: result.criteria,
            adapter_response: result.adapterResponse,
            timing: [{ name: 'execute', started_at: toIso(result.startedAt), completed_at: toIso(result.completedAt) }],
            thread_id: 'Thread-1',
            execution_time: (result.completedAt - result.startedAt) / 1000,
          },
    ),
    elapsed_time: elapsedMs / 1000,
  };
}
