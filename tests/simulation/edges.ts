import type { SchedulerEvent } from '../../scheduler/model/events.js';
import type { TaskInstanceState } from '../../scheduler/model/states.js';

type State = TaskInstanceState | 'none';

/** What a person, a timeout or another version of the DAG may do to a task instance that is not over. */
const byHand: State[] = ['success', 'failed', 'skipped', 'removed'];

/** Where a task instance may go from each state, by itself or by somebody's hand. */
const edges: Record<State, State[]> = {
  none: ['scheduled', 'upstream_failed', ...byHand],
  scheduled: ['queued', 'none', ...byHand],
  queued: [
    'running',
    'scheduled',
    'restarting',
    'up_for_retry',
    'up_for_reschedule',
    'deferred',
    'awaiting_input',
    ...byHand,
  ],
  running: ['scheduled', 'restarting', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input', ...byHand],
  restarting: ['none', ...byHand],
  up_for_retry: ['scheduled', 'none', 'upstream_failed', ...byHand],
  up_for_reschedule: ['scheduled', 'none', 'upstream_failed', ...byHand],
  deferred: ['scheduled', 'none', 'up_for_retry', ...byHand],
  awaiting_input: ['scheduled', 'none', ...byHand],
  success: ['none', 'failed', 'skipped', 'removed'],
  failed: ['none', 'success', 'skipped', 'removed'],
  skipped: ['none', 'success', 'failed', 'removed'],
  upstream_failed: ['none', 'success', 'failed', 'skipped', 'removed'],
  removed: ['none'],
};

/** The edge that an event speaks of, when no task instance may go that way. */
export function illegalEdge(event: Extract<SchedulerEvent, { kind: 'task_instance' }>): string | null {
  if (edges[event.from ?? 'none'].includes(event.to ?? 'none')) return null;
  return 'which is no way that a task instance goes';
}
