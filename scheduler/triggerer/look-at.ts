import { MillraceError } from '../../kernel/errors.js';
import { assertNever, type Json } from '../../kernel/json.js';
import { findObject, isHttpUp, isSqlTrue, type Looker } from '../dag/looks.js';
import type { Trigger } from '../dag/signals.js';

/** Looks once at what a trigger waits for. Returns the event that resumes the task; undefined = not yet. */
export async function lookAt(
  trigger: Exclude<Trigger, { kind: 'at' }>,
  looker: Looker,
  readRun: (dagId: string, runId: string) => Promise<string | undefined>,
): Promise<Json | undefined> {
  switch (trigger.kind) {
    case 'object': {
      const key = await findObject(looker, trigger.url);
      return key === undefined ? undefined : { key };
    }
    case 'dag_run': {
      const { dagId, runId } = trigger;
      if (runId === null) throw new MillraceError('TASK_FAILED', `the run of ${dagId} that is waited for has no id`);
      const state = await readRun(dagId, runId);
      return state !== undefined && trigger.states.includes(state) ? { runId, state } : undefined;
    }
    case 'http':
      return (await isHttpUp(looker, trigger)) ? { url: trigger.url } : undefined;
    case 'sql':
      return (await isSqlTrue(looker, trigger)) ? {} : undefined;
    default:
      return assertNever(trigger);
  }
}
