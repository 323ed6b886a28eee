import type { CompiledQuery } from 'kysely';
import { database, prepared } from '../database.js';
import type { EventLogTable, TaskInstanceDetailTable, XComTable } from '../schema.js';

/** Sets an XCom, whether it was there or not. */
export const setXCom: (row: XComTable) => CompiledQuery = prepared<XComTable>((place) =>
  database
    .insertInto('xcom')
    .values({
      dag_run_id: place('dag_run_id'),
      task_id: place('task_id'),
      map_index: place('map_index'),
      key: place('key'),
      value_json: place('value_json'),
      at: place('at'),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['dag_run_id', 'task_id', 'map_index', 'key'])
        .doUpdateSet({ value_json: place('value_json'), at: place('at') }),
    ),
);

/** Removes the XComs of a task instance: each try begins without those of the one before. */
export const clearXComs: (place: { dag_run_id: number; task_id: string; map_index: number }) => CompiledQuery =
  prepared<{ dag_run_id: number; task_id: string; map_index: number }>((place) =>
    database
      .deleteFrom('xcom')
      .where('dag_run_id', '=', place('dag_run_id'))
      .where('task_id', '=', place('task_id'))
      .where('map_index', '=', place('map_index')),
  );

/** Sets what the page of a try shows. */
export const setDetail: (row: TaskInstanceDetailTable) => CompiledQuery = prepared<TaskInstanceDetailTable>((place) =>
  database
    .insertInto('task_instance_detail')
    .values({
      task_instance_id: place('task_instance_id'),
      try_number: place('try_number'),
      rendered_json: place('rendered_json'),
      details_json: place('details_json'),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['task_instance_id', 'try_number'])
        .doUpdateSet({ rendered_json: place('rendered_json'), details_json: place('details_json') }),
    ),
);

export type EventLogRow = Omit<EventLogTable, 'id'>;

/** Adds a line to the audit log. */
export const logEvent: (row: EventLogRow) => CompiledQuery = prepared<EventLogRow>((place) =>
  database.insertInto('event_log').values({
    at: place('at'),
    event: place('event'),
    dag_id: place('dag_id'),
    run_id: place('run_id'),
    task_id: place('task_id'),
    map_index: place('map_index'),
    user: place('user'),
    extra_json: place('extra_json'),
  }),
);
