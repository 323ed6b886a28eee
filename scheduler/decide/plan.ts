import type { ExpandSpec, InputBinding, SerializedDag, SerializedTask } from '../model/dag.js';
import type { TriggerRule } from '../model/states.js';
import { priorityWeights } from './priority.js';

/** A version of a DAG, worked out once for all runs of it: tasks by number, edges both ways, what ends a run. */
export interface DagPlan {
  dag: SerializedDag;
  versionId: number;
  tasks: TaskPlan[];
  indexOf: ReadonlyMap<string, number>;
  /** The tasks whose states decide the run's: see `effectiveLeaves`. */
  leaves: ReadonlySet<number>;
  /** Some task looks at the run before this one. */
  looksBack: boolean;
}

export interface TaskPlan {
  index: number;
  task: SerializedTask;
  /** Direct upstream tasks, all of them. */
  upstream: number[];
  /** Direct downstream tasks, all of them. */
  downstream: number[];
  /** Those of `upstream` of which the trigger rule sees only the same map index: they share this task's mapped group. */
  sameIndexUpstream: number[];
  /** Those of `downstream` whose trigger rule sees only the same map index of this task. */
  sameIndexDownstream: number[];
  /** Those of `downstream` that see every map index of this task. */
  wholeDownstream: number[];
  mapping: Mapping | null;
  /** Another task is mapped over what this one returns. */
  isMappingSource: boolean;
  /** Setups further up that must have succeeded, whatever the trigger rule says. */
  indirectSetups: number[];
  /** For a setup: the tasks that have it among their `indirectSetups`. */
  indirectScope: number[];
  /** For a teardown: its setups. */
  directSetups: number[];
  priorityWeight: number;
}

/** How a task, or the group that it is in, is mapped. */
export interface Mapping {
  spec: ExpandSpec;
  /** The mapped group; null when the task itself is mapped. */
  groupId: string | null;
  /** The tasks whose return values say how many instances there are. */
  sources: number[];
}

/** Works a DAG out. The DAG has been checked: its edges name tasks that exist and make no circle. */
export function planOf(dag: SerializedDag, versionId: number): DagPlan {
  const indexOf = new Map(dag.tasks.map((task, index) => [task.taskId, index]));
  const numbers = (ids: readonly string[]) => ids.map((id) => indexOf.get(id)).filter((index) => index !== undefined);
  const mappedGroups = mappedGroupOfEachTask(dag);
  const tasks: TaskPlan[] = dag.tasks.map((task, index) => {
    const mapping = mappingOf(dag, task, mappedGroups.get(task.taskId) ?? null, numbers);
    const upstream = new Set(numbers([...task.upstream, ...task.setups]));
    for (const source of mapping?.sources ?? []) upstream.add(source);
    upstream.delete(index);
    return {
      index,
      task,
      upstream: [...upstream],
      downstream: [],
      sameIndexUpstream: [],
      sameIndexDownstream: [],
      wholeDownstream: [],
      mapping,
      isMappingSource: false,
      indirectSetups: [],
      indirectScope: [],
      directSetups: numbers(task.setups),
      priorityWeight: 0,
    };
  });
  connect(tasks);
  const weights = priorityWeights(tasks);
  const hasSetups = tasks.some((plan) => plan.task.isSetup);
  for (const plan of tasks) {
    plan.priorityWeight = weights[plan.index] as number;
    if (hasSetups) plan.indirectSetups = indirectSetupsOf(tasks, plan);
    for (const setup of plan.indirectSetups) (tasks[setup] as TaskPlan).indirectScope.push(plan.index);
    for (const source of plan.mapping?.sources ?? []) (tasks[source] as TaskPlan).isMappingSource = true;
  }
  const looksBack = dag.tasks.some((task) => task.dependsOnPast || task.waitForDownstream);
  return { dag, versionId, tasks, indexOf, leaves: effectiveLeaves(tasks), looksBack };
}

/** The setups in whose scope the task is, and the teardowns of these. */
export function setupsAndTeardownsOf(tasks: readonly TaskPlan[], index: number): number[] {
  const below = transitiveDownstream(tasks, [index]);
  const found: number[] = [];
  for (const above of transitiveUpstream(tasks, [index])) {
    const upper = tasks[above] as TaskPlan;
    if (!upper.task.isSetup) continue;
    const teardowns = upper.downstream.filter((next) => tasks[next]?.task.isTeardown);
    if (teardowns.length > 0 && !teardowns.some((next) => below.has(next))) continue;
    found.push(above, ...teardowns.filter((next) => next !== index));
  }
  return found;
}

/** Everything downstream of `from`, each task once, in no particular order. */
export function transitiveDownstream(tasks: readonly TaskPlan[], from: Iterable<number>): Set<number> {
  return reach(tasks, from, 'downstream');
}

export function transitiveUpstream(tasks: readonly TaskPlan[], from: Iterable<number>): Set<number> {
  return reach(tasks, from, 'upstream');
}

function reach(tasks: readonly TaskPlan[], from: Iterable<number>, along: 'upstream' | 'downstream'): Set<number> {
  const found = new Set<number>();
  const open = [...from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    for (const next of (tasks[index] as TaskPlan)[along]) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

/** Whether two tasks are mapped by one group: what one returns, or skips, is for the same map index of the other. */
export function shareMappedGroup(one: TaskPlan, other: TaskPlan): boolean {
  const group = one.mapping?.groupId ?? null;
  return group !== null && other.mapping?.groupId === group;
}

/** These run as soon as one upstream instance has come so far; in a mapped group, of whatever index, as in Airflow. */
const rulesOfAnyIndex: ReadonlySet<TriggerRule> = new Set(['one_success', 'one_failed', 'one_done']);

function connect(tasks: TaskPlan[]): void {
  for (const plan of tasks) {
    for (const above of plan.upstream) {
      const upper = tasks[above] as TaskPlan;
      const sameIndex = shareMappedGroup(plan, upper) && !rulesOfAnyIndex.has(plan.task.triggerRule);
      upper.downstream.push(plan.index);
      (sameIndex ? upper.sameIndexDownstream : upper.wholeDownstream).push(plan.index);
      if (sameIndex) plan.sameIndexUpstream.push(above);
    }
  }
}

function mappingOf(
  dag: SerializedDag,
  task: SerializedTask,
  groupId: string | null,
  numbers: (ids: readonly string[]) => number[],
): Mapping | null {
  const spec = task.expand ?? dag.groups.find((group) => group.groupId === groupId)?.expand ?? null;
  if (!spec) return null;
  const sources = bindingsOf(spec).flatMap((binding) => ('ref' in binding ? [binding.ref] : []));
  return { spec, groupId: task.expand ? null : groupId, sources: [...new Set(numbers(sources))] };
}

/** The bindings whose lengths say how many instances there are. */
export function bindingsOf(spec: ExpandSpec): InputBinding[] {
  return spec.kind === 'records' ? [spec.over] : Object.values(spec.over);
}

function mappedGroupOfEachTask(dag: SerializedDag): Map<string, string> {
  const groups = new Map(dag.groups.map((group) => [group.groupId, group]));
  const found = new Map<string, string>();
  for (const task of dag.tasks) {
    for (let group = groups.get(task.groupId ?? ''); group; group = groups.get(group.parentId ?? '')) {
      if (group.expand) found.set(task.taskId, group.groupId);
    }
  }
  return found;
}

/**
 * A run's state is that of its leaves: tasks that nothing follows but teardowns whose failure is forgiven. Such
 * teardowns count only where there is nothing else.
 */
function effectiveLeaves(tasks: readonly TaskPlan[]): Set<number> {
  const forgiven = (index: number) => {
    const { task } = tasks[index] as TaskPlan;
    return task.isTeardown && !task.onFailureFailDagrun;
  };
  const leaves = tasks.filter((plan) => !forgiven(plan.index) && plan.downstream.every(forgiven));
  const chosen = leaves.length > 0 ? leaves : tasks.filter((plan) => plan.downstream.length === 0);
  return new Set(chosen.map((plan) => plan.index));
}

/** The setups above a task whose scope it is in (they have no teardown, or one below the task), but direct ones. */
function indirectSetupsOf(tasks: readonly TaskPlan[], plan: TaskPlan): number[] {
  if (plan.task.isTeardown) return [];
  const below = transitiveDownstream(tasks, [plan.index]);
  return [...transitiveUpstream(tasks, [plan.index])].filter((index) => {
    const above = tasks[index] as TaskPlan;
    if (!above.task.isSetup || plan.upstream.includes(index)) return false;
    const teardowns = above.downstream.filter((next) => tasks[next]?.task.isTeardown);
    return teardowns.length === 0 || teardowns.some((next) => below.has(next));
  });
}
