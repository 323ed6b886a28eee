import type { ClearRequest, SchedulerCommands } from '../../scheduler/model/commands.js';

/** A clear of tasks of the DAG `d`, and nothing more than the wish says. */
export function clearing(wish: Partial<ClearRequest>): ClearRequest {
  return {
    dagId: 'd',
    runId: null,
    taskIds: [],
    mapIndexes: null,
    onlyFailed: false,
    onlyRunning: false,
    includeUpstream: false,
    includeDownstream: false,
    includePast: false,
    includeFuture: false,
    resetDagRuns: true,
    runOnLatestVersion: false,
    dryRun: false,
    ...wish,
  };
}

type MarkRequest = Parameters<SchedulerCommands['markTaskInstances']>[0];

/** A mark of a task of the DAG `d`. */
export function marking(
  wish: Partial<MarkRequest> & { runId: string; taskId: string; state: MarkRequest['state'] },
): MarkRequest {
  return {
    dagId: 'd',
    mapIndex: null,
    dryRun: false,
    includeUpstream: false,
    includeDownstream: false,
    includePast: false,
    includeFuture: false,
    ...wish,
  };
}
