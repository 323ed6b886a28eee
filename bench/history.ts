import Database from 'better-sqlite3';

export interface HistoryPart {
  /** A DAG that the database knows. */
  dagId: string;
  taskIds: string[];
  runs: number;
}

/** Between two runs of a DAG in the history, milliseconds. */
const runEveryMs = 60_000;

/**
 * Fills the metadata database of a server that does not run with finished runs, a minute apart and up to now, as years
 * of work leave them: every task succeeded but each hundredth, which failed. Returns how many task instances it made.
 */
export function fillHistory(path: string, parts: HistoryPart[], now = Date.now()): number {
  const database = new Database(path);
  try {
    database.pragma('synchronous = off');
    database.transaction(() => {
      for (const part of parts) fillDag(database, part, now);
    })();
    const count = database.prepare('select count(*) from task_instance').pluck().get() as number;
    database.pragma('wal_checkpoint(truncate)');
    return count;
  } finally {
    database.close();
  }
}

function fillDag(database: Database.Database, { dagId, taskIds, runs }: HistoryPart, now: number): void {
  const versionId = database.prepare('select latest_version_id from dag where dag_id = ?').pluck().get(dagId);
  const firstId = 1 + ((database.prepare('select max(id) from dag_run').pluck().get() as number | null) ?? 0);
  const insertRun = database.prepare(`
    insert into dag_run (id, dag_id, run_id, run_type, state, logical_date, interval_start, interval_end, run_after,
      queued_at, started_at, ended_at, conf_json, dag_version_id, triggered_by, reason)
    values (@id, @dagId, @runId, 'scheduled', 'success', @at, @at, @at, @at, @at, @at, @at + 1000, '{}', @versionId,
      'timetable', 'all of its last tasks succeeded or were skipped')`);
  const last = now - (now % runEveryMs) - runEveryMs;
  for (let number = 0; number < runs; number++) {
    const at = last - (runs - 1 - number) * runEveryMs;
    const runId = `scheduled__${new Date(at).toISOString().replace('.000Z', '+00:00')}`;
    insertRun.run({ id: firstId + number, dagId, runId, at, versionId });
  }
  database
    .prepare(`
      insert into task_instance (dag_run_id, dag_id, task_id, map_index, state, try_number, max_tries, attempt_id,
        operator, pool, pool_slots, queue, priority_weight, scheduled_at, queued_at, started_at, ended_at,
        first_started_at, reason, error, pid, hostname, updated_at)
      select run.id, run.dag_id, task.value, -1, case when run.id % 100 = 0 then 'failed' else 'success' end, 1, 0,
        run.id || '-' || task.key, 'typescript', 'default_pool', 1, 'default', 1, run.run_after, run.run_after,
        run.run_after + task.key, run.run_after + task.key + 10, run.run_after + task.key,
        case when run.id % 100 = 0 then 'its last try failed' else 'it succeeded' end,
        case when run.id % 100 = 0 then 'Error: it was not there' end, 4711, 'bench', run.run_after
      from dag_run run, json_each(?) task where run.id >= ? and run.dag_id = ?`)
    .run(JSON.stringify(taskIds), firstId, dagId);
}
