import type { CompiledQuery } from 'kysely';
import type { Instant } from '../../kernel/time.js';
import { type LiveRun, type LiveTaskInstance, newTaskInstance } from '../decide/live-run.js';
import type { SchedulerEvent } from '../model/events.js';
import { type DagRunState, finishedStates, type TaskInstanceState } from '../model/states.js';
import type { Script } from '../store/driver.js';
import { run as execute } from '../store/driver.js';
import { insertDagRun, updateDagRun } from '../store/transitions/write-dag-run.js';
import { clearXComs, type EventLogRow, logEvent } from '../store/transitions/write-effects.js';
import { addEmail, type NewEmail } from '../store/transitions/write-email.js';
import { type HistoryRow, historyOf, insertHistory } from '../store/transitions/write-history.js';
import { insertTaskInstance, updateTaskInstance } from '../store/transitions/write-task-instance.js';
import type { LiveState } from './live-state.js';

/** What else changes with a task instance that moves. */
export type InstanceChange = Partial<
  Pick<
    LiveTaskInstance,
    | 'tryNumber'
    | 'maxTries'
    | 'attemptId'
    | 'scheduledAt'
    | 'queuedAt'
    | 'startedAt'
    | 'endedAt'
    | 'dueAt'
    | 'firstStartedAt'
    | 'error'
    | 'pid'
    | 'hostname'
    | 'renderedMapIndex'
    | 'triggerJson'
    | 'eventJson'
    | 'lostCount'
    | 'returnLength'
    | 'skipMemo'
  >
>;

/** The store no longer holds what the scheduler last wrote: what was decided from it is stale. */
export class StaleWrite extends Error {}

/**
 * One turn of the scheduler: applies transitions to what is alive and collects what they write, so that all of it
 * commits together. Events and attempts leave only after the commit.
 */
export class Turn {
  readonly now: Instant;
  /** The server ends in order: what that interrupts is nobody's fault, and is not counted. */
  readonly isStopping: boolean;
  readonly live: LiveState;
  readonly events: SchedulerEvent[] = [];
  /** Task instances whose attempts are handed out after the commit. */
  readonly queued: LiveTaskInstance[] = [];
  /** Attempts to end after the commit. */
  readonly cancels: { attemptId: string; reason: string }[] = [];
  /** Attempts that are over: forgotten after the commit, for a turn that does not commit takes their reports again. */
  readonly endedAttempts: string[] = [];
  /** Keys of callbacks to call after the commit. */
  readonly callbacks: string[] = [];
  /** Runs whose previous run is to be looked up after the commit. */
  readonly wantsPrevious: LiveRun[] = [];
  /** Tasks to decide on, per run: by number, all instances or only those listed. */
  /** Runs that what arrived names: read beforehand when they are not alive. Key: DAG id, line feed, run id. */
  readonly known = new Map<string, LiveRun>();
  readonly touched = new Map<LiveRun, Map<number, Set<LiveTaskInstance> | 'all'>>();
  readonly touchedDags = new Set<string>();
  readonly #newRuns = new Set<LiveRun>();
  readonly #changedRuns = new Set<LiveRun>();
  readonly #newInstances: LiveTaskInstance[] = [];
  readonly #changedInstances = new Set<LiveTaskInstance>();
  readonly #history: HistoryRow[] = [];
  readonly #writes: CompiledQuery[] = [];
  readonly #lastWrites: CompiledQuery[] = [];
  readonly #scripts: (() => Script<void>)[] = [];

  constructor(live: LiveState, now: Instant, isStopping = false) {
    this.live = live;
    this.now = now;
    this.isStopping = isStopping;
  }

  get isEmpty(): boolean {
    return (
      this.#newRuns.size + this.#changedRuns.size + this.#newInstances.length + this.#changedInstances.size === 0 &&
      this.#history.length + this.#writes.length + this.#lastWrites.length + this.#scripts.length === 0
    );
  }

  /** Moves a task instance, keeps every count in step, and touches what depends on it. */
  move(instance: LiveTaskInstance, to: TaskInstanceState | null, reason: string, change: InstanceChange = {}): void {
    const from = instance.state;
    const { run } = instance;
    Object.assign(instance, change);
    instance.reason = reason;
    this.#changedInstances.add(instance);
    if (from === to) return;
    run.move(instance, to);
    this.live.board.moved(instance, from, to);
    if (from === 'deferred') this.live.deferred.delete(instance.id);
    if (to === 'deferred') this.live.deferred.set(instance.id, instance);
    if (finishedStates.has(to) || finishedStates.has(from)) this.touchDownstream(instance);
    this.touch(run);
    const plan = run.plan.tasks[instance.taskIndex] as (typeof run.plan.tasks)[number];
    this.events.push({
      kind: 'task_instance',
      at: this.now,
      dagId: run.dagId,
      runId: run.row.runId,
      taskId: plan.task.taskId,
      mapIndex: instance.mapIndex,
      tryNumber: instance.tryNumber,
      from,
      to,
      reason,
    });
  }

  /** Keeps the try that has ended, before the next one overwrites it. */
  keepHistory(instance: LiveTaskInstance): void {
    this.#history.push(historyOf(instance));
  }

  moveRun(run: LiveRun, to: DagRunState, reason: string, change: Partial<LiveRun['row']> = {}): void {
    const from = run.row.state;
    Object.assign(run.row, change, { state: to, reason });
    this.changedRun(run);
    this.touchedDags.add(run.dagId);
    if (from === to) return;
    // A run that is not alive is counted when it comes alive.
    const isAlive = this.live.runs.get(run.row.id) === run;
    if (isAlive) this.live.dags.get(run.dagId)?.runMoved(run, from, to, this.live.ordinalsOf(run));
    this.#runEvent(run, from, to, reason);
  }

  /** How many runs this turn has made. */
  get runsMade(): number {
    return this.#newRuns.size;
  }

  /** Adds a new run; its task instances follow by `addInstance`. */
  addRun(run: LiveRun, reason: string): void {
    run.row.reason = reason;
    this.live.addRun(run);
    this.#newRuns.add(run);
    this.touchedDags.add(run.dagId);
    this.#runEvent(run, null, run.row.state, reason);
  }

  addInstance(run: LiveRun, taskIndex: number, mapIndex: number): LiveTaskInstance {
    this.live.ids.taskInstance += 1;
    const instance = newTaskInstance(run, taskIndex, mapIndex, this.live.ids.taskInstance);
    run.add(instance);
    this.#newInstances.push(instance);
    return instance;
  }

  changedRun(run: LiveRun): void {
    if (!this.#newRuns.has(run)) this.#changedRuns.add(run);
  }

  changedInstance(instance: LiveTaskInstance): void {
    this.#changedInstances.add(instance);
  }

  /** Another object stands for the task instance from now on: what this turn has changed of it is written from that. */
  replace(old: LiveTaskInstance, instance: LiveTaskInstance): void {
    if (this.#changedInstances.delete(old)) this.#changedInstances.add(instance);
    const at = this.#newInstances.indexOf(old);
    if (at >= 0) this.#newInstances[at] = instance;
  }

  write(query: CompiledQuery): void {
    this.#writes.push(query);
  }

  /** As `write`, after the rows of new runs are there to be referred to. */
  lastly(query: CompiledQuery): void {
    this.#lastWrites.push(query);
  }

  script(script: () => Script<void>): void {
    this.#scripts.push(script);
  }

  /** Puts an e-mail into the outbox; its event follows the commit. */
  email(email: NewEmail): void {
    const { now, events } = this;
    this.script(function* () {
      const emailId = yield* addEmail(email);
      if (emailId !== null) events.push({ kind: 'email', at: now, emailId });
    });
  }

  log(row: Omit<EventLogRow, 'at' | 'extra_json'> & { extra?: unknown }): void {
    const { extra, ...rest } = row;
    this.write(logEvent({ ...rest, at: this.now, extra_json: JSON.stringify(extra ?? {}) }));
  }

  clearXComsOf(instance: LiveTaskInstance): void {
    const plan = instance.run.plan.tasks[instance.taskIndex] as (typeof instance.run.plan.tasks)[number];
    instance.returnLength = undefined;
    this.write(
      clearXComs({ dag_run_id: instance.run.row.id, task_id: plan.task.taskId, map_index: instance.mapIndex }),
    );
  }

  /** The run is looked at again: tasks given are decided on, and its final state is asked for. */
  touch(run: LiveRun, taskIndex?: number, instance?: LiveTaskInstance): void {
    const tasks = this.touched.get(run) ?? new Map<number, Set<LiveTaskInstance> | 'all'>();
    this.touched.set(run, tasks);
    if (taskIndex === undefined) return;
    const known = tasks.get(taskIndex);
    if (known === 'all') return;
    if (!instance) tasks.set(taskIndex, 'all');
    else tasks.set(taskIndex, (known ?? new Set<LiveTaskInstance>()).add(instance));
  }

  touchAll(run: LiveRun): void {
    for (const plan of run.plan.tasks) this.touch(run, plan.index);
  }

  /** Everything that the turn changed, as one script. */
  *changes(): Script<void> {
    // A new run refers to its version, which may be as new; nothing in the writes refers to a new run.
    for (const row of this.#history) yield* execute(insertHistory(row));
    for (const query of this.#writes) yield* execute(query);
    for (const run of this.#newRuns) yield* execute(insertDagRun(run));
    for (const run of this.#changedRuns) yield* execute(updateDagRun(run));
    for (const instance of this.#newInstances) yield* execute(insertTaskInstance(instance, this.now));
    for (const instance of this.#changedInstances) {
      if (instance.stored === null) continue;
      const changed = yield* execute(updateTaskInstance(instance, this.now));
      if (changed !== 1) throw new StaleWrite(`task instance ${instance.id} is no longer as it was read`);
    }
    for (const query of this.#lastWrites) yield* execute(query);
    for (const script of this.#scripts) yield* script();
  }

  /** Remembers what the store now holds: the fence of the next write. */
  markStored(): void {
    for (const run of this.#newRuns) run.isStored = true;
    for (const instance of this.#newInstances) this.#stored(instance);
    for (const instance of this.#changedInstances) this.#stored(instance);
  }

  #stored(instance: LiveTaskInstance): void {
    const { state, attemptId, mapIndex } = instance;
    instance.stored = { state, attemptId, mapIndex };
  }

  /** A run by its ids: alive, or read beforehand. */
  findRun(dagId: string, runId: string): LiveRun | undefined {
    return this.live.findRun(dagId, runId) ?? this.known.get(`${dagId}\n${runId}`);
  }

  /** A run by its logical date: alive, or read beforehand. */
  findRunOfDate(dagId: string, logicalDate: Instant): LiveRun | undefined {
    const alive = this.live.dags.get(dagId)?.runs ?? [];
    for (const run of [...alive, ...this.known.values()]) {
      if (run.dagId === dagId && run.row.logicalDate === logicalDate) return run;
    }
    return undefined;
  }

  touchDownstream(instance: LiveTaskInstance): void {
    const { run } = instance;
    const plan = run.plan.tasks[instance.taskIndex] as (typeof run.plan.tasks)[number];
    if (run.isLookedBackAt || this.live.runs.get(run.row.id) !== run) this.#touchSuccessors(instance);
    for (const below of plan.wholeDownstream) this.touch(run, below);
    for (const within of plan.indirectScope) this.touch(run, within);
    for (const below of plan.sameIndexDownstream) {
      const partner = run.instance(below, instance.mapIndex);
      this.touch(run, below, partner);
    }
  }

  /**
   * The same task, and those before it that wait for it, in the run that looks back at this one. A run that is over and
   * is changed by hand is read anew by those that remember it.
   */
  #touchSuccessors(instance: LiveTaskInstance): void {
    const { run } = instance;
    const plan = run.plan.tasks[instance.taskIndex] as (typeof run.plan.tasks)[number];
    const isAlive = this.live.runs.get(run.row.id) === run;
    for (const other of this.live.dags.get(run.dagId)?.runs ?? []) {
      const { previous } = other;
      if (!isAlive && previous.kind === 'finished' && previous.logicalDate === run.row.logicalDate) {
        other.previous = { kind: 'unknown' };
        this.wantsPrevious.push(other);
      }
      if (previous.kind !== 'live' || previous.run !== run) continue;
      for (const index of [instance.taskIndex, ...plan.upstream]) {
        const theirs = other.plan.indexOf.get(run.plan.tasks[index]?.task.taskId ?? '');
        if (theirs !== undefined) this.touch(other, theirs);
      }
    }
  }

  #runEvent(run: LiveRun, from: DagRunState | null, to: DagRunState, reason: string): void {
    this.events.push({ kind: 'dag_run', at: this.now, dagId: run.dagId, runId: run.row.runId, from, to, reason });
  }
}
