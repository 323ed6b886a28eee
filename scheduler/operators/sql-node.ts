import { MillraceError } from '../../kernel/errors.js';
import { runNode } from '../../transform/index.js';
import type { NodeResult } from '../../transform/model.js';
import type { Operator } from './operator.js';
import { isBad, logResult, openSqlTask, resultDetails } from './sql-task.js';

/** Runs one node of a SQL project (or the tests of one model), from the files that belong to the DAG's version. */
export const sqlNodeOperator: Operator = {
  templateFields: [],
  async perform(call) {
    const { scope } = call;
    const { project, options } = await openSqlTask(call);
    const uniqueIds = call.options['uniqueIds'] as string[];
    const results: NodeResult[] = [];
    for (const uniqueId of uniqueIds) {
      const result = await runNode(project, uniqueId, options);
      results.push(result);
      logResult(call, result);
      scope.progress(results.length, uniqueIds.length);
    }
    Object.assign(scope.effects.details, resultDetails(results));
    refuseFailures(results);
    return undefined;
  },
};

function refuseFailures(results: NodeResult[]): void {
  const bad = results.filter(isBad);
  if (bad.length === 0) return;
  const shown = bad.map(({ uniqueId, message }) => `${uniqueId}: ${message}`).join('; ');
  throw new MillraceError('TASK_FAILED', shown);
}
