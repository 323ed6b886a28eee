import type { AttemptRequest } from '../../scheduler/model/attempt.js';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import type { Witness } from './witness.js';

/**
 * The limits, held against the store and against what really lives. A limit that was lowered binds only as what is
 * above it ends: until then no more may run than ran before.
 */
export class Caps {
  readonly #parallelism: number;
  readonly #perDag = new Map<string, { maxActiveTasks: number; maxActiveRuns: number }>();
  readonly #poolCeilings = new Map<string, { includeDeferred: number; slots: number }>();

  constructor(parallelism: number) {
    this.#parallelism = parallelism;
  }

  /** Runs of earlier versions live on: the most generous version counts. */
  allow(dag: SerializedDag): void {
    const known = this.#perDag.get(dag.dagId);
    this.#perDag.set(dag.dagId, {
      maxActiveTasks: Math.max(known?.maxActiveTasks ?? 0, dag.maxActiveTasks),
      maxActiveRuns: Math.max(known?.maxActiveRuns ?? 0, dag.maxActiveRuns),
    });
  }

  /** The limits that the store says are broken. */
  broken(witness: Witness): string[] {
    return [...this.#brokenPools(witness), ...this.#brokenDags(witness)];
  }

  /** The limits that the attempts alive break. */
  brokenByAttempts(alive: Iterable<AttemptRequest>): string[] {
    const counts = new Map<string, { used: number; most: number }>();
    const count = (key: string, most: number | null) => {
      if (most === null) return;
      const known = counts.get(key);
      counts.set(key, { used: (known?.used ?? 0) + 1, most: Math.max(known?.most ?? 0, most) });
    };
    for (const request of alive) {
      if (request.taskInstanceId < 0) continue;
      const { task } = request;
      count('parallelism', this.#parallelism);
      count(`${request.dagId} ${task.taskId}`, task.maxActiveTisPerDag);
      count(`${request.dagId} ${request.runId} ${task.taskId}`, task.maxActiveTisPerDagrun);
    }
    return [...counts]
      .filter(([, { used, most }]) => used > most)
      .map(([key, { used, most }]) => `${key}: ${used} of ${most}`);
  }

  #brokenPools(witness: Witness): string[] {
    const pools = witness.read<{ name: string; slots: number; includeDeferred: number; used: number }>(
      `select p.name, p.slots, p.include_deferred as includeDeferred, (select coalesce(sum(ti.pool_slots), 0) from task_instance ti
         where ti.state in ('queued', 'running', 'restarting', 'deferred') and ti.pool = p.name
           and (ti.state <> 'deferred' or p.include_deferred = 1)) as used
       from pool p`,
    );
    return pools.flatMap(({ name, slots, includeDeferred, used }) => {
      const known = this.#poolCeilings.get(name);
      // What was there when the pool was made smaller, or began to count what is deferred, may stay.
      const isCountedAlike = known?.includeDeferred === includeDeferred;
      const ceiling = Math.max(slots, isCountedAlike ? known.slots : used);
      this.#poolCeilings.set(name, { includeDeferred, slots: Math.min(ceiling, Math.max(slots, used)) });
      return used > ceiling ? [`pool ${name}: ${used} of ${slots} slots`] : [];
    });
  }

  #brokenDags(witness: Witness): string[] {
    const broken: string[] = [];
    const runs = witness.read<{ dag_id: string; run_id: string; used: number }>(
      `select r.dag_id, r.run_id, count(*) as used from task_instance ti join dag_run r on r.id = ti.dag_run_id
       where ti.state in ('queued', 'running', 'restarting') group by r.id`,
    );
    for (const { dag_id, run_id, used } of runs) {
      const most = this.#perDag.get(dag_id)?.maxActiveTasks ?? Infinity;
      if (used > most) broken.push(`max_active_tasks of ${dag_id} ${run_id}: ${used} of ${most}`);
    }
    const dags = witness.read<{ dag_id: string; backfill_id: number | null; most: number | null; used: number }>(
      `select r.dag_id, r.backfill_id, b.max_active_runs as most, count(*) as used from dag_run r
       left join backfill b on b.id = r.backfill_id
       where r.state = 'running' and b.completed_at is null group by r.dag_id, r.backfill_id`,
    );
    for (const { dag_id, backfill_id, most: own, used } of dags) {
      const most = own ?? this.#perDag.get(dag_id)?.maxActiveRuns ?? Infinity;
      if (used > most) broken.push(`max_active_runs of ${dag_id}, backfill ${backfill_id}: ${used} of ${most}`);
    }
    return broken;
  }
}
