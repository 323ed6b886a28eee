import { describeError, MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { Clock } from '../../kernel/time.js';
import { type ConnectionSettings, type FindConnection, HookPool } from '../dag/hook-pool.js';
import type { Trigger } from '../dag/signals.js';
import type { Deferrals, DeferredTask } from '../model/deferral.js';
import type { SchedulerEvents } from '../model/events.js';
import { lookAt } from './look-at.js';

export interface TriggererDeps {
  clock: Clock;
  /** What waits, and whom to tell. */
  deferrals: Deferrals;
  events: SchedulerEvents;
  connections: Record<string, ConnectionSettings>;
  find: FindConnection;
  /** The state of a run; undefined when there is none (yet). */
  readRun(dagId: string, runId: string): Promise<string | undefined>;
  /** Told of a look that failed; it is tried again at the next look. */
  onFault(error: unknown, about: string): void;
}

interface Watch {
  task: DeferredTask;
  cancelTimer: () => void;
  abort: AbortController;
}

/** The longest wait of one timer; a later time is waited for in steps. */
const waitMsMax = 24 * 60 * 60 * 1000;

/**
 * Waits for what deferred tasks wait for, thousands of them in one process: times by timers, runs of other DAGs by the
 * scheduler's events, everything else by looking now and then. What it watches is the scheduler's list, so a restart
 * loses nothing; the end of a deferral's patience is the scheduler's own.
 */
export class Triggerer {
  readonly #deps: TriggererDeps;
  /** By the row id of the task instance. */
  readonly #watches = new Map<number, Watch>();
  readonly #hooks: HookPool;
  readonly #looks = new Set<Promise<void>>();
  #stopListening: (() => void)[] = [];

  constructor(deps: TriggererDeps) {
    this.#deps = deps;
    this.#hooks = new HookPool(deps.connections);
  }

  /** How many tasks are waited for. */
  get size(): number {
    return this.#watches.size;
  }

  /** Resolves when no look is under way. */
  async idle(): Promise<void> {
    while (this.#looks.size > 0) await Promise.all(this.#looks);
  }

  /** Takes up all that waits now, and whatever comes. The scheduler must have started. */
  start(): void {
    const { deferrals, events } = this.#deps;
    this.#stopListening = [
      deferrals.listen((change) => {
        if (change.kind === 'deferred') this.#watch(change.task);
        else this.#forget(change.taskInstanceId, change.attemptId);
      }),
      events.listen((event) => {
        if (event.kind === 'dag_run') this.#onRunChanged(event.dagId);
      }),
    ];
    for (const task of deferrals.waiting()) this.#watch(task);
  }

  async stop(): Promise<void> {
    for (const stopListening of this.#stopListening) stopListening();
    for (const { task } of [...this.#watches.values()]) this.#forget(task.taskInstanceId, task.attemptId);
    await this.#hooks.close();
  }

  #watch(task: DeferredTask): void {
    const known = this.#watches.get(task.taskInstanceId);
    if (known?.task.attemptId === task.attemptId) return;
    if (known) this.#forget(task.taskInstanceId, known.task.attemptId);
    const watch: Watch = { task, cancelTimer: () => {}, abort: new AbortController() };
    this.#watches.set(task.taskInstanceId, watch);
    const trigger = task.trigger as unknown as Trigger;
    if (trigger.kind === 'at') this.#waitUntil(watch, trigger.at);
    else this.#startLook(watch, trigger);
  }

  #startLook(watch: Watch, trigger: Exclude<Trigger, { kind: 'at' }>): void {
    const look = this.#look(watch, trigger).finally(() => this.#looks.delete(look));
    this.#looks.add(look);
  }

  #waitUntil(watch: Watch, at: number): void {
    const delayMs = at - this.#deps.clock.now();
    watch.cancelTimer = this.#deps.clock.after(Math.min(Math.max(0, delayMs), waitMsMax), () => {
      if (this.#deps.clock.now() < at) this.#waitUntil(watch, at);
      else void this.#fire(watch, { at: new Date(at).toISOString() });
    });
  }

  async #look(watch: Watch, trigger: Exclude<Trigger, { kind: 'at' }>): Promise<void> {
    const { task, abort } = watch;
    try {
      const looker = { hooks: this.#hooks, find: this.#deps.find, signal: abort.signal };
      const event = await lookAt(trigger, looker, this.#deps.readRun);
      if (abort.signal.aborted) return;
      if (event !== undefined) {
        await this.#fire(watch, event);
        return;
      }
    } catch (error) {
      if (abort.signal.aborted) return;
      if (isForGood(error)) {
        await this.#fail(watch, error);
        return;
      }
      this.#deps.onFault(error, `${task.dagId}.${task.taskId} waits for ${trigger.kind}: ${describeError(error)}`);
    }
    watch.cancelTimer = this.#deps.clock.after(trigger.pollSeconds * 1000, () => this.#startLook(watch, trigger));
  }

  /** A run has changed: whoever waits for one of that DAG looks at once. */
  #onRunChanged(dagId: string): void {
    for (const watch of this.#watches.values()) {
      const trigger = watch.task.trigger as unknown as Trigger;
      if (trigger.kind !== 'dag_run' || trigger.dagId !== dagId) continue;
      watch.cancelTimer();
      this.#startLook(watch, trigger);
    }
  }

  async #fire({ task }: Watch, event: Json): Promise<void> {
    this.#forget(task.taskInstanceId, task.attemptId);
    await this.#tell(task, () => this.#deps.deferrals.fire(task, event));
  }

  async #fail({ task }: Watch, thrown: unknown): Promise<void> {
    this.#forget(task.taskInstanceId, task.attemptId);
    const type = thrown instanceof MillraceError ? thrown.code : 'Error';
    const error = { type, message: describeError(thrown), stack: null };
    await this.#tell(task, () => this.#deps.deferrals.fail(task, error));
  }

  /** What the scheduler could not write now is tried again: otherwise the task would wait for ever. */
  async #tell(task: DeferredTask, say: () => Promise<boolean>): Promise<void> {
    try {
      await say();
    } catch (error) {
      this.#deps.onFault(error, `${task.dagId}.${task.taskId} could not be resumed; it is tried again`);
      this.#deps.clock.after(retryMs, () => void this.#tell(task, say));
    }
  }

  #forget(taskInstanceId: number, attemptId: string): void {
    const watch = this.#watches.get(taskInstanceId);
    if (watch?.task.attemptId !== attemptId) return;
    watch.cancelTimer();
    watch.abort.abort();
    this.#watches.delete(taskInstanceId);
  }
}

const retryMs = 1_000;

/** What no later look will mend: a connection or an object that is wrongly named. */
function isForGood(error: unknown): boolean {
  return (
    error instanceof MillraceError &&
    ['CONNECTION_NOT_FOUND', 'CONNECTION_UNUSABLE', 'TASK_FAILED'].includes(error.code)
  );
}
