import type { TaskInstanceState } from '../model/states.js';
import { Heap } from './heap.js';
import type { LiveTaskInstance } from './live-run.js';

export interface Pool {
  name: string;
  /** -1 = without limit. */
  slots: number;
  includeDeferred: boolean;
}

/** What stands between a scheduled task instance and a worker, most general last. */
interface Limit {
  key: string;
  limit: number;
  used: number;
  reason: string;
}

interface Candidate {
  instance: LiveTaskInstance;
  weight: number;
  logicalDate: number;
  /** The limit that it waited for last. */
  parkedAt: string | null;
}

/**
 * Who is next: scheduled task instances by priority, and every limit between them and a worker. One that a limit holds
 * back is put aside under that limit and looked at again only when the limit has room: a turn costs what changed, and
 * not how many wait.
 */
export class SlotBoard {
  readonly #pools = new Map<string, Pool>();
  readonly #used = new Map<string, number>();
  readonly #ready = new Heap<Candidate>(before);
  readonly #parked = new Map<string, Heap<Candidate>>();
  readonly #freed = new Set<string>();
  /** Per pool: how many slots those that wait for it need; each size waits apart, so that a small one passes a large one. */
  readonly #sizes = new Map<string, Set<number>>();
  #parallelism: number;
  #executing = 0;

  constructor(parallelism: number, pools: Iterable<Pool>) {
    this.#parallelism = parallelism;
    for (const pool of pools) this.#pools.set(pool.name, pool);
  }

  get executing(): number {
    return this.#executing;
  }

  /**
   * Replaces the pools; what waited for one of them is looked at again. `deferred` are all deferred task instances: a
   * pool may begin to count them, or cease to.
   */
  setPools(pools: Iterable<Pool>, deferred: Iterable<LiveTaskInstance>): void {
    const before = new Map(this.#pools);
    this.#pools.clear();
    for (const pool of pools) this.#pools.set(pool.name, pool);
    for (const instance of deferred) {
      const { pool, poolSlots } = planOf(instance).task;
      const counted = before.get(pool)?.includeDeferred === true;
      const counts = this.#pools.get(pool)?.includeDeferred === true;
      if (counted !== counts) this.#usePool(pool, counts ? poolSlots : -poolSlots);
    }
    for (const key of this.#parked.keys()) this.#freed.add(key);
  }

  /** Keeps the counts in step with a task instance that moves. */
  moved(instance: LiveTaskInstance, from: TaskInstanceState | null, to: TaskInstanceState | null): void {
    const was = isExecuting(from);
    const is = isExecuting(to);
    const { task } = planOf(instance);
    if (was !== is) {
      this.#executing += is ? 1 : -1;
      this.#use(taskKey(instance), is ? 1 : -1);
    }
    const pool = this.#pools.get(task.pool);
    const held = was || (from === 'deferred' && pool?.includeDeferred === true);
    const holds = is || (to === 'deferred' && pool?.includeDeferred === true);
    if (held !== holds) this.#usePool(task.pool, holds ? task.poolSlots : -task.poolSlots);
    if (was && !is) {
      for (const key of [runKey(instance), runTaskKey(instance)]) this.#free(key);
    }
    if (to === 'scheduled') this.offer(instance);
  }

  /** Puts a scheduled task instance among those that wait for a worker. */
  offer(instance: LiveTaskInstance): void {
    this.#ready.push({
      instance,
      weight: planOf(instance).priorityWeight,
      logicalDate: instance.run.row.logicalDate ?? instance.run.row.runAfter,
      parkedAt: null,
    });
  }

  /** An attempt that was told to end has ended: its task instance may have another. */
  settled(instance: LiveTaskInstance): void {
    this.#free(lingeringKey(instance));
  }

  /**
   * The next task instance that may be queued, best first, or undefined; up to `lookAhead` more than may run at a time.
   * The caller moves it before it asks again.
   */
  take(isHeld: (instance: LiveTaskInstance) => string | null, lookAhead = 0): LiveTaskInstance | undefined {
    this.#unpark();
    while (this.#executing < this.#parallelism + lookAhead) {
      const candidate = this.#ready.pop();
      if (!candidate) return undefined;
      const { instance } = candidate;
      if (instance.state !== 'scheduled') {
        this.#replace(candidate, null);
        continue;
      }
      const full = this.#fullLimit(instance, isHeld);
      if (!full) {
        this.#replace(candidate, null);
        return instance;
      }
      this.#replace(candidate, full.key);
      this.#noteSize(instance);
      candidate.parkedAt = full.key;
      this.#parkedAt(full.key).push(candidate);
    }
    return undefined;
  }

  /** What holds a scheduled task instance back, in a sentence; null when only the number of workers does. */
  hindrance(instance: LiveTaskInstance, isHeld: (instance: LiveTaskInstance) => string | null): string | null {
    return this.#fullLimit(instance, isHeld)?.reason ?? null;
  }

  /** What a paused DAG held back may go on. */
  release(dagId: string): void {
    this.#free(heldKey(dagId));
  }

  /** Counts the slots anew and says where that differs from what was kept. */
  differences(alive: readonly LiveTaskInstance[]): string[] {
    const fresh = new SlotBoard(this.#parallelism, this.#pools.values());
    for (const instance of alive) fresh.moved(instance, null, instance.state);
    const keys = new Set([...fresh.#used.keys(), ...this.#used.keys()]);
    const wrong = [...keys].filter((key) => fresh.#used.get(key) !== this.#used.get(key));
    const found = wrong.map((key) => `slots of ${key}: kept ${this.#used.get(key)}, counted ${fresh.#used.get(key)}`);
    if (fresh.#executing !== this.#executing)
      found.push(`executing: kept ${this.#executing}, counted ${fresh.#executing}`);
    return found;
  }

  get parallelism(): number {
    return this.#parallelism;
  }

  #fullLimit(instance: LiveTaskInstance, isHeld: (instance: LiveTaskInstance) => string | null): Limit | undefined {
    const held = isHeld(instance);
    if (held) return { key: heldKey(instance.run.dagId), limit: 0, used: 0, reason: held };
    if (instance.lingering) {
      return { key: lingeringKey(instance), limit: 0, used: 1, reason: 'its attempt before has not ended yet' };
    }
    const { task } = planOf(instance);
    const { run } = instance;
    const limits: (Limit | null)[] = [
      this.#poolLimit(task.pool, task.poolSlots),
      limit(runKey(instance), run.plan.dag.maxActiveTasks, run.executing, 'max_active_tasks of the DAG'),
      limit(
        runTaskKey(instance),
        task.maxActiveTisPerDagrun,
        run.executingByTask[instance.taskIndex] as number,
        'max_active_tis_per_dagrun of the task',
      ),
      limit(
        taskKey(instance),
        task.maxActiveTisPerDag,
        this.#used.get(taskKey(instance)) ?? 0,
        'max_active_tis_per_dag of the task',
      ),
    ];
    for (const one of limits) if (one && one.used >= one.limit) return one;
    return undefined;
  }

  #poolLimit(name: string, slots: number): Limit | null {
    const pool = this.#pools.get(name);
    const key = `${poolKey(name)} ${slots}`;
    if (!pool) return { key, limit: 0, used: 0, reason: `there is no pool ${name}` };
    if (pool.slots < 0) return null;
    if (slots > pool.slots) {
      return { key, limit: 0, used: 0, reason: `it needs ${slots} slots, and the pool ${name} has ${pool.slots}` };
    }
    const used = this.#used.get(poolKey(name)) ?? 0;
    const reason = `${used} of ${pool.slots} slots of the pool ${name} are taken, and it needs ${slots}`;
    return { key, limit: pool.slots - slots + 1, used, reason };
  }

  #usePool(name: string, by: number): void {
    this.#use(poolKey(name), by);
    if (by < 0) for (const slots of this.#sizes.get(name) ?? []) this.#free(`${poolKey(name)} ${slots}`);
  }

  #use(key: string, by: number): void {
    const used = (this.#used.get(key) ?? 0) + by;
    if (used === 0) this.#used.delete(key);
    else this.#used.set(key, used);
    if (by < 0) this.#free(key);
  }

  #free(key: string): void {
    if (this.#parked.has(key)) this.#freed.add(key);
  }

  /** The best of those that waited for a limit comes back; when it goes no further, the next one does (`#replace`). */
  #unpark(): void {
    for (const key of this.#freed) this.#bringBack(key);
    this.#freed.clear();
  }

  #bringBack(key: string): void {
    const heap = this.#parked.get(key);
    const candidate = heap?.pop();
    if (heap?.size === 0) this.#parked.delete(key);
    if (candidate) this.#ready.push(candidate);
  }

  /** A candidate that came back from a limit leaves its place in it unused, or took it: the next may try. */
  #replace(candidate: Candidate, next: string | null): void {
    if (candidate.parkedAt !== null && candidate.parkedAt !== next) this.#bringBack(candidate.parkedAt);
  }

  #noteSize(instance: LiveTaskInstance): void {
    const { pool, poolSlots } = planOf(instance).task;
    const sizes = this.#sizes.get(pool) ?? new Set();
    this.#sizes.set(pool, sizes.add(poolSlots));
  }

  #parkedAt(key: string): Heap<Candidate> {
    const known = this.#parked.get(key);
    if (known) return known;
    const heap = new Heap<Candidate>(before);
    this.#parked.set(key, heap);
    return heap;
  }
}

function limit(key: string, most: number | null, used: number, name: string): Limit | null {
  return most === null
    ? null
    : { key, limit: most, used, reason: `${used} ${used === 1 ? 'runs' : 'run'}, and ${name} is ${most}` };
}

/** Airflow's order: weight, then the older logical date, then the map index; the row id makes it total. */
function before(a: Candidate, b: Candidate): number {
  return (
    b.weight - a.weight ||
    a.logicalDate - b.logicalDate ||
    a.instance.mapIndex - b.instance.mapIndex ||
    a.instance.id - b.instance.id
  );
}

function isExecuting(state: TaskInstanceState | null): boolean {
  return state === 'queued' || state === 'running' || state === 'restarting';
}

function planOf(instance: LiveTaskInstance) {
  const plan = instance.run.plan.tasks[instance.taskIndex];
  if (!plan) throw new RangeError(`no task ${instance.taskIndex} in ${instance.run.dagId}`);
  return plan;
}

const poolKey = (name: string) => `pool ${name}`;
const heldKey = (dagId: string) => `held ${dagId}`;
const runKey = (instance: LiveTaskInstance) => `run ${instance.run.row.id}`;
const runTaskKey = (instance: LiveTaskInstance) => `run ${instance.run.row.id} task ${instance.taskIndex}`;
const taskKey = (instance: LiveTaskInstance) => `task ${instance.run.dagId} ${planOf(instance).task.taskId}`;
const lingeringKey = (instance: LiveTaskInstance) => `attempt ${instance.id}`;
