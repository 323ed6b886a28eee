import { createHash } from 'node:crypto';
import { type Instant, toIso } from '../../../kernel/time.js';
import type { SerializedDag, SerializedTask } from '../../../scheduler/model/dag.js';
import type { DagRunRow } from '../../../scheduler/store/queries/dag-runs.js';
import type { DagRow } from '../../../scheduler/store/queries/dags.js';
import type { TaskInstanceRow } from '../../../scheduler/store/queries/task-instances.js';
import { parseObject } from '../../deps.js';
import type { PoolView } from '../../pages/admin.js';
import type { LoadedVersion } from '../../pages/load-dag.js';

/** Rows as Airflow's REST API v2 writes them: snake_case, ISO times, durations in seconds. */

const bundleName = 'dags-folder';
export const runTypesAllowed = ['backfill', 'scheduled', 'manual', 'asset_triggered', 'asset_materialization'];

export function wireTime(at: Instant | null | undefined): string | null {
  return at === null || at === undefined ? null : toIso(at);
}

/** Stable text for what Airflow names by UUID: made of the row's id, the same for ever. */
export function wireUuid(kind: string, id: number | string): string {
  const hex = createHash('sha256').update(`${kind} ${id}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function wireDag(row: DagRow, version: LoadedVersion | undefined, hasImportErrors: boolean) {
  return {
    dag_id: row.dag_id,
    dag_display_name: row.display_name,
    is_paused: row.is_paused === 1,
    is_stale: row.is_stale === 1,
    last_parsed_time: wireTime(row.last_parsed_at),
    last_parse_duration: row.last_parse_ms === null ? null : row.last_parse_ms / 1000,
    last_expired: null,
    bundle_name: bundleName,
    bundle_version: version?.bundleHash ?? null,
    relative_fileloc: row.fileloc,
    fileloc: row.fileloc,
    description: row.description,
    timetable_summary: row.schedule_summary,
    timetable_description: row.schedule_summary,
    timetable_partitioned: false,
    tags: (JSON.parse(row.tags_json) as string[]).map((name) => ({
      name,
      dag_id: row.dag_id,
      dag_display_name: row.display_name,
    })),
    max_active_tasks: row.max_active_tasks,
    max_active_runs: row.max_active_runs,
    max_consecutive_failed_dag_runs: version?.dag.maxConsecutiveFailedDagRuns ?? 0,
    has_task_concurrency_limits:
      version?.dag.tasks.some((task) => task.maxActiveTisPerDag !== null || task.maxActiveTisPerDagrun !== null) ??
      false,
    has_import_errors: hasImportErrors,
    next_dagrun_logical_date: wireTime(row.next_logical_date),
    next_dagrun_data_interval_start: wireTime(row.next_interval_start),
    next_dagrun_data_interval_end: wireTime(row.next_interval_end),
    next_dagrun_run_after: wireTime(row.next_run_after),
    allowed_run_types: runTypesAllowed,
    owners: [row.owner],
    file_token: Buffer.from(row.fileloc).toString('base64url'),
  };
}

export function wireDagDetails(
  row: DagRow,
  version: LoadedVersion | undefined,
  more: { hasImportErrors: boolean; activeRuns: number },
) {
  const dag = version?.dag;
  return {
    ...wireDag(row, version, more.hasImportErrors),
    catchup: dag?.catchup ?? false,
    dag_run_timeout: dag?.dagrunTimeoutMs ? isoDuration(dag.dagrunTimeoutMs) : null,
    asset_expression: dag && 'condition' in dag.schedule ? dag.schedule.condition : null,
    doc_md: dag?.docMd ?? null,
    start_date: wireTime(dag?.startDate),
    end_date: wireTime(dag?.endDate),
    is_paused_upon_creation: dag?.isPausedUponCreation ?? null,
    params: wireParams(dag),
    render_template_as_native_obj: dag?.renderTemplateAsNativeObj ?? false,
    template_search_path: null,
    timezone: row.timezone,
    last_parsed: wireTime(row.last_parsed_at),
    default_args: null,
    owner_links: {},
    is_favorite: false,
    active_runs_count: more.activeRuns,
    concurrency: row.max_active_tasks,
    latest_dag_version: version ? wireVersion(row, version) : null,
  };
}

export function wireVersion(
  dag: { dag_id: string; display_name: string },
  version: { id: number; versionNumber: number; bundleHash: string; createdAt: Instant },
) {
  return {
    id: wireUuid('dag_version', version.id),
    version_number: version.versionNumber,
    dag_id: dag.dag_id,
    bundle_name: bundleName,
    bundle_version: version.bundleHash,
    created_at: toIso(version.createdAt),
    dag_display_name: dag.display_name,
    bundle_url: null,
  };
}

export function wireRun(dag: DagRow, run: DagRunRow, version: LoadedVersion) {
  return {
    dag_run_id: run.run_id,
    dag_id: run.dag_id,
    logical_date: wireTime(run.logical_date),
    queued_at: wireTime(run.queued_at),
    start_date: wireTime(run.started_at),
    end_date: wireTime(run.ended_at),
    duration: seconds(run.started_at, run.ended_at),
    data_interval_start: wireTime(run.interval_start),
    data_interval_end: wireTime(run.interval_end),
    run_after: toIso(run.run_after),
    last_scheduling_decision: null,
    run_type: run.run_type,
    state: run.state,
    triggered_by: run.triggered_by,
    triggering_user_name: run.triggering_user,
    conf: parseObject(run.conf_json),
    note: run.note,
    dag_versions: [wireVersion(dag, version)],
    bundle_version: run.bundle_hash,
    dag_display_name: dag.display_name,
    partition_key: null,
  };
}

export function wireTaskInstance(
  place: { dag: DagRow; run: DagRunRow; version: LoadedVersion },
  row: TaskInstanceRow,
  rendered?: object,
) {
  const task = place.version.dag.tasks.find((candidate) => candidate.taskId === row.task_id);
  return {
    id: wireUuid('task_instance', row.attempt_id ?? row.id),
    task_id: row.task_id,
    dag_id: row.dag_id,
    dag_run_id: place.run.run_id,
    map_index: row.map_index,
    logical_date: wireTime(place.run.logical_date),
    run_after: toIso(place.run.run_after),
    start_date: wireTime(row.started_at),
    end_date: wireTime(row.ended_at),
    duration: seconds(row.started_at, row.ended_at),
    state: row.state,
    try_number: row.try_number,
    max_tries: row.max_tries,
    task_display_name: task?.displayName ?? row.task_id,
    dag_display_name: place.dag.display_name,
    hostname: row.hostname,
    unixname: null,
    pool: row.pool,
    pool_slots: row.pool_slots,
    queue: row.queue,
    priority_weight: row.priority_weight,
    operator: row.operator,
    operator_name: row.operator,
    queued_when: wireTime(row.queued_at),
    scheduled_when: wireTime(row.scheduled_at),
    pid: row.pid,
    executor: null,
    executor_config: '{}',
    note: row.note,
    rendered_map_index: row.rendered_map_index,
    rendered_fields: rendered ?? {},
    trigger: null,
    triggerer_job: null,
    dag_version: wireVersion(place.dag, place.version),
  };
}

/** A try that another followed, as `…/tries` shows it. */
export function wireTry(
  place: { dag: DagRow; run: DagRunRow; version: LoadedVersion },
  current: TaskInstanceRow,
  row: Pick<TaskInstanceRow, 'try_number' | 'state' | 'queued_at' | 'started_at' | 'ended_at' | 'hostname' | 'pid'>,
) {
  const {
    id: _id,
    logical_date: _logical,
    run_after: _after,
    note: _note,
    rendered_map_index: _index,
    rendered_fields: _fields,
    trigger: _trigger,
    triggerer_job: _job,
    ...shared
  } = wireTaskInstance(place, { ...current, ...row });
  return shared;
}

export function wireTask(dag: SerializedDag, task: SerializedTask, downstream: string[]) {
  return {
    task_id: task.taskId,
    task_display_name: task.displayName,
    owner: task.owner,
    start_date: wireTime(task.startDate ?? dag.startDate),
    end_date: wireTime(task.endDate ?? dag.endDate),
    trigger_rule: task.triggerRule,
    depends_on_past: task.dependsOnPast,
    wait_for_downstream: task.waitForDownstream,
    retries: task.retries,
    queue: task.queue,
    pool: task.pool,
    pool_slots: task.poolSlots,
    execution_timeout: task.executionTimeoutMs === null ? null : timeDelta(task.executionTimeoutMs),
    retry_delay: timeDelta(task.retryDelayMs),
    retry_exponential_backoff: task.retryExponentialBackoff,
    priority_weight: task.priorityWeight,
    weight_rule: task.weightRule,
    ui_color: '#fff',
    ui_fgcolor: '#000',
    template_fields: [],
    downstream_task_ids: downstream,
    doc_md: task.docMd,
    operator_name: task.operator,
    params: wireParams(dag),
    class_ref: { module_path: 'millrace', class_name: task.operator },
    is_mapped: task.expand !== null,
    extra_links: [],
  };
}

export function wirePool(pool: PoolView) {
  return {
    name: pool.name,
    slots: pool.slots,
    description: pool.description,
    include_deferred: pool.includeDeferred,
    occupied_slots: pool.occupied,
    running_slots: pool.running,
    queued_slots: pool.queued,
    scheduled_slots: pool.scheduled,
    open_slots: pool.open,
    deferred_slots: pool.deferred,
    team_name: null,
  };
}

function wireParams(dag: SerializedDag | undefined): Record<string, object> {
  const properties = (dag?.paramsSchema?.['properties'] ?? {}) as Record<string, Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(properties).map(([name, { default: value, description, ...schema }]) => [
      name,
      { value: value ?? null, description: description ?? null, schema, source: 'dag' },
    ]),
  );
}

function seconds(from: Instant | null, to: Instant | null): number | null {
  return from === null || to === null ? null : (to - from) / 1000;
}

function timeDelta(ms: number) {
  const whole = Math.floor(ms / 1000);
  return {
    __type: 'TimeDelta',
    days: Math.floor(whole / 86_400),
    seconds: whole % 86_400,
    microseconds: Math.round((ms % 1000) * 1000),
  };
}

function isoDuration(ms: number): string {
  return `PT${ms / 1000}S`;
}
