import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import { type Mapping, shareMappedGroup, type TaskPlan } from '../decide/plan.js';
import type { AttemptRequest } from '../model/attempt.js';
import type { ExpandSpec, InputBinding, SerializedTask } from '../model/dag.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import type { DagVersion } from './live-state.js';
import { paramsOf } from './params.js';
import { taskOf } from './task-of.js';

export interface RequestSettings {
  logFolder: string;
  /** Where the bundles lie, `<hash>.mjs` each. */
  bundleFolder: string;
  /** Old-space limit of an attempt's process when its task names none, MiB. */
  taskMemoryMb: number;
}

/** Puts together what an attempt needs to begin; reads the XComs that its inputs name. */
export async function attemptRequest(
  store: StoreDriver,
  instance: LiveTaskInstance,
  version: DagVersion,
  settings: RequestSettings,
): Promise<AttemptRequest> {
  const { run } = instance;
  const task = taskOf(instance);
  if (instance.attemptId === null) throw new TypeError(`task instance ${instance.id} is queued without an attempt`);
  return {
    dagId: run.dagId,
    runId: run.row.runId,
    taskId: task.taskId,
    mapIndex: instance.mapIndex,
    attemptId: instance.attemptId,
    taskInstanceId: instance.id,
    tryNumber: instance.tryNumber,
    maxTries: instance.maxTries,
    bundle: { hash: version.bundleHash, path: join(settings.bundleFolder, `${version.bundleHash}.mjs`) },
    task,
    inputs: await inputsOf(store, instance, task),
    context: {
      logicalDate: run.row.logicalDate,
      dataInterval: run.row.interval,
      runAfter: run.row.runAfter,
      runStartedAt: run.row.startedAt ?? run.row.runAfter,
      runType: run.row.runType,
      conf: run.row.conf,
      params: paramsOf(run.plan.dag, run.row.conf),
      clearNumber: run.row.clearNumber,
      event: instance.eventJson === null ? undefined : (JSON.parse(instance.eventJson) as Json),
      firstStartedAt: instance.firstStartedAt,
    },
    logPath: logPath(settings.logFolder, {
      dagId: run.dagId,
      dagRunId: run.row.id,
      taskId: task.taskId,
      mapIndex: instance.mapIndex,
      tryNumber: instance.tryNumber,
    }),
    executionTimeoutMs: task.executionTimeoutMs,
    memoryLimitMb: task.memoryLimitMb ?? settings.taskMemoryMb,
  };
}

/** The try that a log file is about. `dagRunId` is the row id of the run. */
export interface LogPlace {
  dagId: string;
  dagRunId: number;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
}

/**
 * The log file of a try: `<folder>/<dag>/<run row id>/<task>.<map index>.<try>.log`. One folder a run: to make one for
 * each attempt costs more than all else that a small attempt does.
 */
export function logPath(folder: string, place: LogPlace): string {
  const file = `${safe(place.taskId)}.${place.mapIndex}.${place.tryNumber}.log`;
  return join(folder, safe(place.dagId), `${place.dagRunId}`, file);
}

/** File systems take names of 255 bytes; what is added to a task's id needs some of them. */
const nameCharsMax = 200;

/** A name that is safe as the name of a file or folder, and is no other's. A dot in front would hide it, or lead upwards. */
function safe(text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9_.-]|^\./g, (one) => `~${one.codePointAt(0)?.toString(16)}`);
  if (escaped.length <= nameCharsMax) return escaped;
  return `${escaped.slice(0, nameCharsMax)}~${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

async function inputsOf(
  store: StoreDriver,
  instance: LiveTaskInstance,
  task: SerializedTask,
): Promise<Record<string, Json>> {
  const mapping = instance.run.plan.tasks[instance.taskIndex]?.mapping ?? null;
  const inputs: Record<string, Json> = {};
  const element = mapping && instance.mapIndex >= 0 ? await elementOf(store, instance, mapping) : {};
  if (mapping && mapping.groupId === null) Object.assign(inputs, element);
  for (const [name, binding] of Object.entries(task.inputs)) {
    inputs[name] = 'mapped' in binding ? (element[binding.name] ?? null) : await bound(store, instance, binding);
  }
  return inputs;
}

/** A binding that stands for itself: a value, or what a task returned. */
type PlainBinding = Exclude<InputBinding, { mapped: string }>;

/** The value that a binding stands for: of a mapped task all values in order, within a mapped group that of the same index. */
async function bound(store: StoreDriver, instance: LiveTaskInstance, binding: PlainBinding): Promise<Json> {
  if ('literal' in binding) return binding.literal;
  const { run } = instance;
  const source = run.plan.indexOf.get(binding.ref);
  if (source === undefined) return null;
  const above = run.plan.tasks[source] as TaskPlan;
  const own = run.plan.tasks[instance.taskIndex] as TaskPlan;
  if (shareMappedGroup(own, above)) return readReturn(store, run, binding.ref, instance.mapIndex);
  return above.mapping ? readReturns(store, run, binding.ref) : readReturn(store, run, binding.ref, -1);
}

/** The named values of one instance of a mapped task or group. */
async function elementOf(store: StoreDriver, instance: LiveTaskInstance, mapping: Mapping): Promise<JsonObject> {
  const { spec } = mapping;
  if (spec.kind === 'records') {
    const records = elements(await bound(store, instance, plain(spec.over)));
    const record = records[instance.mapIndex];
    return typeof record === 'object' && record !== null && !Array.isArray(record) ? record : {};
  }
  const names = Object.keys(spec.over);
  const lists = await Promise.all(
    names.map(async (name) => elements(await bound(store, instance, plain(spec.over[name] as InputBinding)))),
  );
  const picked =
    spec.kind === 'product' ? pickProduct(lists, instance.mapIndex) : pickZip(lists, instance.mapIndex, spec);
  return Object.fromEntries(names.map((name, at) => [name, picked[at] ?? null]));
}

/** The last name changes fastest, as in nested loops. */
function pickProduct(lists: Json[][], mapIndex: number): Json[] {
  const picked: Json[] = [];
  let rest = mapIndex;
  for (const list of lists.toReversed()) {
    picked.unshift(list[rest % list.length] ?? null);
    rest = Math.floor(rest / list.length);
  }
  return picked;
}

function pickZip(lists: Json[][], mapIndex: number, spec: Extract<ExpandSpec, { kind: 'zip' }>): Json[] {
  return lists.map((list) => (mapIndex < list.length ? (list[mapIndex] as Json) : spec.fill));
}

/** What one is mapped over: the elements of a list, or the entries of an object as pairs. */
function elements(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function plain(binding: InputBinding): PlainBinding {
  if ('mapped' in binding) throw new TypeError('a group cannot be mapped over its own element');
  return binding;
}

async function readReturn(store: StoreDriver, run: LiveRun, taskId: string, mapIndex: number): Promise<Json> {
  const rows = await readReturnRows(store, run, taskId);
  return rows.find((row) => row.map_index === mapIndex)?.value ?? null;
}

async function readReturns(store: StoreDriver, run: LiveRun, taskId: string): Promise<Json[]> {
  const rows = await readReturnRows(store, run, taskId);
  return rows.map((row) => row.value);
}

async function readReturnRows(
  store: StoreDriver,
  run: LiveRun,
  taskId: string,
): Promise<{ map_index: number; value: Json }[]> {
  const rows = await store.read(
    database
      .selectFrom('xcom')
      .select(['map_index', 'value_json'])
      .where('dag_run_id', '=', run.row.id)
      .where('task_id', '=', taskId)
      .where('key', '=', 'return_value')
      .orderBy('map_index')
      .compile(),
  );
  return rows.map((row) => ({ map_index: row.map_index, value: JSON.parse(row.value_json) as Json }));
}
