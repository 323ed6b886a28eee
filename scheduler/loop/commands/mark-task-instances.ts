import type { LiveRun, LiveTaskInstance } from '../../decide/live-run.js';
import { transitiveDownstream, transitiveUpstream } from '../../decide/plan.js';
import type { ClearedTaskInstance, Requester, SchedulerCommands } from '../../model/commands.js';
import { executionStates, finishedStates } from '../../model/states.js';
import { clearInstances, reopenRun } from '../clear-instances.js';
import { endAttempt } from '../fail-fast.js';
import { lookAgain } from '../look-back.js';
import type { Turn } from '../turn.js';
import { describe, isSameIndex, namedTasks } from './clear.js';
import { audit, type CommandDeps } from './commands.js';
import { current, findRun, findRunsAround } from './find-runs.js';

type MarkRequest = Parameters<SchedulerCommands['markTaskInstances']>[0];

/** Sets the state of task instances by hand; what failed because of them runs again. */
export function markTaskInstances(
  deps: CommandDeps,
  request: MarkRequest,
  by: Requester,
): Promise<ClearedTaskInstance[]> {
  return deps.alone(async () => {
    const named = await findRun(deps, request.dagId, request.runId);
    const around = { past: request.includePast, future: request.includeFuture };
    const runs = await findRunsAround(deps, request.dagId, named, around);
    if (request.dryRun) return runs.flatMap((run) => selected(run, request).map(describe));
    return deps.request((turn) => {
      const marked = runs.flatMap((found) => markIn(turn, current(turn, found), request, by));
      audit(turn, by, `marked ${request.state}`, {
        dagId: request.dagId,
        runId: request.runId,
        taskId: request.taskId,
        ...(request.mapIndex === null ? {} : { mapIndex: request.mapIndex }),
      });
      return marked;
    });
  });
}

function markIn(turn: Turn, run: LiveRun, request: MarkRequest, by: Requester): ClearedTaskInstance[] {
  const instances = selected(run, request);
  const marked = instances.map(describe);
  for (const instance of instances) setState(turn, instance, request.state, `${by.user} marked it ${request.state}`);
  if (!turn.live.runs.has(run.row.id)) lookAgain(turn, run.dagId);
  const affected = brokenDownstream(run, instances);
  if (affected.length === 0) return marked;
  clearInstances(turn, run, affected, `${by.user} marked a task above it ${request.state}`);
  reopenRun(turn, run, `${by.user} marked a task of it ${request.state}`);
  return marked;
}

/** Sets a state; an attempt that is under way is ended. */
export function setState(
  turn: Turn,
  instance: LiveTaskInstance,
  state: 'success' | 'failed' | 'skipped',
  reason: string,
): void {
  if (executionStates.has(instance.state)) endAttempt(turn, instance, reason);
  const endedAt = finishedStates.has(instance.state) ? (instance.endedAt ?? turn.now) : turn.now;
  const error = state === 'failed' ? instance.error : null;
  turn.move(instance, state, reason, { endedAt, startedAt: instance.startedAt ?? endedAt, dueAt: null, error });
}

function selected(run: LiveRun, request: MarkRequest): LiveTaskInstance[] {
  const named = namedTasks(run.plan, [request.taskId]);
  const tasks = new Set(named);
  if (request.includeUpstream) for (const other of transitiveUpstream(run.plan.tasks, named)) tasks.add(other);
  if (request.includeDownstream) for (const other of transitiveDownstream(run.plan.tasks, named)) tasks.add(other);
  return [...tasks].flatMap((task) => {
    const isMeant = request.mapIndex === null || !isSameIndex(run.plan, named, task);
    return (run.instances[task] as LiveTaskInstance[]).filter(
      (instance) =>
        instance.state !== 'removed' &&
        instance.state !== request.state &&
        (isMeant || instance.mapIndex === request.mapIndex),
    );
  });
}

/** What failed further down: it may go another way now. */
function brokenDownstream(run: LiveRun, instances: LiveTaskInstance[]): LiveTaskInstance[] {
  const marked = new Set(instances);
  const below = transitiveDownstream(run.plan.tasks, new Set(instances.map((instance) => instance.taskIndex)));
  return [...below].flatMap((index) =>
    (run.instances[index] as LiveTaskInstance[]).filter(
      (one) => !marked.has(one) && (one.state === 'failed' || one.state === 'upstream_failed'),
    ),
  );
}
