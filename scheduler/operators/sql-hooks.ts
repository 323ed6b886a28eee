import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import {
  type HookKind,
  hooksOf,
  type Project,
  runNode,
  runResultsArtifact,
  type TimedResult,
} from '../../transform/index.js';
import { type NodeResult, resultWithoutRun } from '../../transform/model.js';
import { getClient } from '../dag/client.js';
import type { TaskResult } from '../model/attempt.js';
import { runResultsPath } from '../model/run-results.js';
import type { Operator, OperatorCall } from './operator.js';
import { isBad, logResult, openSqlTask, resultDetails, resultsOfDetails } from './sql-task.js';

/**
 * The hooks of a SQL project around its group: `on-run-start` is the group's setup, `on-run-end` its teardown. The teardown sees what became of the
 * nodes, as `results` in templates, and writes it all to a `run_results.json` beside its log.
 */
export const sqlHooksOperator: Operator = {
  templateFields: [],
  async perform(call) {
    const kind = call.options['hooks'] as HookKind;
    const { project, options } = await openSqlTask(call);
    const before = kind === 'on-run-end' ? await resultsOfRun(call) : [];
    const startedAt = call.scope.clock.now();
    const done: NodeResult[] = [];
    for (const id of hooksOf(project, kind)) {
      const result = await runNode(project, id, { ...options, results: before });
      done.push(result);
      logResult(call, result);
      if (isBad(result)) break;
    }
    Object.assign(call.scope.effects.details, resultDetails(done));
    if (kind === 'on-run-end') {
      const timed = done.map((result) => ({
        ...result,
        startedAt,
        completedAt: call.scope.clock.now(),
        thread: 'main',
      }));
      Object.assign(call.scope.effects.details, keepRunResults(call, project, [...before, ...timed]));
    }
    const bad = done.find(isBad);
    if (bad) throw new MillraceError('TASK_FAILED', `${bad.uniqueId}: ${bad.message}`);
    return undefined;
  },
};

/** What became of each node of the group; those that did not come to run are skipped, as dbt calls it. */
async function resultsOfRun({ options, task }: OperatorCall): Promise<TimedResult[]> {
  const nodesOf = options['tasks'] as Record<string, string[]>;
  const tasks = await getClient().getTaskResults();
  return tasks.flatMap((each) => {
    if (each.taskId === task.taskId || !(each.taskId in nodesOf)) return [];
    const known = resultsOfDetails(each.details);
    const ids = nodesOf[each.taskId] as string[];
    const results = known.length > 0 ? known : ids.map((id) => withoutResult(id, each));
    return results.map((result) => ({
      ...result,
      startedAt: each.startedAt ?? 0,
      completedAt: each.endedAt ?? each.startedAt ?? 0,
      thread: each.taskId,
    }));
  });
}

/** A node whose task has nothing to tell: it never ran, or its process was lost. */
function withoutResult(uniqueId: string, { state, error }: TaskResult): NodeResult {
  return resultWithoutRun(
    uniqueId,
    state === 'failed' ? 'error' : 'skipped',
    error ?? `the task is ${state ?? 'not scheduled'}`,
  );
}

function keepRunResults({ scope, bundle }: OperatorCall, project: Project, results: TimedResult[]): JsonObject {
  const counts: Record<string, number> = {};
  for (const { status } of results) counts[status] = (counts[status] ?? 0) + 1;
  // A run in the process of a test keeps no files.
  if (bundle.cacheFolder === '') return { counts };
  const { dagId, runId, logPath } = scope.attempt;
  const [first] = results
    .map(({ startedAt }) => startedAt)
    .filter((at) => at > 0)
    .sort((a, b) => a - b);
  const elapsedMs = scope.clock.now() - (first ?? scope.clock.now());
  const args = { which: 'build', dag_id: dagId, run_id: runId, invocation_command: `millrace ${dagId} ${runId}` };
  const path = runResultsPath(logPath);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, JSON.stringify(runResultsArtifact(project, results, args, elapsedMs)));
  renameSync(`${path}.tmp`, path);
  return { counts, runResults: true };
}
