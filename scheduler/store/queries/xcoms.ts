import { sql } from 'kysely';
import { database } from '../database.js';

/** The XComs of one task instance; values beyond `valueCharsMax` are cut. */
export function xcomsOf(dagRunId: number, taskId: string, mapIndex: number | null, valueCharsMax: number) {
  let query = database
    .selectFrom('xcom')
    .select([
      'key',
      'map_index',
      'at',
      sql<string>`substr(value_json, 1, ${valueCharsMax})`.as('value_json'),
      sql<number>`length(value_json)`.as('chars'),
    ])
    .where('dag_run_id', '=', dagRunId)
    .where('task_id', '=', taskId);
  if (mapIndex !== null) query = query.where('map_index', '=', mapIndex);
  return query.orderBy('key').orderBy('map_index').limit(500).compile();
}

export function xcomByKey(dagRunId: number, taskId: string, mapIndex: number, key: string) {
  return database
    .selectFrom('xcom')
    .selectAll()
    .where('dag_run_id', '=', dagRunId)
    .where('task_id', '=', taskId)
    .where('map_index', '=', mapIndex)
    .where('key', '=', key)
    .compile();
}
