import type { LiveRun, PreviousRun } from '../decide/live-run.js';
import type { TaskInstanceState } from '../model/states.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import type { LiveState } from './live-state.js';

/** The run that `depends_on_past` looks at: the latest before this one; with catchup, manual ones do not count. */
export async function findPreviousRun(store: StoreDriver, live: LiveState, run: LiveRun): Promise<PreviousRun> {
  const { logicalDate } = run.row;
  if (logicalDate === null) return { kind: 'none' };
  let query = database
    .selectFrom('dag_run')
    .select(['id', 'logical_date'])
    .where('dag_id', '=', run.dagId)
    .where('logical_date', '<', logicalDate);
  if (run.plan.dag.catchup) query = query.where('run_type', '<>', 'manual');
  const [row] = await store.read(query.orderBy('logical_date', 'desc').limit(1).compile());
  if (!row) return { kind: 'none' };
  const alive = live.runs.get(row.id);
  if (alive) return { kind: 'live', run: alive };
  const instances = await store.read(
    database.selectFrom('task_instance').select(['task_id', 'state']).where('dag_run_id', '=', row.id).compile(),
  );
  const states = new Map<string, (TaskInstanceState | null)[]>();
  for (const instance of instances) {
    states.set(instance.task_id, [...(states.get(instance.task_id) ?? []), instance.state]);
  }
  return { kind: 'finished', states, logicalDate: row.logical_date ?? logicalDate };
}
