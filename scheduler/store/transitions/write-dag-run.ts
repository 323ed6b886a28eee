import type { CompiledQuery } from 'kysely';
import type { LiveRun } from '../../decide/live-run.js';
import { database, prepared } from '../database.js';

/** Makes the row of a new run. */
export function insertDagRun(run: LiveRun): CompiledQuery {
  return insert({
    ...changing(run),
    id: run.row.id,
    dag_id: run.dagId,
    run_id: run.row.runId,
    logical_date: run.row.logicalDate,
    interval_start: run.row.interval?.start ?? null,
    interval_end: run.row.interval?.end ?? null,
    run_after: run.row.runAfter,
    triggered_by: run.row.triggeredBy,
    triggering_user: run.row.triggeringUser,
    parent_dag_run_id: run.row.parent?.dagRunId ?? null,
    parent_task_id: run.row.parent?.taskId ?? null,
    parent_map_index: run.row.parent?.mapIndex ?? null,
  });
}

/** Writes what changes in the life of a run. */
export function updateDagRun(run: LiveRun): CompiledQuery {
  return update({ ...changing(run), id: run.row.id });
}

function changing(run: LiveRun) {
  const { row } = run;
  return {
    run_type: row.runType,
    state: row.state,
    queued_at: row.queuedAt,
    started_at: row.startedAt,
    ended_at: row.endedAt,
    conf_json: JSON.stringify(row.conf),
    dag_version_id: run.plan.versionId,
    backfill_id: row.backfillId,
    clear_number: row.clearNumber,
    deadline_at: row.deadlineAt,
    reason: row.reason,
    note: row.note,
  };
}

type Changing = ReturnType<typeof changing> & { id: number };

type Fixed = {
  dag_id: string;
  run_id: string;
  logical_date: number | null;
  interval_start: number | null;
  interval_end: number | null;
  run_after: number;
  triggered_by: LiveRun['row']['triggeredBy'];
  triggering_user: string | null;
  parent_dag_run_id: number | null;
  parent_task_id: string | null;
  parent_map_index: number | null;
};

const insert = prepared<Changing & Fixed>((place) =>
  database.insertInto('dag_run').values({
    id: place('id'),
    dag_id: place('dag_id'),
    run_id: place('run_id'),
    run_type: place('run_type'),
    state: place('state'),
    logical_date: place('logical_date'),
    interval_start: place('interval_start'),
    interval_end: place('interval_end'),
    run_after: place('run_after'),
    queued_at: place('queued_at'),
    started_at: place('started_at'),
    ended_at: place('ended_at'),
    conf_json: place('conf_json'),
    dag_version_id: place('dag_version_id'),
    triggered_by: place('triggered_by'),
    triggering_user: place('triggering_user'),
    parent_dag_run_id: place('parent_dag_run_id'),
    parent_task_id: place('parent_task_id'),
    parent_map_index: place('parent_map_index'),
    backfill_id: place('backfill_id'),
    clear_number: place('clear_number'),
    deadline_at: place('deadline_at'),
    reason: place('reason'),
    note: place('note'),
  }),
);

const update = prepared<Changing>((place) =>
  database
    .updateTable('dag_run')
    .set({
      run_type: place('run_type'),
      state: place('state'),
      queued_at: place('queued_at'),
      started_at: place('started_at'),
      ended_at: place('ended_at'),
      conf_json: place('conf_json'),
      dag_version_id: place('dag_version_id'),
      backfill_id: place('backfill_id'),
      clear_number: place('clear_number'),
      deadline_at: place('deadline_at'),
      reason: place('reason'),
      note: place('note'),
    })
    .where('id', '=', place('id')),
);
