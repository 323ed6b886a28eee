import type { Instant } from '../../kernel/time.js';
import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import type { TriggerRequest } from '../model/attempt.js';
import { setXCom } from '../store/transitions/write-effects.js';
import { clearInstances, reopenRun } from './clear-instances.js';
import { createRun } from './create-run.js';
import { paramsProblem } from './params.js';
import { triggeredRunId } from './run-ids.js';
import { taskOf } from './task-of.js';
import type { Turn } from './turn.js';

/** Makes the run that the task asks for, or finds the one that an earlier try of it has made. */
export function triggerRun(turn: Turn, instance: LiveTaskInstance, trigger: TriggerRequest): void {
  const dag = turn.live.dags.get(trigger.dagId);
  if (!dag) return;
  const runId = trigger.runId ?? triggeredRunId(instance, trigger.dagId);
  const { run } = instance;
  const existing = existingRun(turn, trigger, runId);
  turn.write(
    setXCom({
      dag_run_id: run.row.id,
      task_id: taskOf(instance).taskId,
      map_index: instance.mapIndex,
      key: 'trigger_run_id',
      value_json: JSON.stringify(existing?.row.runId ?? runId),
      at: turn.now,
    }),
  );
  if (existing) {
    // A reset clears a run of somebody else; the own one was made by an earlier try of this very task.
    if (trigger.resetDagRun && !isOwnRun(existing, instance)) resetRun(turn, existing, instance);
    return;
  }
  const logicalDate = trigger.logicalDate === 'now' ? freeDate(turn, trigger.dagId) : trigger.logicalDate;
  createRun(turn, dag, {
    runId,
    runType: 'manual',
    logicalDate,
    interval: logicalDate === null ? null : dag.timetable.inferInterval(logicalDate),
    runAfter: turn.now,
    conf: trigger.conf,
    triggeredBy: 'operator',
    triggeringUser: run.row.triggeringUser,
    parent: { dagRunId: run.row.id, taskId: taskOf(instance).taskId, mapIndex: instance.mapIndex },
    backfillId: null,
    note: trigger.note,
    reason: `${run.dagId}.${taskOf(instance).taskId} triggered it`,
  });
}

/** Why the run cannot be made: a sentence, or `skip` when the task wants to be skipped then; null when it can. */
export function triggerProblem(
  turn: Turn,
  instance: LiveTaskInstance,
  trigger: TriggerRequest,
): string | 'skip' | null {
  const dag = turn.live.dags.get(trigger.dagId);
  if (!dag || dag.isStale) return `there is no DAG ${trigger.dagId} to trigger`;
  const existing = existingRun(turn, trigger, trigger.runId ?? triggeredRunId(instance, trigger.dagId));
  if (existing && isOwnRun(existing, instance)) return null;
  if (trigger.failWhenDagIsPaused && dag.isPaused) return `the DAG ${trigger.dagId} is paused`;
  const problem = paramsProblem(dag.version.dag, trigger.conf);
  if (problem !== null) return problem;
  if (!existing || trigger.resetDagRun) return null;
  if (trigger.skipWhenAlreadyExists) return 'skip';
  return `${trigger.dagId} has a run ${existing.row.runId} of that id or logical date already`;
}

/** A run of the id, or of the logical date that is asked for. */
function existingRun(turn: Turn, { dagId, logicalDate }: TriggerRequest, runId: string): LiveRun | undefined {
  const named = turn.findRun(dagId, runId);
  return named ?? (typeof logicalDate === 'number' ? turn.findRunOfDate(dagId, logicalDate) : undefined);
}

/** The moment of the turn, or the next that no run of the DAG has as its logical date. */
function freeDate(turn: Turn, dagId: string): Instant {
  let date = turn.now;
  while (turn.findRunOfDate(dagId, date)) date += 1;
  return date;
}

function isOwnRun(run: LiveRun, instance: LiveTaskInstance): boolean {
  const { parent } = run.row;
  return (
    parent?.dagRunId === instance.run.row.id &&
    parent.taskId === taskOf(instance).taskId &&
    parent.mapIndex === instance.mapIndex
  );
}

function resetRun(turn: Turn, run: LiveRun, by: LiveTaskInstance): void {
  const reason = `${by.run.dagId}.${taskOf(by).taskId} triggered it again`;
  clearInstances(turn, run, run.instances.flat(), reason);
  reopenRun(turn, run, reason);
}
