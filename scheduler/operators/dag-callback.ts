import { MillraceError } from '../../kernel/errors.js';
import type { CallbackContext } from '../dag/dag-spec.js';
import type { Operator } from './operator.js';

/**
 * Calls a callback of the DAG's file. Not a task of the graph: the scheduler hands it out when a run ended or a task is
 * tried again, with the options `{ callback: 'onSuccess' | 'onFailure' | 'onRetry', context }`.
 */
export const dagCallbackOperator: Operator = {
  templateFields: [],
  async perform({ bundle, options }) {
    const name = String(options['callback']) as 'onSuccess' | 'onFailure' | 'onRetry';
    const { spec, dagId } = await bundle.dag();
    const callback = spec[name];
    if (!callback) throw new MillraceError('TASK_FAILED', `Dag "${dagId}" has no ${name}`);
    await callback(options['context'] as unknown as CallbackContext);
    return undefined;
  },
};
