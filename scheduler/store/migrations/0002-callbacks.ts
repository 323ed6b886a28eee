import type { Migration } from '../migrate.js';

/** Calls of the callbacks that DAG files declare: kept until they have been made, so that a crash loses none. */
export const callbacks: Migration = {
  version: 2,
  name: 'callbacks',
  statements: ({ integer, strict }) => [
    `create table callback_request (
      key text primary key,
      dag_run_id ${integer} not null references dag_run on delete cascade,
      request_json text not null,
      tries ${integer} not null default 0,
      created_at ${integer} not null
    )${strict}`,
  ],
};
