import { MillraceError } from '../../../kernel/errors.js';
import type { LiveRun, LiveTaskInstance } from '../../decide/live-run.js';
import {
  type DagPlan,
  setupsAndTeardownsOf,
  shareMappedGroup,
  type TaskPlan,
  transitiveDownstream,
  transitiveUpstream,
} from '../../decide/plan.js';
import type { ClearedTaskInstance, ClearRequest, Requester } from '../../model/commands.js';
import { clearInstances, reopenRun } from '../clear-instances.js';
import { rebaseRun } from '../rebase-run.js';
import { audit, type CommandDeps, findDag } from './commands.js';
import { current, findRun, findRunsAround } from './find-runs.js';

/** Clears task instances: they run again, with their retries anew. Says which; with `dryRun`, only says. */
export function clearTaskInstances(
  deps: CommandDeps,
  request: ClearRequest,
  by: Requester,
): Promise<ClearedTaskInstance[]> {
  return deps.alone(async () => {
    const named = request.runId === null ? null : await findRun(deps, request.dagId, request.runId);
    const around = { past: request.includePast, future: request.includeFuture };
    const runs = await findRunsAround(deps, request.dagId, named, around);
    const clear = (plans: [LiveRun, LiveTaskInstance[]][]) => plans.flatMap(([, all]) => all.map(describe));
    if (request.dryRun) return clear(runs.map((run) => [run, selected(run, request)]));
    return deps.request((turn) => {
      const cleared: ClearedTaskInstance[] = [];
      for (const found of runs) {
        let run = current(turn, found);
        if (request.runOnLatestVersion) run = rebaseRun(turn, run, findDag(turn, request.dagId).version);
        const instances = selected(run, request);
        cleared.push(...instances.map(describe));
        if (instances.length === 0) continue;
        clearInstances(turn, run, instances, `${by.user} cleared it`);
        if (request.resetDagRuns) reopenRun(turn, run, `${by.user} cleared tasks of it`);
      }
      audit(turn, by, 'clear', {
        dagId: request.dagId,
        ...(request.runId === null ? {} : { runId: request.runId }),
        extra: { task_ids: request.taskIds, cleared: cleared.length },
      });
      return cleared;
    });
  });
}

/** Clears a whole run, or what failed of it. */
export function clearDagRun(
  deps: CommandDeps,
  request: { dagId: string; runId: string; onlyFailed: boolean; dryRun: boolean },
  by: Requester,
): Promise<ClearedTaskInstance[]> {
  const { dagId, runId, onlyFailed, dryRun } = request;
  return clearTaskInstances(
    deps,
    {
      dagId,
      runId,
      taskIds: [],
      mapIndexes: null,
      onlyFailed,
      onlyRunning: false,
      includeUpstream: false,
      includeDownstream: false,
      includePast: false,
      includeFuture: false,
      resetDagRuns: true,
      runOnLatestVersion: false,
      dryRun,
    },
    by,
  );
}

/** What a request means in a run. No task ids mean all tasks. */
function selected(run: LiveRun, request: ClearRequest): LiveTaskInstance[] {
  const named = namedTasks(run.plan, request.taskIds);
  const tasks = widened(run.plan, named, request);
  return [...tasks]
    .sort((a, b) => a - b)
    .flatMap((index) =>
      (run.instances[index] as LiveTaskInstance[]).filter((instance) => {
        const { state, mapIndex } = instance;
        // Where a list was empty all of a task is removed: its first instance stands for what its next list will bring.
        if (state === 'removed' && mapIndex > 0) return false;
        if (request.mapIndexes && isSameIndex(run.plan, named, index) && !request.mapIndexes.includes(mapIndex))
          return false;
        if (request.onlyFailed && state !== 'failed' && state !== 'upstream_failed') return false;
        return !request.onlyRunning || state === 'running';
      }),
    );
}

/** Whether the map indexes of the tasks named are meant of this one, too: it is one of them, or in their mapped group. */
export function isSameIndex({ tasks }: DagPlan, named: ReadonlySet<number>, index: number): boolean {
  if (named.has(index)) return true;
  return [...named].some((other) => shareMappedGroup(tasks[other] as TaskPlan, tasks[index] as TaskPlan));
}

/** The tasks of these ids, and those in the groups of these ids; all tasks when there are none. */
export function namedTasks(plan: DagPlan, taskIds: readonly string[]): Set<number> {
  if (taskIds.length === 0) return new Set(plan.tasks.keys());
  return new Set(
    taskIds.flatMap((id) => {
      const index = plan.indexOf.get(id);
      if (index !== undefined) return [index];
      const inGroup = plan.tasks.filter(({ task }) => task.groupId === id || task.groupId?.startsWith(`${id}.`));
      if (inGroup.length > 0) return inGroup.map((other) => other.index);
      throw new MillraceError(
        'TASK_INSTANCE_NOT_FOUND',
        `${plan.dag.dagId} has no task or group ${id} in this version`,
      );
    }),
  );
}

/** With upstream and downstream as asked for, and the setups and teardowns in whose scope all that is. */
function widened(plan: DagPlan, named: ReadonlySet<number>, request: ClearRequest): Set<number> {
  const tasks = new Set(named);
  if (request.includeUpstream) for (const index of transitiveUpstream(plan.tasks, named)) tasks.add(index);
  if (request.includeDownstream) for (const index of transitiveDownstream(plan.tasks, named)) tasks.add(index);
  for (const index of [...tasks]) for (const other of setupsAndTeardownsOf(plan.tasks, index)) tasks.add(other);
  return tasks;
}

export function describe(instance: LiveTaskInstance): ClearedTaskInstance {
  const { run, mapIndex, state } = instance;
  const taskId = run.plan.tasks[instance.taskIndex]?.task.taskId ?? '';
  return { dagId: run.dagId, runId: run.row.runId, taskId, mapIndex, state };
}
