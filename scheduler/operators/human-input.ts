import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import {
  type HITLResult,
  type HITLText,
  type HumanInputRequest,
  isHumanInput,
  isRejected,
} from '../dag/human-input.js';
import { AwaitInput } from '../dag/signals.js';
import type { Operator, OperatorCall } from './operator.js';

/**
 * Asks a person. The first part writes the question and parks the task; the answer, or the defaults with `timed_out`
 * when nobody answered in time, comes as the event that resumes it.
 */
export const humanInputOperator: Operator = {
  templateFields: [],
  async perform(call) {
    const { handler, taskId } = await call.bundle.declaration();
    if (!isHumanInput(handler)) throw new MillraceError('TASK_FAILED', `task "${taskId}" asks nobody in its file`);
    const { event } = call.scope.attempt.context;
    if (event !== undefined) return takeAnswer(call, handler, event as JsonObject);
    const textOf = async (text: HITLText<never, string | null>) =>
      typeof text === 'function' ? text(call.inputs as never) : text;
    const { responseTimeoutSeconds, ...request } = handler.request;
    const texts = { subject: await textOf(handler.subject), body: await textOf(handler.body ?? null) };
    throw new AwaitInput({ ...texts, ...request } as unknown as JsonObject, responseTimeoutSeconds);
  },
};

function takeAnswer(
  { scope, options }: OperatorCall,
  { isApproval, skipsAll, request }: { isApproval: boolean; skipsAll: boolean; request: HumanInputRequest },
  event: JsonObject,
): Json {
  const { timed_out: isLate = false, ...rest } = event;
  if (isLate === true && request.defaults === null) {
    throw new MillraceError('TASK_FAILED', 'nobody answered in time, and there is no default');
  }
  const answer = { ...rest, timedout: isLate === true } as unknown as HITLResult;
  const who = answer.responded_by_user?.name ?? 'Nobody in time: the default';
  scope.log('INFO', `${who} chose ${answer.chosen_options.join(', ')}`);
  if (isApproval && isRejected(answer.chosen_options)) {
    // As in Airflow a retry asks again.
    if (request.failOnReject) throw new MillraceError('TASK_FAILED', `${who} rejected it`);
    scope.effects.skip = { skipped: options['downstream'] as string[], ignoreTriggerRules: skipsAll };
  }
  return answer as unknown as Json;
}
