import type { TaskInstanceState } from '../model/states.js';
import type { LiveRun, PreviousRun } from './live-run.js';
import type { TaskPlan } from './plan.js';

/** Why the run before this one holds the task back (`depends_on_past`, `wait_for_downstream`); null when it does not. */
export function previousRunVerdict(run: LiveRun, plan: TaskPlan): string | null {
  const { task } = plan;
  if (!task.dependsOnPast && !task.waitForDownstream) return null;
  const { previous } = run;
  if (previous.kind === 'unknown') return 'depends_on_past: the previous run is being read';
  if (previous.kind === 'none' || run.row.logicalDate === null) return null;
  if (isBeforeStart(run, plan, previous)) return null;
  const own = statesIn(previous, task.taskId);
  if (own.length === 0) {
    return task.ignoreFirstDependsOnPast ? null : `depends_on_past: ${task.taskId} did not exist in the previous run`;
  }
  if (!own.every(isGood)) return `depends_on_past: ${task.taskId} has not succeeded in the previous run`;
  if (!task.waitForDownstream) return null;
  for (const index of plan.downstream) {
    const below = run.plan.tasks[index] as TaskPlan;
    if (!statesIn(previous, below.task.taskId).every(isGood)) {
      return `wait_for_downstream: ${below.task.taskId} has not succeeded in the previous run`;
    }
  }
  return null;
}

/** With catchup, a previous run that lies before the task's start date does not count. */
function isBeforeStart(
  run: LiveRun,
  plan: TaskPlan,
  previous: Exclude<PreviousRun, { kind: 'unknown' | 'none' }>,
): boolean {
  const logicalDate = previous.kind === 'live' ? previous.run.row.logicalDate : previous.logicalDate;
  const startDate = plan.task.startDate ?? run.plan.dag.startDate;
  return run.plan.dag.catchup && startDate !== null && logicalDate !== null && logicalDate < startDate;
}

function statesIn(
  previous: Exclude<PreviousRun, { kind: 'unknown' | 'none' }>,
  taskId: string,
): (TaskInstanceState | null)[] {
  if (previous.kind === 'finished') return previous.states.get(taskId) ?? [];
  const index = previous.run.plan.indexOf.get(taskId);
  return index === undefined ? [] : (previous.run.instances[index] ?? []).map((instance) => instance.state);
}

/** What was removed had nothing to do there. */
function isGood(state: TaskInstanceState | null): boolean {
  return state === 'success' || state === 'skipped' || state === 'removed';
}
