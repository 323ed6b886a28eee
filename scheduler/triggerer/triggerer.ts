import { describeError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Clock } from '../../kernel/time.js';
import { type ConnectionSettings, type FindConnection, HookPool } from '../dag/hook-pool.js';
import type { Trigger } from '../dag/signals.js';
import type { TaskInstanceKey } from '../model/attempt.js';
import type { SchedulerEvents } from '../model/events.js';
import { lookAt } from './look-at.js';

/** A deferred task instance and what it waits for, as the store has it. */
export interface WaitingTask extends TaskInstanceKey {
  trigger: JsonObject;
}

export interface TriggererDeps {
  clock: Clock;
  events: SchedulerEvents;
  connections: Record<string, ConnectionSettings>;
  find: FindConnection;
  /** Every task instance that is deferred now; `key` narrows it to one. */
  readWaiting(key?: TaskInstanceKey): Promise<WaitingTask[]>;
  /** The state of a run; `runId` null: the run that this task instance triggered. */
  readRun(
    dagId: string,
    runId: string | null,
    waiting: TaskInstanceKey,
  ): Promise<{ runId: string; state: string } | undefined>;
  /** Lets the task instance go on with the event. Does nothing when it waits no longer. */
  resume(key: TaskInstanceKey, event: Json): Promise<void>;
  /** Told of a look that failed; it is tried again at the next look. */
  onFault(error: unknown, about: string): void;
}

interface Watch {
  waiting: WaitingTask;
  cancelTimer: () => void;
  abort: AbortController;
}

/** The longest wait of one timer; a later time is waited for in steps. */
const waitMsMax = 24 * 60 * 60 * 1000;

/**
 * Waits for what deferred tasks wait for, thousands of them in one process: times by timers, runs of other DAGs by the
 * scheduler's events, everything else by looking now and then. What it watches comes from the store, so a restart
 * loses nothing; the end of a deferral's patience is the scheduler's own.
 */
export class Triggerer {
  readonly #deps: TriggererDeps;
  readonly #watches = new Map<string, Watch>();
  readonly #hooks: HookPool;
  #stopListening: () => void = () => {};

  constructor(deps: TriggererDeps) {
    this.#deps = deps;
    this.#hooks = new HookPool(deps.connections);
  }

  /** How many tasks are waited for. */
  get size(): number {
    return this.#watches.size;
  }

  async start(): Promise<void> {
    this.#stopListening = this.#deps.events.listen((event) => {
      if (event.kind === 'dag_run') this.#onRunChanged(event.dagId);
      if (event.kind !== 'task_instance') return;
      if (event.to === 'deferred') void this.#take(event);
      else if (event.from === 'deferred') this.#forget(keyText(event));
    });
    for (const waiting of await this.#deps.readWaiting()) this.#watch(waiting);
  }

  async stop(): Promise<void> {
    this.#stopListening();
    for (const key of [...this.#watches.keys()]) this.#forget(key);
    await this.#hooks.close();
  }

  async #take({ dagId, runId, taskId, mapIndex }: TaskInstanceKey): Promise<void> {
    try {
      for (const waiting of await this.#deps.readWaiting({ dagId, runId, taskId, mapIndex })) this.#watch(waiting);
    } catch (error) {
      this.#deps.onFault(error, `what ${dagId}.${taskId} waits for could not be read`);
    }
  }

  #watch(waiting: WaitingTask): void {
    const key = keyText(waiting);
    this.#forget(key);
    const watch: Watch = { waiting, cancelTimer: () => {}, abort: new AbortController() };
    this.#watches.set(key, watch);
    const trigger = waiting.trigger as unknown as Trigger;
    if (trigger.kind === 'at') this.#waitUntil(watch, trigger.at);
    else void this.#look(watch, trigger);
  }

  #waitUntil(watch: Watch, at: number): void {
    const delayMs = at - this.#deps.clock.now();
    watch.cancelTimer = this.#deps.clock.after(Math.min(Math.max(0, delayMs), waitMsMax), () => {
      if (this.#deps.clock.now() < at) this.#waitUntil(watch, at);
      else void this.#fire(watch, { at: new Date(at).toISOString() });
    });
  }

  async #look(watch: Watch, trigger: Exclude<Trigger, { kind: 'at' }>): Promise<void> {
    const { waiting, abort } = watch;
    try {
      const looker = { hooks: this.#hooks, find: this.#deps.find, signal: abort.signal };
      const event = await lookAt(trigger, looker, (dagId, runId) => this.#deps.readRun(dagId, runId, waiting));
      if (abort.signal.aborted) return;
      if (event !== undefined) return await this.#fire(watch, event);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#deps.onFault(
        error,
        `${waiting.dagId}.${waiting.taskId} waits for ${trigger.kind}: ${describeError(error)}`,
      );
    }
    watch.cancelTimer = this.#deps.clock.after(trigger.pollSeconds * 1000, () => void this.#look(watch, trigger));
  }

  /** A run has changed: whoever waits for one of that DAG looks at once. */
  #onRunChanged(dagId: string): void {
    for (const watch of this.#watches.values()) {
      const trigger = watch.waiting.trigger as unknown as Trigger;
      if (trigger.kind !== 'dag_run' || trigger.dagId !== dagId) continue;
      watch.cancelTimer();
      void this.#look(watch, trigger);
    }
  }

  async #fire(watch: Watch, event: Json): Promise<void> {
    const key = keyText(watch.waiting);
    if (this.#watches.get(key) === watch) this.#watches.delete(key);
    await this.#deps.resume(watch.waiting, event);
  }

  #forget(key: string): void {
    const watch = this.#watches.get(key);
    if (!watch) return;
    watch.cancelTimer();
    watch.abort.abort();
    this.#watches.delete(key);
  }
}

function keyText({ dagId, runId, taskId, mapIndex }: TaskInstanceKey): string {
  return JSON.stringify([dagId, runId, taskId, mapIndex]);
}
