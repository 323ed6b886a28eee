import type { CompiledQuery } from 'kysely';
import type { LiveTaskInstance } from '../../decide/live-run.js';
import { database, prepared } from '../database.js';
import type { TaskInstanceHistoryTable } from '../schema.js';

export type HistoryRow = Omit<TaskInstanceHistoryTable, 'id'>;

/** The try of a task instance as it ended; taken before another try follows. */
export function historyOf(instance: LiveTaskInstance): HistoryRow {
  const plan = instance.run.plan.tasks[instance.taskIndex] as (typeof instance.run.plan.tasks)[number];
  return {
    task_instance_id: instance.id,
    dag_run_id: instance.run.row.id,
    dag_id: instance.run.dagId,
    task_id: plan.task.taskId,
    map_index: instance.mapIndex,
    try_number: instance.tryNumber,
    state: instance.state,
    attempt_id: instance.attemptId,
    queued_at: instance.queuedAt,
    started_at: instance.startedAt,
    ended_at: instance.endedAt,
    reason: instance.reason,
    error: instance.error,
    pid: instance.pid,
    hostname: instance.hostname,
  };
}

export const insertHistory: (row: HistoryRow) => CompiledQuery = prepared<HistoryRow>((place) =>
  database.insertInto('task_instance_history').values({
    task_instance_id: place('task_instance_id'),
    dag_run_id: place('dag_run_id'),
    dag_id: place('dag_id'),
    task_id: place('task_id'),
    map_index: place('map_index'),
    try_number: place('try_number'),
    state: place('state'),
    attempt_id: place('attempt_id'),
    queued_at: place('queued_at'),
    started_at: place('started_at'),
    ended_at: place('ended_at'),
    reason: place('reason'),
    error: place('error'),
    pid: place('pid'),
    hostname: place('hostname'),
  }),
);
