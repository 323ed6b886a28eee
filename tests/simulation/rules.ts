import type { SerializedDag, SerializedTask } from '../../scheduler/model/dag.js';
import type { TaskInstanceState, TriggerRule } from '../../scheduler/model/states.js';

type State = TaskInstanceState | null;

/** The state of a task's instances in a run; with `mapIndex`, of that one alone. */
export type StatesOf = (taskId: string, mapIndex?: number) => State[];

/**
 * Airflow's rules for when a task may run, told a second time and in another way than the product tells them: over the
 * list of the states above, with no counts kept, and asked of each decision after it was made.
 */
const mayRun: Record<TriggerRule, (above: State[]) => boolean> = {
  all_success: (above) => above.every(isOneOf('success', 'removed')),
  all_failed: (above) => above.every(isOneOf('failed', 'upstream_failed', 'removed')),
  all_done: (above) => above.every(isOver),
  all_done_min_one_success: (above) => above.every(isOver) && above.includes('success') && !above.includes('skipped'),
  all_done_setup_success: (above) => above.every(isOver),
  one_success: (above) => above.includes('success'),
  one_failed: (above) => above.some(isOneOf('failed', 'upstream_failed')),
  one_done: (above) => above.some(isOneOf('success', 'failed')),
  none_failed: (above) => above.every(isOneOf('success', 'skipped', 'removed')),
  none_failed_min_one_success: (above) =>
    above.every(isOneOf('success', 'skipped', 'removed')) && !above.every(isOneOf('skipped')),
  none_skipped: (above) => above.every((state) => isOver(state) && state !== 'skipped'),
  all_skipped: (above) => above.every(isOneOf('skipped', 'removed')),
  always: () => true,
};

/** Why the task should not have been scheduled with these states above it; null when all is well. */
export function wronglyScheduled(
  dag: SerializedDag,
  task: SerializedTask,
  mapIndex: number,
  of: StatesOf,
): string | null {
  const above = statesAbove(dag, task, mapIndex, of);
  if (above.length > 0 && !mayRun[task.triggerRule](above)) return `${task.triggerRule} over ${above.join(', ')}`;
  const setups = task.setups.flatMap((taskId) => of(taskId));
  if (task.isTeardown && setups.length > 0 && !setups.includes('success')) return `its setups are ${setups.join(', ')}`;
  const around = setupsAround(dag, task).find((taskId) => !of(taskId).every(isOneOf('success')));
  return around ? `its setup ${around} has not succeeded` : null;
}

/** Why the task should not be upstream_failed: nothing above it failed, and its rule did not want a success in vain. */
export function wronglyUpstreamFailed(
  dag: SerializedDag,
  task: SerializedTask,
  mapIndex: number,
  of: StatesOf,
): string | null {
  const above = statesAbove(dag, task, mapIndex, of);
  const isFailed = isOneOf('failed', 'upstream_failed');
  if (
    above.some(isFailed) ||
    setupsAround(dag, task)
      .flatMap((id) => of(id))
      .some(isFailed)
  )
    return null;
  const wantsSuccess = ['one_success', 'all_done_min_one_success', 'all_done_setup_success'].includes(task.triggerRule);
  if (wantsSuccess && above.every(isOver) && !above.every(isOneOf('skipped'))) return null;
  return `${task.triggerRule} over ${above.join(', ')}`;
}

/** Why a run should not have ended like that; null when all is well. */
export function wronglyEnded(dag: SerializedDag, state: 'success' | 'failed', of: StatesOf): string | null {
  const all = dag.tasks.flatMap((task) => of(task.taskId));
  if (!all.every(isOver)) return 'something of it is not over';
  const forgiven = (task: SerializedTask) => task.isTeardown && !task.onFailureFailDagrun;
  const below = (task: SerializedTask) => dag.tasks.filter((other) => upstreamOf(other).includes(task.taskId));
  const leaves = dag.tasks.filter((task) => !forgiven(task) && below(task).every(forgiven));
  const counted = leaves.length > 0 ? leaves : dag.tasks.filter((task) => below(task).length === 0);
  const broken = counted.filter((task) => of(task.taskId).some(isOneOf('failed', 'upstream_failed')));
  if (state === 'success') return broken.length === 0 ? null : `its leaf ${broken[0]?.taskId} failed`;
  return broken.length > 0 ? null : 'none of its leaves failed';
}

/** Rules that look for one among all, also in a mapped group. */
const seesAll: ReadonlySet<TriggerRule> = new Set(['one_success', 'one_failed', 'one_done']);

/** In a mapped group each element sees its own; everybody else sees all. */
function statesAbove(dag: SerializedDag, task: SerializedTask, mapIndex: number, of: StatesOf): State[] {
  return upstreamOf(task).flatMap((taskId) => {
    const upper = dag.tasks.find((other) => other.taskId === taskId);
    const together =
      upper?.groupId === task.groupId && isMappedGroup(dag, task.groupId) && !seesAll.has(task.triggerRule);
    return upper ? of(taskId, together ? mapIndex : undefined) : [];
  });
}

function upstreamOf(task: SerializedTask): string[] {
  return [...new Set([...task.upstream, ...task.setups])];
}

function isMappedGroup(dag: SerializedDag, groupId: string | null): boolean {
  return dag.groups.some((group) => group.groupId === groupId && group.expand !== null);
}

/** Setups further up in whose scope the task is: their teardown lies below it, or they have none. */
function setupsAround(dag: SerializedDag, task: SerializedTask): string[] {
  if (task.isTeardown) return [];
  const reaches = (from: string, to: string): boolean =>
    dag.tasks.some((other) => upstreamOf(other).includes(from) && (other.taskId === to || reaches(other.taskId, to)));
  return dag.tasks
    .filter((setup) => setup.isSetup && !upstreamOf(task).includes(setup.taskId) && reaches(setup.taskId, task.taskId))
    .filter((setup) => {
      const teardowns = dag.tasks.filter((other) => other.isTeardown && upstreamOf(other).includes(setup.taskId));
      return teardowns.length === 0 || teardowns.some((teardown) => reaches(task.taskId, teardown.taskId));
    })
    .map((setup) => setup.taskId);
}

function isOver(state: State): boolean {
  return isOneOf('success', 'failed', 'skipped', 'upstream_failed', 'removed')(state);
}

function isOneOf(...states: TaskInstanceState[]): (state: State) => boolean {
  return (state) => state !== null && states.includes(state);
}
