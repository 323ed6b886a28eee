import type { SerializedDag } from '../../scheduler/model/dag.js';
import type { Witness } from './witness.js';

/** A DAG that kept its schedule and catches up has a run for every tick between its first and its last one. */
export function checkSchedules(witness: Witness, breach: (text: string) => void): void {
  const versions = witness.read<{ dag_id: string; text: string }>(
    `select dag_id, serialized_json as text from dag_version where version_number < (select max(version_number)
       from dag_version last where last.dag_id = dag_version.dag_id)`,
  );
  for (const dagId of new Set(versions.map((row) => row.dag_id))) {
    const dags = versions.filter((row) => row.dag_id === dagId).map((row) => JSON.parse(row.text) as SerializedDag);
    const first = dags[0];
    const step = first && stepOf(first);
    if (!step || !dags.every((dag) => dag.catchup && JSON.stringify(dag.schedule) === JSON.stringify(first.schedule)))
      continue;
    for (const gap of gapsOf(witness, dagId, step)) breach(`${dagId} has no run of ${new Date(gap).toISOString()}`);
  }
}

/** Minutes between two ticks, for the schedules that have them evenly. */
function stepOf({ schedule }: SerializedDag): number | null {
  if (schedule.kind === 'every') return schedule.everyMs;
  if (schedule.kind !== 'cron' || schedule.crons.length > 1) return null;
  const every = /^\*\/(\d+) \* \* \* \*$/.exec(schedule.crons[0] ?? '');
  return every ? Number(every[1]) * 60_000 : null;
}

function gapsOf(witness: Witness, dagId: string, stepMs: number): number[] {
  const dates = witness.read<{ at: number; scheduled: number }>(
    `select logical_date as at, run_id like 'scheduled\\_\\_%' escape '\\' as scheduled from dag_run
     where dag_id = ? and logical_date is not null`,
    dagId,
  );
  const scheduled = dates.filter((row) => row.scheduled === 1).map((row) => row.at);
  const present = new Set(dates.map((row) => row.at));
  const gaps: number[] = [];
  for (let at = Math.min(...scheduled); at < Math.max(...scheduled); at += stepMs) if (!present.has(at)) gaps.push(at);
  return gaps;
}
