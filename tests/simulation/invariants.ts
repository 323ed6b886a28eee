import type { AttemptRequest } from '../../scheduler/model/attempt.js';
import type { SchedulerEvent } from '../../scheduler/model/events.js';
import type { TaskInstanceState } from '../../scheduler/model/states.js';

type State = TaskInstanceState | 'none';

/** Where a task instance may go from each state, by itself or by somebody's hand. */
const edges: Record<State, State[]> = {
  none: ['scheduled', 'skipped', 'upstream_failed', 'removed', 'success', 'failed'],
  scheduled: ['queued', 'none', 'success', 'failed', 'skipped', 'removed'],
  queued: [
    'running',
    'scheduled',
    'restarting',
    'success',
    'failed',
    'skipped',
    'up_for_retry',
    'up_for_reschedule',
    'deferred',
  ],
  running: ['scheduled', 'restarting', 'success', 'failed', 'skipped', 'up_for_retry', 'up_for_reschedule', 'deferred'],
  restarting: ['none', 'success', 'failed', 'skipped'],
  up_for_retry: ['scheduled', 'none', 'skipped', 'failed', 'success', 'upstream_failed', 'removed'],
  up_for_reschedule: ['scheduled', 'none', 'skipped', 'failed', 'success', 'upstream_failed', 'removed'],
  deferred: ['scheduled', 'none', 'failed', 'up_for_retry', 'skipped', 'success', 'removed'],
  awaiting_input: ['scheduled', 'none', 'failed', 'skipped', 'success', 'removed'],
  success: ['none', 'failed', 'skipped', 'removed'],
  failed: ['none', 'success', 'skipped', 'removed'],
  skipped: ['none', 'success', 'failed', 'removed'],
  upstream_failed: ['none', 'success', 'failed', 'skipped', 'removed'],
  removed: ['none'],
};

/** The edge that an event speaks of, when no task instance may go that way. */
export function illegalEdge(event: SchedulerEvent): string | null {
  if (event.kind !== 'task_instance') return null;
  const from = event.from ?? 'none';
  const to = event.to ?? 'none';
  if (edges[from].includes(to)) return null;
  return `${event.dagId}.${event.taskId}[${event.mapIndex}] went from ${from} to ${to}: ${event.reason}`;
}

/** The caps that the attempts alive break, each in a sentence. */
export function brokenCaps(
  alive: Iterable<AttemptRequest>,
  caps: { parallelism: number; pools: Record<string, number> },
): string[] {
  const counts = new Map<string, { used: number; most: number }>();
  const count = (key: string, by: number, most: number | null) => {
    // Runs of several versions may allow different numbers: the most generous one counts.
    if (most === null) return;
    const known = counts.get(key);
    counts.set(key, { used: (known?.used ?? 0) + by, most: Math.max(known?.most ?? 0, most) });
  };
  for (const request of alive) {
    if (request.taskInstanceId < 0) continue;
    const { task } = request;
    count('parallelism', 1, caps.parallelism);
    count(`pool ${task.pool}`, task.poolSlots, caps.pools[task.pool] ?? null);
    count(`${request.dagId} ${task.taskId}`, 1, task.maxActiveTisPerDag);
    count(`${request.dagId} ${request.runId} ${task.taskId}`, 1, task.maxActiveTisPerDagrun);
  }
  return [...counts]
    .filter(([, { used, most }]) => used > most)
    .map(([key, { used, most }]) => `${key}: ${used} of ${most}`);
}
