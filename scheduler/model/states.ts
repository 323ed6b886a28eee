/** The states of a task instance, in Airflow's words. `null` (no decision yet) is written `none` only for people. */
export const taskInstanceStates = [
  'scheduled',
  'queued',
  'running',
  'success',
  'failed',
  'skipped',
  'upstream_failed',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
  'restarting',
  'removed',
] as const;
export type TaskInstanceState = (typeof taskInstanceStates)[number];

export const dagRunStates = ['queued', 'running', 'success', 'failed'] as const;
export type DagRunState = (typeof dagRunStates)[number];

/** States that a task instance does not leave by itself. */
export const finishedStates: ReadonlySet<TaskInstanceState | null> = new Set([
  'success',
  'failed',
  'skipped',
  'upstream_failed',
  'removed',
]);

/** States that take a slot of a pool and count for the concurrency limits. */
export const executionStates: ReadonlySet<TaskInstanceState | null> = new Set(['queued', 'running', 'restarting']);

/** States from which the scheduler may schedule a task instance. */
export const schedulableStates: ReadonlySet<TaskInstanceState | null> = new Set([
  null,
  'up_for_retry',
  'up_for_reschedule',
]);

export const runTypes = ['manual', 'scheduled', 'backfill', 'asset_triggered', 'asset_materialization'] as const;
export type RunType = (typeof runTypes)[number];

export const triggeredBys = ['cli', 'operator', 'rest_api', 'ui', 'test', 'timetable', 'asset', 'backfill'] as const;
export type TriggeredBy = (typeof triggeredBys)[number];

export const triggerRules = [
  'all_success',
  'all_failed',
  'all_done',
  'all_done_min_one_success',
  'all_done_setup_success',
  'one_success',
  'one_failed',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'all_skipped',
  'always',
] as const;
export type TriggerRule = (typeof triggerRules)[number];
