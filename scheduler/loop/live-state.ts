import type { DataInterval, Instant } from '../../kernel/time.js';
import { Heap } from '../decide/heap.js';
import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import { type DagPlan, planOf } from '../decide/plan.js';
import { type Pool, SlotBoard } from '../decide/slots.js';
import type { SerializedDag } from '../model/dag.js';
import { type DagRunState, finishedStates } from '../model/states.js';
import { type NextRun, type Timetable, timetableOf } from '../timetable/timetable.js';
import type { LiveCallback } from './callbacks.js';

/** A DAG as the scheduler keeps it in memory: its latest version, and when it is due. */
export class LiveDag {
  readonly dagId: string;
  fileloc: string;
  isPaused: boolean;
  isStale: boolean;
  version: DagVersion;
  timetable: Timetable;
  /** The interval of the latest scheduled run. */
  lastInterval: DataInterval | null;
  next: NextRun | null = null;
  /** The instant of the latest timer that was set for `next`. */
  armedFor: Instant | null = null;
  /** The instant of the latest timer that was set for a run that waits for its time. */
  wakesAt: Instant | null = null;
  /** Queued and running runs, in no particular order. */
  readonly runs = new Set<LiveRun>();
  /** Logical dates after the last scheduled run that a run of another kind has taken. */
  readonly takenDates = new Set<Instant>();
  /** Assets that were written since the last run that waited for them, by URI, and when. */
  readonly queuedAssets = new Map<string, Instant>();
  /** Runs that have failed one after another, the latest ones; counted where the DAG has a limit of them. */
  failuresInRow = 0;
  /** Runs that wait to start; per backfill, null for all others. Some may have left that state since. */
  readonly #waiting = new Map<number | null, Heap<LiveRun>>();
  readonly #counts = new Map<string, number>();

  constructor(row: {
    dagId: string;
    fileloc: string;
    isPaused: boolean;
    isStale: boolean;
    version: DagVersion;
    lastInterval: DataInterval | null;
  }) {
    this.dagId = row.dagId;
    this.fileloc = row.fileloc;
    this.isPaused = row.isPaused;
    this.isStale = row.isStale;
    this.version = row.version;
    this.timetable = timetableOf(row.version.dag);
    this.lastInterval = row.lastInterval;
  }

  setVersion(version: DagVersion): void {
    this.version = version;
    this.timetable = timetableOf(version.dag);
  }

  /** How many runs may be active at a time, backfills aside. */
  get maxActiveRuns(): number {
    return this.version.dag.schedule.kind === 'continuous' ? 1 : this.version.dag.maxActiveRuns;
  }

  /** Live runs in the state, of the backfill or of none. */
  count(state: DagRunState, backfillId: number | null): number {
    return this.#counts.get(`${state} ${backfillId}`) ?? 0;
  }

  /** Keeps the counts in step with a run that comes, moves or goes (null). */
  runMoved(
    run: LiveRun,
    from: DagRunState | null,
    to: DagRunState | null,
    ordinals?: ReadonlyMap<number, number>,
  ): void {
    const { backfillId } = run.row;
    if (from) this.#counts.set(`${from} ${backfillId}`, this.count(from, backfillId) - 1);
    if (to) this.#counts.set(`${to} ${backfillId}`, this.count(to, backfillId) + 1);
    if (to !== 'queued') return;
    const order = ordinals ? ordinalBefore(ordinals) : startsBefore;
    const heap = this.#waiting.get(backfillId) ?? new Heap<LiveRun>(order);
    heap.push(run);
    this.#waiting.set(backfillId, heap);
  }

  /** Counts anew and says where that differs from the counts that were kept. */
  differences(): string[] {
    const fresh = new Map<string, number>();
    for (const { row } of this.runs) {
      const key = `${row.state} ${row.backfillId}`;
      fresh.set(key, (fresh.get(key) ?? 0) + 1);
    }
    return [...new Set([...fresh.keys(), ...this.#counts.keys()])]
      .filter((key) => (fresh.get(key) ?? 0) !== (this.#counts.get(key) ?? 0))
      .map((key) => `runs of ${this.dagId} ${key}: kept ${this.#counts.get(key)}, counted ${fresh.get(key)}`);
  }

  /** The groups of runs that wait to start, each in the order in which they may. */
  waiting(): Iterable<[backfillId: number | null, Heap<LiveRun>]> {
    return this.#waiting;
  }
}

/** A backfill has an order of its own. */
function ordinalBefore(ordinals: ReadonlyMap<number, number>) {
  return (a: LiveRun, b: LiveRun) => (ordinals.get(a.row.id) ?? 0) - (ordinals.get(b.row.id) ?? 0);
}

function startsBefore(a: LiveRun, b: LiveRun): number {
  return a.row.runAfter - b.row.runAfter || a.row.id - b.row.id;
}

/** A version of a DAG; its plan is worked out when the first run needs it, and shared by all of them. */
export class DagVersion {
  readonly id: number;
  readonly number: number;
  readonly bundleHash: string;
  readonly dag: SerializedDag;
  #plan: DagPlan | undefined;

  constructor(row: { id: number; number: number; bundleHash: string; dag: SerializedDag }) {
    this.id = row.id;
    this.number = row.number;
    this.bundleHash = row.bundleHash;
    this.dag = row.dag;
  }

  get plan(): DagPlan {
    this.#plan ??= planOf(this.dag, this.id);
    return this.#plan;
  }
}

export interface LiveBackfill {
  id: number;
  dagId: string;
  isPaused: boolean;
  maxActiveRuns: number;
  /** The run that looks at none before it. */
  firstRunId: number | null;
  /** The place of each run in the order of the backfill, by row id. */
  ordinals: Map<number, number>;
}

/** Something that is due at a point in time. What is due has often changed by then: whoever takes it looks again. */
export interface Timer {
  at: Instant;
  order: number;
  due:
    | { kind: 'dag'; dagId: string }
    | { kind: 'task_instance'; instance: LiveTaskInstance }
    | { kind: 'run'; run: LiveRun };
}

/** All that is alive: DAGs, unfinished runs, attempts under way, what is due when. Rebuilt from the store at start. */
export class LiveState {
  readonly dags = new Map<string, LiveDag>();
  readonly runs = new Map<number, LiveRun>();
  /** Versions that the latest one of a DAG or a live run uses, by row id. */
  readonly versions = new Map<number, DagVersion>();
  /** Backfills that have not completed, by row id. */
  readonly backfills = new Map<number, LiveBackfill>();
  /** Calls of callbacks that are still to be made, by key. */
  readonly callbacks = new Map<string, LiveCallback>();
  /** Task instances that wait for triggers, by row id. */
  readonly deferred = new Map<number, LiveTaskInstance>();
  /** Attempts handed out and not reported as over, by attempt id. */
  readonly attempts = new Map<string, LiveTaskInstance>();
  readonly board: SlotBoard;
  readonly timers = new Heap<Timer>((a, b) => a.at - b.at || a.order - b.order);
  readonly ids = { dagRun: 0, taskInstance: 0, dagVersion: 0, backfill: 0 };
  readonly #byRunId = new Map<string, LiveRun>();
  #timerOrder = 0;

  constructor(parallelism: number, pools: Iterable<Pool>) {
    this.board = new SlotBoard(parallelism, pools);
  }

  findRun(dagId: string, runId: string): LiveRun | undefined {
    return this.#byRunId.get(runKey(dagId, runId));
  }

  /** A run is alive from now on. The attempts of its task instances that are still under way belong to it. */
  addRun(run: LiveRun): void {
    this.#adoptAttempts(run);
    this.runs.set(run.row.id, run);
    this.#byRunId.set(runKey(run.dagId, run.row.runId), run);
    const dag = this.dags.get(run.dagId);
    dag?.runs.add(run);
    dag?.runMoved(run, null, run.row.state, this.ordinalsOf(run));
  }

  /** The order of the backfill that the run is of. */
  ordinalsOf(run: LiveRun): ReadonlyMap<number, number> | undefined {
    return run.row.backfillId === null ? undefined : this.backfills.get(run.row.backfillId)?.ordinals;
  }

  #adoptAttempts(run: LiveRun): void {
    for (const [attemptId, owner] of this.attempts) {
      if (owner.run.row.id !== run.row.id) continue;
      const instance = [...run.instances.flat(), ...run.formerInstances.map((former) => former.instance)].find(
        ({ id }) => id === owner.id,
      );
      if (!instance) continue;
      this.attempts.set(attemptId, instance);
      if (instance.attemptId !== attemptId || finishedStates.has(instance.state)) instance.lingering = attemptId;
    }
  }

  /** A finished run leaves memory. */
  removeRun(run: LiveRun): void {
    if (this.runs.get(run.row.id) !== run) return;
    this.runs.delete(run.row.id);
    this.#byRunId.delete(runKey(run.dagId, run.row.runId));
    const dag = this.dags.get(run.dagId);
    dag?.runs.delete(run);
    dag?.runMoved(run, run.row.state, null);
  }

  at(instant: Instant, due: Timer['due']): void {
    this.timers.push({ at: instant, order: this.#timerOrder++, due });
  }
}

function runKey(dagId: string, runId: string): string {
  return `${dagId}\n${runId}`;
}
