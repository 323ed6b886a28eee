import Database from 'better-sqlite3';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import type { SchedulerEvent } from '../../scheduler/model/events.js';
import type { TaskInstanceState } from '../../scheduler/model/states.js';
import { illegalEdge } from './edges.js';
import { type StatesOf, wronglyEnded, wronglyScheduled, wronglyUpstreamFailed } from './rules.js';

type TaskEvent = Extract<SchedulerEvent, { kind: 'task_instance' }>;
type RunEvent = Extract<SchedulerEvent, { kind: 'dag_run' }>;

interface SeenRun {
  dag: SerializedDag;
  /** By task, then by map index. */
  states: Map<string, Map<number, TaskInstanceState | null>>;
  /** Another version since it was last seen: what came before that cannot be judged by this one. */
  isRebased: boolean;
}

/**
 * Reads the store on a connection of its own, hears of every transition, and judges each by the states that held when
 * it was decided: it takes the rows as the turn left them and undoes the turn's transitions one by one.
 */
export class Witness {
  readonly #database: Database.Database;
  readonly #report: (breach: string) => void;
  readonly #versions = new Map<number, SerializedDag>();
  readonly #versionOf = new Map<string, number>();
  /** Tries that have ended as failures, by task instance: none of them is ever handed out again. */
  readonly #failedTries = new Map<string, number>();
  #events: (TaskEvent | RunEvent)[] = [];
  judged = 0;

  constructor(path: string, report: (breach: string) => void) {
    this.#database = new Database(path, { readonly: true });
    this.#report = report;
  }

  close(): void {
    this.#database.close();
  }

  read<Row>(sql: string, ...parameters: unknown[]): Row[] {
    return this.#statement(sql).all(...parameters) as Row[];
  }

  /** To be called with each event as it comes; those of one turn come together. */
  hear(event: SchedulerEvent): void {
    if (event.kind !== 'task_instance' && event.kind !== 'dag_run') return;
    if (this.#events.length === 0) queueMicrotask(() => this.#judgeTurn());
    this.#events.push(event);
  }

  #judgeTurn(): void {
    const events = this.#events;
    this.#events = [];
    const runs = new Map<string, SeenRun | null>();
    for (const event of events) {
      const key = `${event.dagId}\n${event.runId}`;
      if (!runs.has(key)) runs.set(key, this.#seenRun(event.dagId, event.runId));
    }
    for (const event of events.toReversed()) {
      const run = runs.get(`${event.dagId}\n${event.runId}`);
      if (!run) continue;
      this.judged += 1;
      const wrong = event.kind === 'dag_run' ? this.#judgeRun(run, event) : this.#judgeTask(run, event);
      if (wrong) this.#report(`${nameOf(event)} went from ${event.from} to ${event.to} (${event.reason}): ${wrong}`);
    }
    for (const event of events) this.#countTries(event);
  }

  #judgeRun(run: SeenRun, event: RunEvent): string | null {
    if (event.reason.startsWith('deadlock')) return 'nothing here can wait for ever';
    const isByRule = /^all of its last tasks|of its last tasks failed$/.test(event.reason);
    if (!isByRule || run.isRebased || (event.to !== 'success' && event.to !== 'failed')) return null;
    return wronglyEnded(run.dag, event.to, statesOf(run));
  }

  /** Undoes the transition, and judges it by what held before. */
  #judgeTask(run: SeenRun, event: TaskEvent): string | null {
    const illegal = illegalEdge(event);
    if (illegal) return illegal;
    const states = run.states.get(event.taskId);
    // A mapped task gets its first index with its length: what it did before, it did without.
    const index = event.mapIndex === -1 && !states?.has(-1) ? 0 : event.mapIndex;
    const task = run.dag.tasks.find((one) => one.taskId === event.taskId);
    if (!states?.has(index) || !task) return run.isRebased ? null : 'the store knows no such task instance';
    const now = states.get(index) as TaskInstanceState | null;
    if (now !== event.to && !run.isRebased) return `the store says that it is ${now}`;
    states.set(index, event.from);
    if (run.isRebased) return null;
    if (event.reason.includes('returned nothing that can be mapped over')) return null;
    if (event.to === 'upstream_failed') return wronglyUpstreamFailed(run.dag, task, event.mapIndex, statesOf(run));
    if (event.to === 'queued' && this.#isPaused(event.dagId)) return 'its DAG is paused';
    const isDecided = event.from === null || event.from === 'up_for_retry' || event.from === 'up_for_reschedule';
    if (event.to === 'scheduled' && isDecided) return wronglyScheduled(run.dag, task, event.mapIndex, statesOf(run));
    return null;
  }

  #countTries(event: TaskEvent | RunEvent): void {
    if (event.kind !== 'task_instance') return;
    const key = nameOf(event);
    const last = this.#failedTries.get(key) ?? 0;
    if (event.to === 'queued' && event.tryNumber <= last)
      this.#report(`${key} was queued for its try ${event.tryNumber} after try ${last} had failed`);
    if (event.to === 'up_for_retry') this.#failedTries.set(key, event.tryNumber);
  }

  #seenRun(dagId: string, runId: string): SeenRun | null {
    const rows = this.read<{ version: number; task_id: string; map_index: number; state: TaskInstanceState | null }>(
      `select r.dag_version_id as version, ti.task_id, ti.map_index, ti.state
       from dag_run r join task_instance ti on ti.dag_run_id = r.id where r.dag_id = ? and r.run_id = ?`,
      dagId,
      runId,
    );
    const [first] = rows;
    if (!first) return null;
    const key = `${dagId}\n${runId}`;
    const isRebased = (this.#versionOf.get(key) ?? first.version) !== first.version;
    this.#versionOf.set(key, first.version);
    const states: SeenRun['states'] = new Map();
    for (const row of rows) {
      const known = states.get(row.task_id);
      if (known) known.set(row.map_index, row.state);
      else states.set(row.task_id, new Map([[row.map_index, row.state]]));
    }
    return { dag: this.#version(first.version), states, isRebased };
  }

  #isPaused(dagId: string): boolean {
    return this.read<{ is_paused: number }>('select is_paused from dag where dag_id = ?', dagId)[0]?.is_paused === 1;
  }

  #version(id: number): SerializedDag {
    const known = this.#versions.get(id);
    if (known) return known;
    const [row] = this.read<{ text: string }>('select serialized_json as text from dag_version where id = ?', id);
    const dag = JSON.parse(row?.text ?? '{}') as SerializedDag;
    this.#versions.set(id, dag);
    return dag;
  }

  readonly #statements = new Map<string, Database.Statement>();

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function statesOf(run: SeenRun): StatesOf {
  return (taskId, mapIndex) => {
    const states = run.states.get(taskId);
    if (!states) return [];
    if (mapIndex === undefined) return [...states.values()];
    return states.has(mapIndex) ? [states.get(mapIndex) ?? null] : [];
  };
}

function nameOf(event: TaskEvent | RunEvent): string {
  const run = `${event.dagId} ${event.runId}`;
  return event.kind === 'dag_run' ? run : `${run} ${event.taskId}[${event.mapIndex}]`;
}
