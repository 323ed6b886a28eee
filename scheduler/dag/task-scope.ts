import { MillraceError } from '../../kernel/errors.js';
import { checkSpec, isFlag, isNumber, isOneOf } from './checks.js';
import type { GroupDeclaration, TaskDeclaration } from './declaration.js';
import { type Draft, nodeDeclaration, splitOptions } from './draft.js';
import { createFactory, type TaskFactory } from './factory.js';
import { type HITLResult, type HumanInput, isHumanInput } from './human-input.js';
import type * as ReadyMade from './ready-made.js';
import { type ArgsOf, declared, type NoArgs, type Node, type Ref, type ReturnOf, type TaskFunction } from './refs.js';
import { DeclaredRef, MapArgumentRef } from './task-ref.js';
import { checkNodeId, checkTaskSpec, type TaskSpec } from './task-spec.js';

/** A ref at once when the handler takes no arguments, else a factory to be called with them. */
export type Placed<Handler extends TaskFunction, Return> =
  ArgsOf<Handler> extends NoArgs
    ? [keyof ArgsOf<Handler>] extends [never]
      ? Ref<Return>
      : TaskFactory<ArgsOf<Handler>, Return>
    : never;

type SensorReturn<Value> = Value extends { done: boolean; value?: infer Inner }
  ? Inner
  : Value extends boolean
    ? undefined
    : Value;
type ShortCircuitSpec = TaskSpec & { ignoreDownstreamTriggerRules?: boolean };
type SensorSpec = TaskSpec & ReadyMade.SensorOptions;

export interface GroupSpec {
  /** false: ids inside stay as they are written. */
  prefixGroupId?: boolean;
  displayName?: string;
  tooltip?: string;
}

/** Where tasks are declared: a DAG, or a group in it. */
export abstract class TaskScope {
  protected readonly draft: Draft;
  protected readonly group: GroupDeclaration | null;

  constructor(draft: Draft, group: GroupDeclaration | null) {
    this.draft = draft;
    this.group = group;
  }

  /**
   * Declares a task and returns its factory. The handler takes nothing or one object of named arguments; calling the
   * factory names the inputs. Without an id the handler's name is the id. Throws DAG_INVALID.
   */
  task<Args>(taskId: string, handler: HumanInput<Args>, spec?: TaskSpec): TaskFactory<Args, HITLResult>;
  task<Handler extends TaskFunction>(
    taskId: string,
    handler: Handler,
    spec?: TaskSpec,
  ): TaskFactory<ArgsOf<Handler>, ReturnOf<Handler>>;
  task<Handler extends TaskFunction>(
    handler: Handler,
    spec?: TaskSpec,
  ): TaskFactory<ArgsOf<Handler>, ReturnOf<Handler>>;
  task<Args>(handler: HumanInput<Args>, spec: TaskSpec & { taskId: string }): TaskFactory<Args, HITLResult>;
  task(...given: unknown[]): unknown {
    const { taskId, handler, spec } = taskArguments(given);
    return createFactory(this.draft, this.#declareTask(taskId, operatorOf(handler), handler, {}, spec));
  }

  /** A group inside this scope. Its tasks are named `group.task`. */
  taskGroup(groupId: string, spec: GroupSpec = {}): TaskGroup {
    return new TaskGroup(this.draft, this.#declareGroup(groupId, spec));
  }

  /** A group with one instance for each element of the lists (for two, each pair): its tasks get the elements as arguments. */
  mappedGroup<Lists extends Record<string, unknown>>(
    groupId: string,
    lists: { [Name in keyof Lists]: Ref<readonly Lists[Name][]> | Ref<Lists[Name][]> | readonly Lists[Name][] },
    body: (group: TaskGroup, args: { [Name in keyof Lists]: Ref<Lists[Name]> }) => void,
    spec: GroupSpec = {},
  ): TaskGroup {
    const group = this.#declareGroup(groupId, spec);
    for (let outer = group.parent; outer !== null; outer = outer.parent) {
      if (outer.expand) throw invalid(`group "${group.groupId}" is mapped inside the mapped group "${outer.groupId}"`);
    }
    const names = Object.keys(lists);
    if (names.length === 0) throw invalid(`group "${group.groupId}" is mapped over nothing`);
    const over = Object.fromEntries(names.map((name) => [name, this.draft.bindingOf(group, name, lists[name])]));
    group.expand = { kind: 'product', over };
    const args = names.map((name) => [
      name,
      new MapArgumentRef(this.draft.dagId, { kind: 'map_argument', group, name }),
    ]);
    const scope = new TaskGroup(this.draft, group);
    body(scope, Object.fromEntries(args));
    return scope;
  }

  /** Goes on only when the handler returns something true; otherwise skips all that follows. */
  shortCircuit<Handler extends TaskFunction>(
    taskId: string,
    handler: Handler,
    spec: ShortCircuitSpec = {},
  ): Placed<Handler, ReturnOf<Handler>> {
    const { ignoreDownstreamTriggerRules = true, ...taskSpec } = spec;
    return this.#declareHandled(taskId, 'short_circuit', handler, { ignoreDownstreamTriggerRules }, taskSpec);
  }

  /** Asks the handler again and again until it returns true or `{ done: true, value }`. */
  sensor<Handler extends TaskFunction>(
    taskId: string,
    handler: Handler,
    spec: SensorSpec = {},
  ): Placed<Handler, SensorReturn<ReturnOf<Handler>>> {
    const { sensor, taskSpec } = splitSensorSpec(taskId, spec);
    return this.#declareHandled(taskId, 'sensor', handler, sensor, taskSpec);
  }

  /** Skips what follows in runs that are not the latest. Manual runs go on. */
  latestOnly(taskId: string, spec?: TaskSpec): Ref {
    return this.#ready(taskId, 'latest_only', {}, spec);
  }

  /** Runs a command by bash; its last line of output is the return value. */
  bash(taskId: string, options: ReadyMade.BashOptions, spec?: TaskSpec): Ref<string> {
    return this.#ready(taskId, 'bash', options, spec);
  }

  /** Runs SQL; the return value is the rows (at most 1,000 of them), or the number of rows that changed. */
  sql<Row = Record<string, unknown>>(taskId: string, options: ReadyMade.SqlOptions, spec?: TaskSpec): Ref<Row[]> {
    return this.#ready(taskId, 'sql', options, spec);
  }

  /** Calls a URL; the return value is the answer's body, parsed when it is JSON. */
  http<Body = unknown>(taskId: string, options: ReadyMade.HttpOptions, spec?: TaskSpec): Ref<Body> {
    return this.#ready(taskId, 'http', options, spec);
  }

  /** Puts an e-mail into the outbox, in the same transaction that makes the task a success. */
  email(taskId: string, options: ReadyMade.EmailOptions, spec?: TaskSpec): Ref<boolean> {
    return this.#ready(taskId, 'email', options, spec);
  }

  /** Starts a run of another DAG; a retry of this task finds the run that it started before. */
  triggerDagRun(options: ReadyMade.TriggerDagRunOptions, spec?: TaskSpec): Ref {
    const { taskId, ...rest } = options;
    return this.#ready(taskId, 'trigger_dag_run', rest, spec);
  }

  /** Loads new files of a store into a table, each exactly once. */
  loadFiles<Report = unknown>(taskId: string, options: ReadyMade.LoadFilesOptions, spec?: TaskSpec): Ref<Report> {
    return this.#ready(taskId, 'load_files', options, spec);
  }

  /** Waits until an object is there; the return value is its key. */
  objectSensor(taskId: string, options: ReadyMade.ObjectSensorOptions, spec?: SensorSpec): Ref<string> {
    return this.#readySensor(taskId, 'object_sensor', options, spec);
  }

  /** Waits until a query's first cell is true. */
  sqlSensor(taskId: string, options: ReadyMade.SqlSensorOptions, spec?: SensorSpec): Ref {
    return this.#readySensor(taskId, 'sql_sensor', options, spec);
  }

  /** Waits until a URL answers with an expected status. */
  httpSensor(taskId: string, options: ReadyMade.HttpSensorOptions, spec?: SensorSpec): Ref {
    return this.#readySensor(taskId, 'http_sensor', options, spec);
  }

  /** Waits until a time. */
  timeSensor(taskId: string, options: ReadyMade.TimeSensorOptions, spec?: SensorSpec): Ref {
    return this.#readySensor(taskId, 'time_sensor', options, spec);
  }

  /** Waits for a task, or a whole run, of another DAG with the same logical date (less `executionDelta` seconds). */
  externalTaskSensor(taskId: string, options: ReadyMade.ExternalTaskSensorOptions, spec?: SensorSpec): Ref {
    return this.#readySensor(taskId, 'external_task_sensor', options, spec);
  }

  /**
   * A dbt-format project as a group: a task for each model, snapshot, seed and test, in the project's order. The folder
   * is looked up from the DAG file's folder upwards, and its files are part of the DAG's version.
   */
  sqlProject(groupId: string, path: string, options: ReadyMade.SqlProjectOptions = {}, spec: TaskSpec = {}): TaskGroup {
    checkTaskSpec(`sqlProject "${groupId}"`, spec);
    const group = this.#declareGroup(groupId, {});
    group.sqlProject = { path, options: splitOptions(`sqlProject "${groupId}"`, options).data, spec, files: null };
    return new TaskGroup(this.draft, group);
  }

  #ready<T>(taskId: string, operator: string, options: object, spec: TaskSpec = {}): Ref<T> {
    const { data, refs } = splitOptions(`task "${taskId}"`, options);
    const task = this.#declareTask(taskId, operator, null, data, spec);
    task.placed = true;
    for (const [name, ref] of refs) this.draft.bind(task, name, ref);
    return new DeclaredRef<T>(this.draft, task);
  }

  #readySensor<T>(taskId: string, operator: string, options: object, spec: SensorSpec = {}): Ref<T> {
    const { sensor, taskSpec } = splitSensorSpec(taskId, spec);
    const own = splitSensorSpec(taskId, options);
    return this.#ready(taskId, operator, { ...own.taskSpec, ...own.sensor, ...sensor }, taskSpec);
  }

  #declareHandled<Handler extends TaskFunction, Return>(
    taskId: string,
    operator: string,
    handler: Handler,
    options: object,
    spec: TaskSpec,
  ): Placed<Handler, Return> {
    const { data } = splitOptions(`task "${taskId}"`, options);
    const factory = createFactory<NoArgs, Return>(this.draft, this.#declareTask(taskId, operator, handler, data, spec));
    return (handler.length === 0 ? factory() : factory) as Placed<Handler, Return>;
  }

  #declareTask(
    taskId: unknown,
    operator: string,
    handler: TaskDeclaration['handler'],
    options: TaskDeclaration['options'],
    spec: TaskSpec,
  ): TaskDeclaration {
    const prefix = this.group?.prefix ?? '';
    checkNodeId('task', taskId, prefix);
    checkTaskSpec(`task "${prefix}${taskId}"`, spec);
    const task: TaskDeclaration = {
      kind: 'task',
      dagId: this.draft.dagId,
      taskId: `${prefix}${taskId}`,
      group: this.group,
      operator,
      kindLabel: null,
      spec,
      handler,
      options,
      inputs: {},
      expand: null,
      placed: false,
      branch: null,
      isSetup: false,
      teardown: null,
    };
    this.draft.addTask(task);
    return task;
  }

  #declareGroup(groupId: string, spec: GroupSpec): GroupDeclaration {
    const outer = this.group?.prefix ?? '';
    checkNodeId('group', groupId, outer);
    const group: GroupDeclaration = {
      kind: 'group',
      dagId: this.draft.dagId,
      groupId: `${outer}${groupId}`,
      prefix: spec.prefixGroupId === false ? outer : `${outer}${groupId}.`,
      displayName: spec.displayName ?? groupId,
      tooltip: spec.tooltip ?? null,
      parent: this.group,
      expand: null,
      sqlProject: null,
    };
    this.draft.addGroup(group);
    return group;
  }
}

/** A group of tasks: folds in the graph, prefixes the ids in it, and is one end of an edge. */
export class TaskGroup extends TaskScope implements Node {
  readonly [declared]: GroupDeclaration;

  constructor(draft: Draft, group: GroupDeclaration) {
    super(draft, group);
    this[declared] = group;
  }

  get groupId(): string {
    return this[declared].groupId;
  }

  before(...nodes: Node[]): this {
    for (const node of nodes) this.draft.addEdge(this[declared], nodeDeclaration(node));
    return this;
  }

  after(...nodes: Node[]): this {
    for (const node of nodes) this.draft.addEdge(nodeDeclaration(node), this[declared]);
    return this;
  }
}

function taskArguments(given: unknown[]): { taskId: string; handler: TaskFunction | HumanInput; spec: TaskSpec } {
  const isNamed = typeof given[0] === 'string';
  const [handler, spec = {}] = (isNamed ? given.slice(1) : given) as [TaskFunction | HumanInput, TaskSpec?];
  if (typeof handler !== 'function' && !isHumanInput(handler)) {
    throw invalid(
      `dag.task(${isNamed ? `"${given[0]}"` : ''}) got no handler`,
      'Pass the function that does the work.',
    );
  }
  if (isNamed && spec.taskId !== undefined) {
    throw invalid(`task "${given[0]}" has a second id in its spec, "${spec.taskId}"`, 'Give the id once.');
  }
  const name = typeof handler === 'function' ? handler.name : '';
  const taskId = isNamed ? (given[0] as string) : (spec.taskId ?? name);
  if (!taskId) {
    throw invalid('a task has no id: its handler is anonymous', 'Write dag.task("id", handler), or name the function.');
  }
  if (typeof handler === 'function' && handler.length > 1) {
    throw invalid(
      `the handler of task "${taskId}" takes ${handler.length} arguments`,
      'A handler takes one object of named arguments: async ({ rows, region }) => ….',
    );
  }
  const { taskId: _given, ...rest } = spec;
  return { taskId, handler, spec: rest };
}

function operatorOf(handler: TaskFunction | HumanInput): string {
  if (!isHumanInput(handler)) return 'typescript';
  return handler.isApproval ? 'approval' : 'hitl';
}

const sensorChecks = {
  mode: isOneOf(['poke', 'reschedule']),
  pokeInterval: isNumber(0, 'seconds'),
  timeout: isNumber(0, 'seconds'),
  softFail: isFlag,
  exponentialBackoff: isFlag,
  maxWait: isNumber(0, 'seconds'),
};

function splitSensorSpec(taskId: string, spec: SensorSpec): { sensor: ReadyMade.SensorOptions; taskSpec: TaskSpec } {
  const isSensorKey = ([key]: [string, unknown]) => Object.hasOwn(sensorChecks, key);
  const entries = Object.entries(spec);
  const sensor = Object.fromEntries(entries.filter(isSensorKey));
  checkSpec(`sensor "${taskId}"`, sensor, sensorChecks);
  return { sensor, taskSpec: Object.fromEntries(entries.filter((entry) => !isSensorKey(entry))) };
}

function invalid(message: string, hint?: string): MillraceError {
  return new MillraceError('DAG_INVALID', message, hint === undefined ? {} : { hint });
}
