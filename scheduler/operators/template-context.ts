import type { AttemptScope } from '../dag/runtime.js';

/**
 * What templates may name, in Airflow's words: `ds`, `ts`, `data_interval_start`, `params`, `conf`, `run_id`, `ti`,
 * `dag_run`, `task`, `dag`, and the task's inputs by their own names. A run without a logical date has no dates.
 */
export function templateContext({ attempt }: AttemptScope): Record<string, unknown> {
  const { context, inputs, dagId, runId, taskId, mapIndex, tryNumber } = attempt;
  const dates = context.logicalDate === null ? {} : datesOf(context.logicalDate, context.dataInterval);
  return {
    ...inputs,
    ...dates,
    params: context.params,
    conf: context.conf,
    run_id: runId,
    dag_run: { run_id: runId, dag_id: dagId, conf: context.conf, run_type: context.runType },
    dag: { dag_id: dagId },
    task: { task_id: taskId, owner: attempt.task.owner },
    ti: { dag_id: dagId, task_id: taskId, run_id: runId, map_index: mapIndex, try_number: tryNumber },
    task_instance_key_str: `${dagId}__${taskId}__${runId}`,
    run_type: context.runType,
    run_after: new Date(context.runAfter).toISOString(),
    map_index: mapIndex,
    try_number: tryNumber,
  };
}

function datesOf(logicalDate: number, interval: { start: number; end: number } | null): Record<string, string> {
  const ts = isoOf(logicalDate);
  const ds = ts.slice(0, 10);
  return {
    ds,
    ds_nodash: ds.replaceAll('-', ''),
    ts,
    ts_nodash: ts.slice(0, 19).replace(/[-:]/g, ''),
    ts_nodash_with_tz: ts.replace(/[-:]/g, ''),
    logical_date: ts,
    ...(interval === null
      ? {}
      : { data_interval_start: isoOf(interval.start), data_interval_end: isoOf(interval.end) }),
  };
}

/** Python's isoformat in UTC, as Airflow's templates print it. */
function isoOf(instant: number): string {
  return new Date(instant)
    .toISOString()
    .replace(/\.000Z$/, '+00:00')
    .replace(/\.(\d{3})Z$/, '.$1000+00:00');
}
