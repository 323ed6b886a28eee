import type { CompiledQuery } from 'kysely';
import type { Instant } from '../../../kernel/time.js';
import type { LiveTaskInstance } from '../../decide/live-run.js';
import { database, prepared } from '../database.js';

/** Makes the row of a new task instance. */
export function insertTaskInstance(instance: LiveTaskInstance, at: Instant): CompiledQuery {
  return insert({
    ...changing(instance, at),
    id: instance.id,
    dag_run_id: instance.run.row.id,
    dag_id: instance.run.dagId,
  });
}

/**
 * Writes a task instance, fenced: nothing is written when the row is not in the state and attempt that the scheduler
 * last stored, for then somebody else has written, and what was decided here is stale.
 */
export function updateTaskInstance(instance: LiveTaskInstance, at: Instant): CompiledQuery {
  const isRenumbered = instance.stored?.mapIndex !== instance.mapIndex;
  return (isRenumbered ? renumber : update)({
    ...changing(instance, at),
    id: instance.id,
    from_state: instance.stored?.state ?? null,
    from_attempt_id: instance.stored?.attemptId ?? null,
  });
}

function changing(instance: LiveTaskInstance, at: Instant) {
  const plan = instance.run.plan.tasks[instance.taskIndex] as (typeof instance.run.plan.tasks)[number];
  return {
    task_id: plan.task.taskId,
    map_index: instance.mapIndex,
    state: instance.state,
    try_number: instance.tryNumber,
    max_tries: instance.maxTries,
    attempt_id: instance.attemptId,
    operator: plan.task.operator,
    pool: plan.task.pool,
    pool_slots: plan.task.poolSlots,
    queue: plan.task.queue,
    priority_weight: plan.priorityWeight,
    scheduled_at: instance.scheduledAt,
    queued_at: instance.queuedAt,
    started_at: instance.startedAt,
    ended_at: instance.endedAt,
    due_at: instance.dueAt,
    first_started_at: instance.firstStartedAt,
    reason: instance.reason,
    error: instance.error,
    pid: instance.pid,
    hostname: instance.hostname,
    rendered_map_index: instance.renderedMapIndex,
    trigger_json: instance.triggerJson,
    event_json: instance.eventJson,
    lost_count: instance.lostCount,
    updated_at: at,
  };
}

type Changing = ReturnType<typeof changing> & { id: number };

const insert = prepared<Changing & { dag_run_id: number; dag_id: string }>((place) =>
  database.insertInto('task_instance').values({
    id: place('id'),
    dag_run_id: place('dag_run_id'),
    dag_id: place('dag_id'),
    task_id: place('task_id'),
    map_index: place('map_index'),
    state: place('state'),
    try_number: place('try_number'),
    max_tries: place('max_tries'),
    attempt_id: place('attempt_id'),
    operator: place('operator'),
    pool: place('pool'),
    pool_slots: place('pool_slots'),
    queue: place('queue'),
    priority_weight: place('priority_weight'),
    scheduled_at: place('scheduled_at'),
    queued_at: place('queued_at'),
    started_at: place('started_at'),
    ended_at: place('ended_at'),
    due_at: place('due_at'),
    first_started_at: place('first_started_at'),
    reason: place('reason'),
    error: place('error'),
    pid: place('pid'),
    hostname: place('hostname'),
    rendered_map_index: place('rendered_map_index'),
    trigger_json: place('trigger_json'),
    event_json: place('event_json'),
    lost_count: place('lost_count'),
    updated_at: place('updated_at'),
  }),
);

type Fenced = Changing & { from_state: LiveTaskInstance['state']; from_attempt_id: string | null };
type Places = Parameters<Parameters<typeof prepared<Fenced>>[0]>[0];

/** Leaves the map index alone: SQLite writes an index anew when a column of it is set, to whatever value. */
const update = prepared<Fenced>((place) => fenced(place).where('id', '=', place('id')));

/** As `update`, for an instance that becomes the first of a mapped task. */
const renumber = prepared<Fenced>((place) =>
  fenced(place)
    .set({ map_index: place('map_index') })
    .where('id', '=', place('id')),
);

function fenced(place: Places) {
  return database
    .updateTable('task_instance')
    .set({
      state: place('state'),
      try_number: place('try_number'),
      max_tries: place('max_tries'),
      attempt_id: place('attempt_id'),
      operator: place('operator'),
      pool: place('pool'),
      pool_slots: place('pool_slots'),
      queue: place('queue'),
      priority_weight: place('priority_weight'),
      scheduled_at: place('scheduled_at'),
      queued_at: place('queued_at'),
      started_at: place('started_at'),
      ended_at: place('ended_at'),
      due_at: place('due_at'),
      first_started_at: place('first_started_at'),
      reason: place('reason'),
      error: place('error'),
      pid: place('pid'),
      hostname: place('hostname'),
      rendered_map_index: place('rendered_map_index'),
      trigger_json: place('trigger_json'),
      event_json: place('event_json'),
      lost_count: place('lost_count'),
      updated_at: place('updated_at'),
    })
    .where('state', 'is not distinct from', place('from_state'))
    .where('attempt_id', 'is not distinct from', place('from_attempt_id'));
}
