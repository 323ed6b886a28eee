import type { JsonObject } from '../../kernel/json.js';
import type { DataInterval, Instant } from '../../kernel/time.js';
import {
  type DagRunState,
  finishedStates,
  type RunType,
  type TaskInstanceState,
  type TriggeredBy,
} from '../model/states.js';
import type { DagPlan } from './plan.js';
import type { UpstreamCounts } from './trigger-rule.js';

/** The longest list that a task may be mapped over (Airflow's core.max_map_length). */
export const mapLengthMax = 1_024;

/** A task instance of a live run: the row, as the decisions see it. Changed only by `LiveRun.move` and friends. */
export interface LiveTaskInstance {
  readonly id: number;
  readonly run: LiveRun;
  readonly taskIndex: number;
  mapIndex: number;
  state: TaskInstanceState | null;
  tryNumber: number;
  maxTries: number;
  attemptId: string | null;
  scheduledAt: Instant | null;
  queuedAt: Instant | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
  dueAt: Instant | null;
  firstStartedAt: Instant | null;
  reason: string | null;
  error: string | null;
  pid: number | null;
  hostname: string | null;
  renderedMapIndex: string | null;
  triggerJson: string | null;
  eventJson: string | null;
  lostCount: number;
  /** The length of the list that it returned: null when it returned no list, undefined when it returned nothing. */
  returnLength: number | null | undefined;
  /** What a branch or a short circuit decided: kept, so that a cleared task downstream is skipped again. */
  skipMemo: SkipMemo | null;
  /** An attempt that was told to end and has not yet: until it has, no other may start. */
  lingering: string | null;
  /** What the store holds; the fence of the next write. Null when the row is not there yet. */
  stored: { state: TaskInstanceState | null; attemptId: string | null; mapIndex: number } | null;
}

export type SkipMemo = { followed: string[] } | { skipped: string[]; ignoreTriggerRules: boolean };

/** What is known of the run before this one; only asked for where a task looks back. */
export type PreviousRun =
  | { kind: 'unknown' }
  | { kind: 'none' }
  | { kind: 'live'; run: LiveRun }
  | { kind: 'finished'; states: ReadonlyMap<string, (TaskInstanceState | null)[]>; logicalDate: Instant };

export interface LiveRunRow {
  id: number;
  runId: string;
  runType: RunType;
  state: DagRunState;
  logicalDate: Instant | null;
  interval: DataInterval | null;
  runAfter: Instant;
  queuedAt: Instant | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
  conf: JsonObject;
  triggeredBy: TriggeredBy;
  triggeringUser: string | null;
  parent: { dagRunId: number; taskId: string; mapIndex: number } | null;
  backfillId: number | null;
  clearNumber: number;
  deadlineAt: Instant | null;
  reason: string | null;
  note: string | null;
}

const fields = 6;
const total = 5;

/** A run that is not finished (or is being changed by a person), with the counts that its decisions need. */
export class LiveRun {
  readonly plan: DagPlan;
  readonly row: LiveRunRow;
  /** By task number; the instance of a task that is not mapped (yet) has map index -1. */
  readonly instances: LiveTaskInstance[][];
  /** Instances of tasks that this version of the DAG does not have: all of them removed. */
  readonly formerInstances: { taskId: string; instance: LiveTaskInstance }[] = [];
  previous: PreviousRun = { kind: 'unknown' };
  /** A later run, perhaps of another version, waits for what becomes of this one. */
  isLookedBackAt = false;
  /** Queued, running and restarting task instances. */
  executing = 0;
  /** Per task number: those of it that execute. */
  readonly executingByTask: Int32Array;
  /** The row is in the store. */
  isStored: boolean;
  readonly #byState = new Map<TaskInstanceState | null, number>();
  /** Per task: whole upstream instances in success, failed, skipped, upstream_failed, removed; and all of them. */
  readonly #upstream: Int32Array;
  /** Per task: its own instances that have not finished. */
  readonly #unfinished: Int32Array;
  #leavesBroken = 0;

  constructor(plan: DagPlan, row: LiveRunRow, isStored: boolean) {
    this.plan = plan;
    this.row = row;
    this.isStored = isStored;
    this.instances = plan.tasks.map(() => []);
    this.#upstream = new Int32Array(plan.tasks.length * fields);
    this.#unfinished = new Int32Array(plan.tasks.length);
    this.executingByTask = new Int32Array(plan.tasks.length);
  }

  get dagId(): string {
    return this.plan.dag.dagId;
  }

  /** How many instances are in the state. */
  count(state: TaskInstanceState | null): number {
    return this.#byState.get(state) ?? 0;
  }

  get unfinished(): number {
    let count = 0;
    for (const [state, number] of this.#byState) if (!finishedStates.has(state)) count += number;
    return count;
  }

  /** How many instances of the task have not finished. */
  unfinishedOf(taskIndex: number): number {
    return this.#unfinished[taskIndex] as number;
  }

  /** How many leaves have failed, or wait for ever for what failed. */
  get leavesBroken(): number {
    return this.#leavesBroken;
  }

  instance(taskIndex: number, mapIndex: number): LiveTaskInstance | undefined {
    const all = this.instances[taskIndex] as LiveTaskInstance[];
    const guess = all[Math.max(mapIndex, 0)];
    return guess?.mapIndex === mapIndex ? guess : all.find((instance) => instance.mapIndex === mapIndex);
  }

  /** The counts that the trigger rule of the instance is about. */
  upstreamCounts(instance: LiveTaskInstance): UpstreamCounts {
    const at = instance.taskIndex * fields;
    const own = this.#upstream;
    const counts: UpstreamCounts = {
      success: own[at] as number,
      failed: own[at + 1] as number,
      skipped: own[at + 2] as number,
      upstreamFailed: own[at + 3] as number,
      removed: own[at + 4] as number,
      total: own[at + total] as number,
    };
    const plan = this.plan.tasks[instance.taskIndex];
    for (const above of plan?.sameIndexUpstream ?? []) this.#addSameIndex(counts, above, instance.mapIndex);
    return counts;
  }

  add(instance: LiveTaskInstance): void {
    (this.instances[instance.taskIndex] as LiveTaskInstance[]).push(instance);
    this.#weigh(instance.taskIndex, instance.state, 1);
  }

  /** Moves an instance to another state and every count with it. */
  move(instance: LiveTaskInstance, to: TaskInstanceState | null): void {
    if (instance.state === to) return;
    this.#weigh(instance.taskIndex, instance.state, -1);
    instance.state = to;
    this.#weigh(instance.taskIndex, to, 1);
  }

  /** Counts everything anew and says where that differs from the counts that were kept. For the debug check. */
  differences(): string[] {
    const fresh = new LiveRun(this.plan, this.row, this.isStored);
    for (const instance of this.instances.flat()) fresh.add(instance);
    const found: string[] = [];
    const compare = (name: string, kept: ArrayLike<number>, counted: ArrayLike<number>) => {
      for (let at = 0; at < kept.length; at++) {
        if (kept[at] !== counted[at])
          found.push(`${this.row.runId} ${name}[${at}]: kept ${kept[at]}, counted ${counted[at]}`);
      }
    };
    compare('upstream', this.#upstream, fresh.#upstream);
    compare('unfinished', this.#unfinished, fresh.#unfinished);
    compare('executing', this.executingByTask, fresh.executingByTask);
    compare('leaves', [this.#leavesBroken, this.unfinished], [fresh.#leavesBroken, fresh.unfinished]);
    return found;
  }

  #weigh(taskIndex: number, state: TaskInstanceState | null, by: 1 | -1): void {
    this.#byState.set(state, (this.#byState.get(state) ?? 0) + by);
    const plan = this.plan.tasks[taskIndex];
    const field = fieldOf(state);
    for (const below of plan?.wholeDownstream ?? []) {
      (this.#upstream[below * fields + total] as number) += by;
      if (field !== undefined) (this.#upstream[below * fields + field] as number) += by;
    }
    if (field === undefined) (this.#unfinished[taskIndex] as number) += by;
    if (state === 'queued' || state === 'running' || state === 'restarting') {
      this.executing += by;
      (this.executingByTask[taskIndex] as number) += by;
    }
    if ((state === 'failed' || state === 'upstream_failed') && this.plan.leaves.has(taskIndex))
      this.#leavesBroken += by;
  }

  #addSameIndex(counts: UpstreamCounts, above: number, mapIndex: number): void {
    const instance = this.instance(above, mapIndex);
    if (!instance) return;
    counts.total += 1;
    const name = countNames[fieldOf(instance.state) ?? total];
    if (name) counts[name] += 1;
  }
}

const countNames = ['success', 'failed', 'skipped', 'upstreamFailed', 'removed'] as const;

function fieldOf(state: TaskInstanceState | null): number | undefined {
  switch (state) {
    case 'success':
      return 0;
    case 'failed':
      return 1;
    case 'skipped':
      return 2;
    case 'upstream_failed':
      return 3;
    case 'removed':
      return 4;
    default:
      return undefined;
  }
}

/** A new task instance, as it is when its run is made. */
export function newTaskInstance(run: LiveRun, taskIndex: number, mapIndex: number, id: number): LiveTaskInstance {
  return {
    id,
    run,
    taskIndex,
    mapIndex,
    state: null,
    tryNumber: 0,
    maxTries: run.plan.tasks[taskIndex]?.task.retries ?? 0,
    attemptId: null,
    scheduledAt: null,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    dueAt: null,
    firstStartedAt: null,
    reason: null,
    error: null,
    pid: null,
    hostname: null,
    renderedMapIndex: null,
    triggerJson: null,
    eventJson: null,
    lostCount: 0,
    returnLength: undefined,
    skipMemo: null,
    lingering: null,
    stored: null,
  };
}
