import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { fromIso } from '../../kernel/time.js';
import { Deferral } from '../dag/signals.js';
import type { Operator, OperatorCall } from './operator.js';

/** Seconds between two looks at the triggered run, as in Airflow. */
const pokeIntervalDefault = 60;

/**
 * Asks for a run of another DAG, in the report of this attempt: the run exists exactly when this task's state says so,
 * and its id is made of this run, so that a retry finds it again. Waiting for its end is a deferral and holds no worker.
 */
export const triggerDagRunOperator: Operator = {
  templateFields: ['dagId', 'runId', 'logicalDate', 'note'],
  async perform(call) {
    if (call.scope.attempt.context.event !== undefined) return finishWaiting(call);
    const { scope, options } = call;
    const dagId = String(options['dagId']);
    scope.effects.triggers.push({
      dagId,
      conf: (options['conf'] as JsonObject | undefined) ?? {},
      runId: textOrNull(options['runId']),
      logicalDate: logicalDateOf(options['logicalDate']),
      resetDagRun: options['resetDagRun'] === true,
      skipWhenAlreadyExists: options['skipWhenAlreadyExists'] === true,
      failWhenDagIsPaused: options['failWhenDagIsPaused'] === true,
      note: textOrNull(options['note']),
    });
    scope.log('INFO', `Triggers a run of ${dagId}`);
    if (options['waitForCompletion'] === true) {
      const states = [...allowedStates(options), ...failedStates(options)];
      const pollSeconds = Number(options['pokeInterval'] ?? pokeIntervalDefault);
      throw new Deferral({ kind: 'dag_run', dagId, runId: textOrNull(options['runId']), states, pollSeconds }, null);
    }
    return undefined;
  },
};

function finishWaiting({ scope, options }: OperatorCall): undefined {
  const { runId, state } = scope.attempt.context.event as { runId: string; state: string };
  scope.log('INFO', `Run ${runId} of ${options['dagId']} ended as ${state}`);
  if (allowedStates(options).includes(state)) return undefined;
  throw new MillraceError('TASK_FAILED', `the triggered run ${runId} of ${options['dagId']} ended as ${state}`);
}

function allowedStates(options: JsonObject): string[] {
  return (options['allowedStates'] as string[] | undefined) ?? ['success'];
}

function failedStates(options: JsonObject): string[] {
  return (options['failedStates'] as string[] | undefined) ?? ['failed'];
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Not given: the moment at which the run is made; null: none. */
function logicalDateOf(value: unknown): number | 'now' | null {
  if (value === undefined) return 'now';
  if (value === null) return null;
  const instant = fromIso(String(value));
  if (instant !== undefined) return instant;
  throw new MillraceError('TASK_FAILED', `logicalDate is ${JSON.stringify(value)}, which is no ISO time with a zone`);
}
