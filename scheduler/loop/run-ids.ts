import { createHash } from 'node:crypto';
import type { Instant } from '../../kernel/time.js';
import type { LiveTaskInstance } from '../decide/live-run.js';
import type { RunType } from '../model/states.js';

/** What the id of a run may be made of when a person chooses it. */
export const runIdPattern = /^[A-Za-z0-9_.~:+-]+$/;

/** The id that a run of the type has when none is given: `scheduled__2026-01-01T00:00:00+00:00`. */
export function runIdOf(type: RunType, runAfter: Instant): string {
  return `${type}__${isoLikeAirflow(runAfter)}`;
}

/** The usual id, with a number after it when that is taken. */
export function freeRunId(type: RunType, runAfter: Instant, isTaken: (runId: string) => boolean): string {
  const usual = runIdOf(type, runAfter);
  if (!isTaken(usual)) return usual;
  for (let number = 2; ; number++) {
    if (!isTaken(`${usual}_${number}`)) return `${usual}_${number}`;
  }
}

/**
 * The id of a run that a task instance triggers. It depends only on who triggers it and on how often the parent run was
 * cleared: a retry finds the run that it has made already, a clear makes a new one.
 */
export function triggeredRunId(parent: LiveTaskInstance, childDagId: string): string {
  const { run } = parent;
  const plan = run.plan.tasks[parent.taskIndex];
  const place = [run.row.id, plan?.task.taskId, parent.mapIndex, run.row.clearNumber, childDagId];
  const digest = createHash('sha256').update(JSON.stringify(place)).digest('hex').slice(0, 8);
  return `${runIdOf('manual', run.row.runAfter)}_${digest}`;
}

/** ISO 8601 as Python's isoformat prints it: microseconds only when there are any, the zone as an offset. */
function isoLikeAirflow(instant: Instant): string {
  const [seconds, fraction] = new Date(instant).toISOString().slice(0, -1).split('.') as [string, string];
  return `${seconds}${fraction === '000' ? '' : `.${fraction}000`}+00:00`;
}
