import type { CompiledQuery } from 'kysely';
import type { NextRun } from '../../timetable/timetable.js';
import { database, prepared } from '../database.js';

/** Keeps when a DAG is due next. */
export function storeNextRun(dagId: string, next: NextRun | null): CompiledQuery {
  return update({
    dag_id: dagId,
    next_run_after: next?.runAfter ?? null,
    next_logical_date: next?.logicalDate ?? null,
    next_interval_start: next?.interval.start ?? null,
    next_interval_end: next?.interval.end ?? null,
  });
}

const update = prepared<{
  dag_id: string;
  next_run_after: number | null;
  next_logical_date: number | null;
  next_interval_start: number | null;
  next_interval_end: number | null;
}>((place) =>
  database
    .updateTable('dag')
    .set({
      next_run_after: place('next_run_after'),
      next_logical_date: place('next_logical_date'),
      next_interval_start: place('next_interval_start'),
      next_interval_end: place('next_interval_end'),
    })
    .where('dag_id', '=', place('dag_id')),
);
