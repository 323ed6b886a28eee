import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { AssetRef, SerializedDag, SerializedGroup, SerializedTask } from '../model/dag.js';
import { assetRef } from './assets.js';
import type { Dag } from './dag.js';
import { draftOf } from './dag.js';
import type { BranchDeclaration, DagDeclarations, GroupDeclaration, TaskDeclaration } from './declaration.js';
import { firstTasks, reachable, resolveGraph, type TaskGraph } from './graph.js';
import { isHumanInput } from './human-input.js';
import { paramsSchema } from './params.js';
import { momentOf, serializeSchedule } from './schedule.js';

/** Airflow's defaults, where an author says nothing. Times are seconds. */
const defaults = {
  owner: 'airflow',
  retryDelay: 300,
  pool: 'default_pool',
  queue: 'default',
  maxActiveTasks: 16,
  maxActiveRuns: 16,
};

/**
 * A DAG as data. Its SQL projects and files must have been resolved before (`resolve-files.ts`). Throws DAG_INVALID for
 * what only the whole shows: a task that was never called, a cycle, a chooser without cases.
 */
export function serializeDag(dag: Dag): SerializedDag {
  const { dagId, spec } = dag;
  const draft: DagDeclarations = dag[draftOf];
  refuseUncalled(dagId, draft);
  const graph = resolveGraph(dagId, draft);
  const { schedule, timezone } = serializeSchedule(dagId, spec);
  const tasks = [...draft.tasks.values()].map((task) => serializeTask(dag, draft, graph, task, timezone));
  refuseRules(dagId, spec.failFast ?? false, tasks, [...draft.groups.values()]);
  return {
    dagId,
    displayName: spec.dagDisplayName ?? dagId,
    description: spec.description ?? null,
    docMd: spec.docMd ?? null,
    owner: spec.owner ?? defaults.owner,
    tags: spec.tags ?? [],
    schedule,
    timezone,
    startDate: momentOf(`startDate of Dag "${dagId}"`, spec.startDate, timezone),
    endDate: momentOf(`endDate of Dag "${dagId}"`, spec.endDate, timezone),
    catchup: spec.catchup ?? false,
    maxActiveRuns: schedule.kind === 'continuous' ? 1 : (spec.maxActiveRuns ?? defaults.maxActiveRuns),
    maxActiveTasks: spec.maxActiveTasks ?? defaults.maxActiveTasks,
    maxConsecutiveFailedDagRuns: spec.maxConsecutiveFailedDagRuns ?? 0,
    dagrunTimeoutMs: milliseconds(spec.dagrunTimeout),
    failFast: spec.failFast ?? false,
    isPausedUponCreation: spec.isPausedUponCreation ?? false,
    paramsSchema: paramsSchema(dagId, spec.params),
    email: [spec.email ?? []].flat(),
    callbacks: {
      onSuccess: spec.onSuccess !== undefined,
      onFailure: spec.onFailure !== undefined,
      onRetry: spec.onRetry !== undefined,
    },
    deadline: spec.deadline ? { ...spec.deadline, notify: spec.deadline.notify as unknown as Json } : null,
    renderTemplateAsNativeObj: spec.renderTemplateAsNativeObj ?? false,
    tasks,
    groups: [...draft.groups.values()].map(
      (group): SerializedGroup => ({
        groupId: group.groupId,
        displayName: group.displayName,
        parentId: group.parent?.groupId ?? null,
        tooltip: group.tooltip,
        expand: group.expand,
      }),
    ),
  };
}

function serializeTask(
  dag: Dag,
  draft: DagDeclarations,
  graph: TaskGraph,
  task: TaskDeclaration,
  timezone: string,
): SerializedTask {
  const { taskId, spec } = task;
  const group = task.group;
  return {
    taskId,
    displayName: spec.displayName ?? taskId.slice(group?.prefix.length ?? 0),
    groupId: group?.groupId ?? null,
    operator: task.operator,
    kindLabel: task.kindLabel,
    docMd: spec.docMd ?? null,
    owner: spec.owner ?? dag.spec.owner ?? defaults.owner,
    upstream: [...(graph.upstream.get(taskId) ?? [])],
    inputs: task.inputs,
    options: {
      ...task.options,
      ...controlOptions(dag, draft, graph, task, timezone),
      ...(dag.spec.renderTemplateAsNativeObj ? { renderTemplateAsNativeObj: true } : {}),
    },
    expand: task.expand,
    triggerRule: task.teardown ? 'all_done_setup_success' : (spec.triggerRule ?? 'all_success'),
    dependsOnPast: spec.dependsOnPast ?? spec.waitForDownstream ?? false,
    ignoreFirstDependsOnPast: spec.ignoreFirstDependsOnPast ?? false,
    waitForDownstream: spec.waitForDownstream ?? false,
    retries: spec.retries ?? 0,
    retryDelayMs: milliseconds(spec.retryDelay ?? defaults.retryDelay) as number,
    retryExponentialBackoff: spec.retryExponentialBackoff ?? 0,
    maxRetryDelayMs: milliseconds(spec.maxRetryDelay),
    executionTimeoutMs: milliseconds(spec.executionTimeout),
    startDate: momentOf(`startDate of task "${taskId}"`, spec.startDate, timezone),
    endDate: momentOf(`endDate of task "${taskId}"`, spec.endDate, timezone),
    pool: spec.pool ?? defaults.pool,
    poolSlots: spec.poolSlots ?? 1,
    queue: spec.queue ?? dag.spec.queue ?? defaults.queue,
    priorityWeight: spec.priorityWeight ?? 1,
    weightRule: spec.weightRule ?? 'downstream',
    maxActiveTisPerDag: spec.maxActiveTisPerDag ?? null,
    maxActiveTisPerDagrun: spec.maxActiveTisPerDagrun ?? null,
    doXcomPush: spec.doXcomPush ?? true,
    returnsDagResult: spec.returnsDagResult ?? false,
    emailOnFailure: spec.emailOnFailure ?? dag.spec.emailOnFailure ?? true,
    emailOnRetry: spec.emailOnRetry ?? dag.spec.emailOnRetry ?? true,
    mapIndexTemplate: spec.mapIndexTemplate ?? null,
    memoryLimitMb: spec.memoryLimitMb ?? null,
    isSetup: task.isSetup,
    isTeardown: task.teardown !== null,
    onFailureFailDagrun: task.teardown?.onFailureFailDagrun ?? false,
    setups: task.teardown?.setups.map((setup) => setup.taskId) ?? [],
    branches: branchTasks(draft, graph, task.branch),
    outlets: (spec.outlets ?? []).map((asset: AssetRef) => assetRef(asset)),
    inlets: (spec.inlets ?? []).map((asset: AssetRef) => assetRef(asset)),
  };
}

/** What the child needs to know of the graph: a branch its sides, a short circuit what it may skip. */
function controlOptions(
  dag: Dag,
  draft: DagDeclarations,
  graph: TaskGraph,
  task: TaskDeclaration,
  timezone: string,
): JsonObject {
  if (task.branch) {
    const ids = (nodes: BranchDeclaration['chosen']) =>
      nodes.flatMap((node) => firstTasks(draft, graph, node).map((first) => first.taskId));
    const { kind, multiple, chosen, otherwise } = task.branch;
    const groups = chosen.flatMap((node) => (node.kind === 'group' ? [[node.groupId, ids([node])] as const] : []));
    return {
      branch: { kind, multiple, chosen: ids(chosen), otherwise: ids(otherwise), groups: Object.fromEntries(groups) },
    };
  }
  if (task.operator === 'short_circuit') {
    const all = task.options['ignoreDownstreamTriggerRules'] === true;
    const below = all ? reachable(graph, task.taskId) : (graph.downstream.get(task.taskId) ?? []);
    return { downstream: [...below].filter((id) => !draft.tasks.get(id)?.teardown) };
  }
  const direct = [...(graph.downstream.get(task.taskId) ?? [])].filter((id) => !draft.tasks.get(id)?.teardown);
  if (task.operator === 'approval') {
    const below = isHumanInput(task.handler) && task.handler.skipsAll ? reachable(graph, task.taskId) : direct;
    return { downstream: [...below].filter((id) => !draft.tasks.get(id)?.teardown) };
  }
  if (task.operator === 'latest_only') return { downstream: direct, timetable: timetableOptions(dag, timezone) };
  if (task.operator === 'time_sensor') return { timezone };
  return {};
}

/** What of the DAG says when runs are due. */
function timetableOptions(dag: Dag, timezone: string): JsonObject {
  const { schedule } = serializeSchedule(dag.dagId, dag.spec);
  const startDate = momentOf('startDate', dag.spec.startDate, timezone);
  return { schedule: schedule as unknown as Json, timezone, startDate, endDate: null, catchup: true };
}

function branchTasks(draft: DagDeclarations, graph: TaskGraph, branch: BranchDeclaration | null): string[] {
  if (!branch) return [];
  const nodes = [...branch.chosen, ...branch.otherwise];
  return [...new Set(nodes.flatMap((node) => firstTasks(draft, graph, node).map((task) => task.taskId)))];
}

function refuseUncalled(dagId: string, draft: DagDeclarations): void {
  const uncalled = [...draft.tasks.values()].filter((task) => !task.placed).map((task) => `"${task.taskId}"`);
  if (uncalled.length > 0) {
    throw new MillraceError('DAG_INVALID', `Dag "${dagId}": task ${uncalled.join(', ')} is declared but never called`, {
      hint: 'Call the factory that dag.task returned, once: const loaded = load({ rows }).',
    });
  }
  for (const task of draft.tasks.values()) {
    if (task.branch && task.branch.chosen.length === 0) {
      throw new MillraceError(
        'DAG_INVALID',
        `Dag "${dagId}": dag.${task.branch.kind} of task "${task.taskId}" names no case`,
      );
    }
  }
}

/** Trigger rules that cannot be kept where they stand. */
function refuseRules(
  dagId: string,
  failFast: boolean,
  tasks: SerializedTask[],
  groups: readonly GroupDeclaration[],
): void {
  const setups = new Set(tasks.filter((task) => task.isSetup).map((task) => task.taskId));
  const groupOf = new Map(groups.map((group) => [group.groupId, group]));
  for (const task of tasks) {
    const { taskId, triggerRule } = task;
    const refuse = (why: string, hint: string) =>
      new MillraceError('DAG_INVALID', `Dag "${dagId}": task "${taskId}" has ${triggerRule}, but ${why}`, { hint });
    if (task.isTeardown || triggerRule === 'all_success') continue;
    if (failFast && triggerRule !== 'all_done_setup_success') {
      throw refuse('the DAG is failFast', 'With failFast, every task runs by all_success.');
    }
    const setup = task.upstream.find((id) => setups.has(id));
    if (setup !== undefined) {
      throw refuse(`follows the setup "${setup}"`, 'What follows a setup directly runs by all_success.');
    }
    if (triggerRule === 'always' && isMappedOverTask(task, groupOf)) {
      throw refuse('it is mapped over what another task returns', 'It has to wait for the list: choose another rule.');
    }
  }
}

/** Whether how often the task runs is known only when another task has returned its list. */
function isMappedOverTask(task: SerializedTask, groups: ReadonlyMap<string, GroupDeclaration>): boolean {
  const specs = [task.expand];
  for (let group = groups.get(task.groupId ?? '') ?? null; group; group = group.parent) specs.push(group.expand);
  const over = specs.flatMap((spec) => (spec?.kind === 'records' ? [spec.over] : Object.values(spec?.over ?? {})));
  return over.some((binding) => 'ref' in binding);
}

function milliseconds(seconds: number | undefined): number | null {
  return seconds === undefined ? null : Math.round(seconds * 1000);
}
