import { describeError, MillraceError } from '../kernel/errors.js';
import type { Json } from '../kernel/json.js';
import type { Instant } from '../kernel/time.js';
import type { LiveRun, LiveTaskInstance } from './decide/live-run.js';
import { noEffects, onAttemptEvent } from './loop/attempt-events.js';
import { attemptRequest } from './loop/attempt-request.js';
import { callbackRequest, isCallbackUnderWay, onCallbackEvent } from './loop/callbacks.js';
import { answerCall } from './loop/calls.js';
import { createCommands } from './loop/commands/commands.js';
import type { RunningAttempt, Scheduler, SchedulerDeps, SchedulerStatus } from './loop/contract.js';
import { createDeferrals } from './loop/deferrals.js';
import { EventFeed } from './loop/event-feed.js';
import { explain } from './loop/explain.js';
import { type Imports, prepareImports } from './loop/imports.js';
import { Inbox, type Input } from './loop/inbox.js';
import type { LiveState } from './loop/live-state.js';
import { findPreviousRun } from './loop/previous-runs.js';
import { recover } from './loop/recover.js';
import { revive } from './loop/revive.js';
import { settle } from './loop/settle.js';
import { takeDue } from './loop/take-due.js';
import { readTriggered } from './loop/triggered-runs.js';
import { Turn } from './loop/turn.js';
import { refuseCommands, Unwritable } from './loop/unwritable.js';
import { wrongCounts } from './loop/wrong-counts.js';
import type { AttemptCall, AttemptEvent } from './model/attempt.js';
import { type Secrets, secretsOfStore } from './store/secrets.js';

export type { RunningAttempt, Scheduler, SchedulerDeps, SchedulerSettings, SchedulerStatus } from './loop/contract.js';

/** The longest sleep: a wall clock that was set, or a laptop that slept, is noticed within this time. */
const sleepMsMax = 30_000;

/** How long to wait before a turn that the store refused is tried again. */
const storeRetryMs = 1_000;

/** A start that nothing else wants written is written with what follows it; no later than this. */
const startedDelayMs = 4;

/** The scheduler: what changed -> decide -> one transaction -> events and attempts. It sleeps until something arrives. */
export function createScheduler(deps: SchedulerDeps): Scheduler {
  const secrets = deps.secrets ?? secretsOfStore(deps);
  const loop = new Loop(deps, secrets);
  return {
    start: () => loop.start(),
    stop: (drainMs) => loop.stop(drainMs),
    listener: {
      onEvent: (event) => loop.onEvent(event),
      onCall: (attemptId, call) => loop.onCall(attemptId, call),
    },
    commands: createCommands(
      {
        store: deps.store,
        clock: deps.clock,
        request: (apply) => loop.command(apply),
        live: () => loop.live,
      },
      { vault: deps.vault, secrets },
    ),
    events: loop.feed,
    deferrals: createDeferrals({
      live: () => loop.live,
      settings: deps.settings,
      request: (apply) => loop.inbox.request(apply),
      listen: (listener) => loop.feed.listen(listener),
    }),
    saveImports: (imports) => loop.saveImports(imports),
    explain: (key) => explain({ store: deps.store, live: loop.live, now: deps.clock.now() }, key),
    runningAttempts: () => loop.runningAttempts(),
    status: () => loop.status(),
    idle: () => loop.inbox.idle(),
  };
}

class Loop {
  readonly inbox: Inbox;
  readonly feed: EventFeed;
  readonly #deps: SchedulerDeps;
  readonly #secrets: Secrets;
  #live: LiveState | undefined;
  #cancelSleep: (() => void) | undefined;
  #lastTurnAt: Instant | null = null;
  #turnMs: number | null = null;
  #storeError: string | null = null;
  #isStopping = false;
  /** Why the metadata database belongs to this scheduler no more. */
  #lost: Error | undefined;

  constructor(deps: SchedulerDeps, secrets: Secrets) {
    this.#deps = deps;
    this.#secrets = secrets;
    this.feed = new EventFeed(deps.report);
    this.inbox = new Inbox({ soon: deps.soon, turn: (inputs) => this.#turns(inputs) });
  }

  get live(): LiveState {
    if (!this.#live) throw new MillraceError('SCHEDULER_STOPPED', 'the scheduler has not started');
    return this.#live;
  }

  async start(): Promise<void> {
    void this.#deps.store.lost?.then((error) => this.#abandon(error));
    this.#live = await revive(this.#deps.store, this.#deps.settings.parallelism);
    await this.#deps.executor.start();
    this.inbox.open();
    await this.inbox.request((turn) => recover(turn, this.#deps.settings, true));
  }

  /** Another scheduler may have the database: what runs here is ended, for it will be run there. */
  async #abandon(error: Error): Promise<void> {
    if (this.#isStopping) return;
    this.#lost = error;
    this.#isStopping = true;
    this.#storeError = describeError(error);
    this.#deps.report(error, 'the scheduler stops');
    this.#cancelSleep?.();
    this.inbox.close();
    await this.#deps.executor.stop(0);
  }

  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true;
    await this.#deps.executor.stop(drainMs);
    await this.inbox.idle();
    this.inbox.close();
    this.#cancelSleep?.();
  }

  onEvent(event: AttemptEvent): void {
    if (event.kind === 'progress') {
      this.#onProgress(event);
      return;
    }
    if (event.kind === 'finished' && event.effects.triggers.length > 0) {
      void this.#onTriggers(event);
      return;
    }
    const input: Input = {
      apply: (turn) => {
        if (!onCallbackEvent(turn, event)) onAttemptEvent(turn, event, this.#deps.settings);
      },
      onRejected: (error) => this.#onRefusedReport(event, error),
    };
    if (event.kind === 'started')
      this.inbox.pushLater(input, (callback) => this.#deps.clock.after(startedDelayMs, callback));
    else this.inbox.push(input);
  }

  /** What a person or a program asks for. Rejects with STORE_UNWRITABLE while nothing can be written. */
  async command<Result>(apply: (turn: Turn) => Result): Promise<Result> {
    if (this.#storeError !== null) throw new Unwritable(this.#storeError);
    return this.inbox.request(apply, true);
  }

  async onCall(attemptId: string, call: AttemptCall): Promise<Json | undefined> {
    const refuseStale = () => {
      if (isUnderWay(this.live, attemptId)) return;
      throw new MillraceError('ATTEMPT_STALE', `attempt ${attemptId} is no longer the current one`);
    };
    refuseStale();
    const { store, vault, settings } = this.#deps;
    const change = (apply: (turn: Turn) => void) =>
      this.inbox.request((turn) => {
        refuseStale();
        apply(turn);
      });
    return answerCall({ store, vault, secrets: this.#secrets, settings, change }, call);
  }

  async saveImports(imports: Imports): Promise<void> {
    const apply = await prepareImports(this.#deps.store, imports);
    await this.inbox.request(apply);
  }

  runningAttempts(): RunningAttempt[] {
    return [...this.live.attempts].map(([attemptId, instance]) => ({
      attemptId,
      isEnding: instance.lingering === attemptId,
      dagId: instance.run.dagId,
      runId: instance.run.row.runId,
      taskId: instance.run.plan.tasks[instance.taskIndex]?.task.taskId ?? '',
      mapIndex: instance.mapIndex,
    }));
  }

  status(): SchedulerStatus {
    return {
      isHealthy: this.#live !== undefined && this.#storeError === null && !this.#isStopping,
      lastTurnAt: this.#lastTurnAt,
      turnMs: this.#turnMs,
      liveRuns: this.#live?.runs.size ?? 0,
      executing: this.#live?.board.executing ?? 0,
      storeError: this.#storeError,
    };
  }

  /** One turn for all that has arrived. When it cannot commit as a whole, each input gets a turn of its own. */
  async #turns(inputs: Input[]): Promise<void> {
    const began = this.#deps.clock.monotonic();
    const error = await this.#turn(inputs);
    if (this.#lost) {
      for (const input of inputs) input.onRejected(this.#lost);
      return;
    }
    if (error !== undefined) {
      const left = error instanceof Unwritable ? refuseCommands(inputs, error) : inputs;
      await this.#reload();
      for (const input of left) {
        const own = await this.#turn([input]);
        if (own === undefined) continue;
        input.onRejected(own);
        await this.#reload();
      }
    }
    this.#lastTurnAt = this.#deps.clock.now();
    this.#turnMs = this.#deps.clock.monotonic() - began;
    this.#sleep();
  }

  /** Returns why the turn could not commit; undefined when it did. */
  async #turn(inputs: Input[]): Promise<unknown> {
    const turn = new Turn(this.live, this.#deps.clock.now(), this.#isStopping);
    const done: Input[] = [];
    for (const input of inputs) {
      try {
        input.apply(turn);
        done.push(input);
      } catch (error) {
        // A command checks before it changes anything: what it throws is its answer.
        input.onRejected(error);
      }
    }
    try {
      takeDue(turn, this.#deps.settings);
      settle(turn, this.#deps);
    } catch (error) {
      // A fault of ours: nothing of this turn is written, and what is alive is read again.
      this.#deps.report(error, 'a turn of the scheduler failed');
      return error;
    }
    const error = await this.#commit(turn, inputs);
    if (error !== undefined) return error;
    this.#afterCommit(turn);
    for (const input of done) input.onCommitted?.();
    return undefined;
  }

  /** Waits until the turn can be written, unless somebody waits for the answer: then it is an Unwritable. */
  async #commit(turn: Turn, inputs: Input[]): Promise<unknown> {
    if (turn.isEmpty) return undefined;
    for (;;) {
      try {
        const [outcome] = await this.#deps.store.transact([turn.changes()]);
        this.#storeError = null;
        return outcome?.ok === false ? outcome.error : undefined;
      } catch (error) {
        if (error instanceof MillraceError && error.code === 'SCHEDULER_ELSEWHERE') {
          await this.#abandon(error);
          return error;
        }
        // The disk is full or the database is away: nothing was written, so the same turn is tried again.
        this.#storeError = describeError(error);
        this.#deps.report(error, 'the metadata database could not be written; trying again');
        const refusal = new Unwritable(this.#storeError);
        this.inbox.refuseCommands(refusal);
        if (inputs.some(({ isCommand }) => isCommand)) return refusal;
        await new Promise<void>((resolve) => this.#deps.clock.after(storeRetryMs, resolve));
      }
    }
  }

  #afterCommit(turn: Turn): void {
    turn.markStored();
    for (const attemptId of turn.endedAttempts) this.live.attempts.delete(attemptId);
    if (this.#deps.isParanoid) this.#checkCounts(turn);
    for (const instance of turn.queued) void this.#submit(instance);
    for (const { attemptId, reason } of turn.cancels) this.#deps.executor.cancel(attemptId, reason);
    for (const key of turn.callbacks) this.#submitCallback(key);
    for (const run of turn.wantsPrevious) void this.#lookBack(run);
    this.feed.emit(turn.events);
  }

  #checkCounts(turn: Turn): void {
    const wrong = wrongCounts(turn.live);
    if (wrong.length > 0)
      this.#deps.report(new MillraceError('INTERNAL', wrong.join('; ')), 'the kept counts are wrong');
  }

  /** Hands an attempt to the executor. What it cannot be given fails the try, with the reason. */
  async #submit(instance: LiveTaskInstance): Promise<void> {
    const { attemptId } = instance;
    if (attemptId === null) return;
    this.live.attempts.set(attemptId, instance);
    try {
      const version = this.live.versions.get(instance.run.plan.versionId);
      if (!version)
        throw new MillraceError('INTERNAL', `version ${instance.run.plan.versionId} of ${instance.run.dagId} is gone`);
      const request = await attemptRequest(this.#deps.store, instance, version, this.#deps.settings);
      if (instance.attemptId === attemptId && instance.state === 'queued') this.#deps.executor.submit(request);
      else this.onEvent({ kind: 'lost', attemptId, at: this.#deps.clock.now(), error: neverBegan, uncharged: true });
    } catch (error) {
      const at = this.#deps.clock.now();
      const said = { type: 'SubmitError', message: describeError(error), stack: null };
      this.onEvent({
        kind: 'finished',
        attemptId,
        at,
        outcome: { state: 'failed', error: said, final: false },
        effects: noEffects,
      });
    }
  }

  #submitCallback(key: string): void {
    const callback = this.live.callbacks.get(key);
    if (callback) this.#deps.executor.submit(callbackRequest(callback, this.#deps.settings));
  }

  async #lookBack(run: LiveRun): Promise<void> {
    try {
      const found = await findPreviousRun(this.#deps.store, this.live, run);
      await this.inbox.request((turn) => {
        const now = turn.live.runs.get(run.row.id);
        if (!now) return;
        const isStale = found.kind === 'live' && turn.live.runs.get(found.run.row.id) !== found.run;
        if (isStale) turn.wantsPrevious.push(now);
        else {
          now.previous = found;
          if (found.kind === 'live') found.run.isLookedBackAt = true;
          turn.touchAll(now);
        }
      });
    } catch (error) {
      this.#deps.report(error, `the run before ${run.row.runId} of ${run.dagId} could not be read`);
    }
  }

  /** The store has refused the report of an attempt: the try fails with that, for nothing of it was done. */
  #onRefusedReport(event: AttemptEvent, error: unknown): void {
    this.#deps.report(error, 'the report of an attempt could not be stored');
    if (event.kind !== 'finished' || event.outcome.state === 'failed') return;
    const said = { type: 'ReportRefused', message: describeError(error), stack: null };
    this.onEvent({ ...event, outcome: { state: 'failed', error: said, final: false }, effects: noEffects });
  }

  /** A report that asks for runs: those that exist and are not alive are read first. */
  async #onTriggers(event: Extract<AttemptEvent, { kind: 'finished' }>): Promise<void> {
    try {
      const known = await readTriggered(this.#deps.store, this.live, this.#deps.clock.now(), event);
      this.inbox.push({
        apply: (turn) => {
          for (const run of known) turn.known.set(`${run.dagId}\n${run.row.runId}`, run);
          onAttemptEvent(turn, event, this.#deps.settings);
        },
        onRejected: (error) => this.#onRefusedReport(event, error),
      });
    } catch (error) {
      this.#onRefusedReport(event, error);
    }
  }

  #onProgress(event: Extract<AttemptEvent, { kind: 'progress' }>): void {
    const turn = new Turn(this.live, this.#deps.clock.now());
    onAttemptEvent(turn, event, this.#deps.settings);
    this.feed.emit(turn.events);
  }

  /** Takes everything from the store again, after a write that it refused. Attempts under way stay ours. */
  async #reload(): Promise<void> {
    const { attempts } = this.live;
    const { store, settings, report } = this.#deps;
    for (;;) {
      try {
        this.#live = await revive(store, settings.parallelism, attempts);
        break;
      } catch (error) {
        report(error, 'the metadata database could not be read; trying again');
        await new Promise<void>((resolve) => this.#deps.clock.after(storeRetryMs, resolve));
      }
    }
    const onRejected = (error: unknown) => report(error, 'what is alive could not be taken up again');
    const apply = (turn: Turn) => {
      recover(turn, settings, false);
      // Something has to be written, or nobody would notice that it can be.
      if (this.#storeError !== null) turn.log({ ...unattended, event: 'metadata database written again' });
    };
    const error = await this.#turn([{ apply, onRejected }]);
    if (error !== undefined) onRejected(error);
  }

  #sleep(): void {
    this.#cancelSleep?.();
    const due = this.live.timers.peek()?.at;
    if (due === undefined || this.#isStopping) return;
    const delayMs = Math.min(Math.max(0, due - this.#deps.clock.now()), sleepMsMax);
    this.#cancelSleep = this.#deps.clock.after(delayMs, () => this.inbox.wake());
  }
}

/** Whether the attempt is the current one of a task instance, or calls a callback that is still to be called. */
function isUnderWay(live: LiveState, attemptId: string): boolean {
  if (isCallbackUnderWay(live, attemptId)) return true;
  const instance = live.attempts.get(attemptId);
  return instance?.attemptId === attemptId && (instance.state === 'queued' || instance.state === 'running');
}

const neverBegan = { type: 'cancelled', message: 'it was ended before it began', stack: null };

/** Of an event that is of no DAG, and that nobody asked for. */
const unattended = { dag_id: null, run_id: null, task_id: null, map_index: null, user: null };
