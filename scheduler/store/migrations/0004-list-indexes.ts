import type { Migration } from '../migrate.js';

/** Lists of one DAG's runs and task instances, and of what failed, in the order in which they were made. */
export const listIndexes: Migration = {
  version: 4,
  name: 'list indexes',
  statements: () => [
    `create index dag_run_by_dag on dag_run (dag_id, id)`,
    `create index dag_run_failed on dag_run (id) where state = 'failed'`,
    `create index task_instance_by_dag on task_instance (dag_id, id)`,
    `create index task_instance_failed_by_id on task_instance (id) where state = 'failed'`,
  ],
};
