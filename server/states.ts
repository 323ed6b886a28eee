import type { TaskInstanceState } from '../scheduler/model/states.js';

/** How a state is called in a sentence for people. */
export const stateWords: Record<TaskInstanceState | 'none', string> = {
  none: 'No status',
  scheduled: 'Scheduled',
  queued: 'Queued',
  running: 'Running',
  success: 'Success',
  failed: 'Failed',
  skipped: 'Skipped',
  upstream_failed: 'Upstream failed',
  up_for_retry: 'Up for retry',
  up_for_reschedule: 'Up for reschedule',
  deferred: 'Deferred',
  awaiting_input: 'Awaiting input',
  restarting: 'Restarting',
  removed: 'Removed',
};

export function stateWord(state: string | null): string {
  return stateWords[(state ?? 'none') as TaskInstanceState] ?? String(state);
}

/** What needs attention first: the state that stands for a group or for all mapped instances of a task. */
const byAttention: (TaskInstanceState | null)[] = [
  'failed',
  'upstream_failed',
  'up_for_retry',
  'awaiting_input',
  'running',
  'restarting',
  'deferred',
  'up_for_reschedule',
  'queued',
  'scheduled',
  null,
  'success',
  'skipped',
  'removed',
];

export function worstState(states: Iterable<TaskInstanceState | null>): TaskInstanceState | null {
  const present = new Set(states);
  for (const state of byAttention) {
    if (!present.has(state)) continue;
    // A group that has begun but not ended is under way, though what is next has no state yet.
    if (state === null && (present.has('success') || present.has('skipped'))) return 'running';
    return state;
  }
  return null;
}

/** States that a person may have to act on. */
export const loudStates: ReadonlySet<string | null> = new Set([
  'failed',
  'upstream_failed',
  'up_for_retry',
  'awaiting_input',
]);
