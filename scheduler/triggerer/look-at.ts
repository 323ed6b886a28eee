import { assertNever, type Json } from '../../kernel/json.js';
import { findObject, isHttpUp, isSqlTrue, type Looker } from '../dag/looks.js';
import type { Trigger } from '../dag/signals.js';

/** Looks once at what a trigger waits for. Returns the event that resumes the task; undefined = not yet. */
export async function lookAt(
  trigger: Exclude<Trigger, { kind: 'at' }>,
  looker: Looker,
  readRun: (dagId: string, runId: string | null) => Promise<{ runId: string; state: string } | undefined>,
): Promise<Json | undefined> {
  switch (trigger.kind) {
    case 'object': {
      const key = await findObject(looker, trigger.url);
      return key === undefined ? undefined : { key };
    }
    case 'dag_run': {
      const run = await readRun(trigger.dagId, trigger.runId);
      return run && trigger.states.includes(run.state) ? { runId: run.runId, state: run.state } : undefined;
    }
    case 'http':
      return (await isHttpUp(looker, trigger)) ? { url: trigger.url } : undefined;
    case 'sql':
      return (await isSqlTrue(looker, trigger)) ? {} : undefined;
    default:
      return assertNever(trigger);
  }
}
