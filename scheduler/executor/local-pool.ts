import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { describeError, type ErrorCode, errorTable, MillraceError } from '../../kernel/errors.js';
import type { Clock } from '../../kernel/time.js';
import type { ConnectionSettings } from '../dag/hook-pool.js';
import type { AttemptError, AttemptEvent, AttemptRequest, Executor, ExecutorListener } from '../model/attempt.js';
import { emptyEffects } from './effects.js';
import { describeExit } from './exit-reason.js';
import type { FromChild } from './messages.js';
import { Pace } from './pace.js';
import { type ChildExit, type PoolChild, startChild } from './pool-child.js';
import { killByVariable, killTree, poolVariable, signalGroup } from './process-tree.js';

/** How a pool is made. Times are milliseconds. */
export interface LocalPoolOptions {
  clock: Clock;
  listener: ExecutorListener;
  /** Attempts at the same time. */
  parallelism: number;
  /** Names the data folder: children of an earlier server of the same folder are ended at the start. */
  poolId: string;
  /** The connections that tasks have without set-up: `warehouse`, `source`, `lake`. */
  connections: Record<string, ConnectionSettings>;
  /** The whole environment of the children, free of the server's secrets (see `child-environment.ts`). */
  env: Record<string, string>;
  xcomBytesMax: number;
  /** Where what is parsed may be kept. */
  cacheFolder: string;
  /** Where idle children write what nobody asked for. */
  idleLogPath: string;
  /** Old-space limit of a child, MiB, for attempts that ask for no other. */
  memoryLimitMb: number;
  /** After so many attempts a child is replaced; 5,000. */
  attemptsPerChildMax?: number;
  /** A child that is larger than this when idle is replaced; 512 MiB. */
  idleRssBytesMax?: number;
  /** From the abort signal to SIGTERM; 2,000. */
  abortGraceMs?: number;
  /** From SIGTERM to SIGKILL; 8,000. */
  killGraceMs?: number;
  /** Bytes of an attempt's log after which it is ended; 256 MiB. */
  logBytesMax?: number;
}

interface RunningAttempt {
  readonly request: AttemptRequest;
  child: PoolChild | null;
  /** Monotonic time at which a child got it. */
  beganAt: number;
  /** Why it is being ended, once it is. */
  ending: Ending | null;
  cancelTimers: (() => void)[];
}

interface Ending {
  error: AttemptError;
  /** true: the host's doing; the attempt is reported lost and no retry is charged. */
  uncharged: boolean;
}

/** Between two looks at the sizes of the logs that are being written. */
const logCheckMs = 2_000;
/** After so long without work a child goes, down to one. */
const idleMaxMs = 60_000;
/** Starts that may fail one after the other before waiting attempts are given back. */
const failedStartsMax = 3;

/**
 * Runs attempts in warm child processes of this machine, one at a time each. A child serves many attempts; it is
 * replaced after a number of them, when it has grown, and when an attempt leaves something open.
 */
export class LocalPool implements Executor {
  readonly #options: Required<LocalPoolOptions>;
  readonly #children = new Set<PoolChild>();
  readonly #running = new Map<string, RunningAttempt>();
  /** Attempts without a child, in the order in which they came. */
  readonly #waiting: RunningAttempt[] = [];
  #outputFd: number | undefined;
  readonly #pace = new Pace();
  #failedStarts = 0;
  #isStopping = false;
  #stopChecks: (() => void) | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: LocalPoolOptions) {
    this.#options = {
      attemptsPerChildMax: 5_000,
      idleRssBytesMax: 512 * 1024 * 1024,
      abortGraceMs: 2_000,
      killGraceMs: 8_000,
      logBytesMax: 256 * 1024 * 1024,
      ...options,
    };
  }

  /** Ends what an earlier server of this folder left running, and warms the first child. */
  async start(): Promise<void> {
    const { poolId, idleLogPath } = this.#options;
    killByVariable(poolVariable, poolId);
    mkdirSync(dirname(idleLogPath), { recursive: true });
    this.#outputFd = openSync(idleLogPath, 'a');
    this.#keepSpare();
    this.#check();
  }

  submit(request: AttemptRequest): void {
    if (this.#isStopping) throw new MillraceError('INTERNAL', 'the executor is stopping and takes no attempt');
    const attempt: RunningAttempt = { request, child: null, beganAt: 0, ending: null, cancelTimers: [] };
    this.#running.set(request.attemptId, attempt);
    this.#waiting.push(attempt);
    this.#dispatch();
  }

  lookAhead(): number {
    return this.#pace.isShort ? this.#options.parallelism : 0;
  }

  cancel(attemptId: string, reason: string): void {
    const attempt = this.#running.get(attemptId);
    if (attempt) this.#end(attempt, { error: { type: 'cancelled', message: reason, stack: null }, uncharged: false });
  }

  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true;
    this.#stopChecks?.();
    for (const attempt of this.#waiting.splice(0)) this.#lose(attempt, shutdownError, true);
    if (this.#running.size > 0) {
      const drained = new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
      const cancelTimer = this.#options.clock.after(drainMs, () => {
        for (const attempt of [...this.#running.values()])
          this.#end(attempt, { error: shutdownError, uncharged: true });
      });
      await drained;
      cancelTimer();
    }
    for (const child of [...this.#children]) this.#discard(child);
    if (this.#outputFd !== undefined) closeSync(this.#outputFd);
    this.#outputFd = undefined;
  }

  /** Gives waiting attempts to idle children, and starts children that are missing. */
  #dispatch(): void {
    for (let at = 0; at < this.#waiting.length && this.#free > 0; ) {
      const attempt = this.#waiting[at] as RunningAttempt;
      const child = this.#idleChild(attempt.request.memoryLimitMb);
      if (!child) {
        at++;
        continue;
      }
      this.#waiting.splice(at, 1);
      this.#begin(attempt, child);
    }
    this.#keepSpare();
  }

  /** How many more attempts may run now. */
  get #free(): number {
    return this.#options.parallelism - (this.#running.size - this.#waiting.length);
  }

  /** The child that has worked most: its code is warm, and the others may grow cold and go. */
  #idleChild(memoryLimitMb: number): PoolChild | undefined {
    let best: PoolChild | undefined;
    for (const child of this.#children) {
      if (child.state !== 'idle' || child.memoryLimitMb !== memoryLimitMb) continue;
      if (!best || child.attempts > best.attempts) best = child;
    }
    return best;
  }

  #begin(attempt: RunningAttempt, child: PoolChild): void {
    const { request } = attempt;
    const { clock, listener } = this.#options;
    attempt.child = child;
    child.state = 'busy';
    child.attempts++;
    child.current = request;
    attempt.beganAt = clock.monotonic();
    child.send({ type: 'run', attempt: request });
    if (request.executionTimeoutMs !== null) {
      const seconds = request.executionTimeoutMs / 1000;
      const error = { type: 'timeout', message: `the task took longer than its ${seconds} s`, stack: null };
      attempt.cancelTimers.push(
        clock.after(request.executionTimeoutMs, () => this.#end(attempt, { error, uncharged: false })),
      );
    }
    const at = clock.now();
    listener.onEvent({ kind: 'started', attemptId: request.attemptId, at, pid: child.pid, hostname: hostname() });
  }

  /** Starts the children that waiting attempts need, and one more so that the next attempt finds it warm. */
  #keepSpare(): void {
    if (this.#isStopping || this.#outputFd === undefined) return;
    const needed = new Map<number, number>();
    const free = Math.max(0, this.#free);
    for (const { request } of this.#waiting.slice(0, free)) {
      needed.set(request.memoryLimitMb, (needed.get(request.memoryLimitMb) ?? 0) + 1);
    }
    const usual = this.#options.memoryLimitMb;
    if (free > this.#waiting.length) needed.set(usual, (needed.get(usual) ?? 0) + 1);
    for (const [memoryLimitMb, wanted] of needed) {
      const ready = [...this.#children].filter(
        (child) => child.memoryLimitMb === memoryLimitMb && (child.state === 'starting' || child.state === 'idle'),
      ).length;
      for (let missing = wanted - ready; missing > 0; missing--) this.#startChild(memoryLimitMb);
    }
  }

  #startChild(memoryLimitMb: number): void {
    const { env, poolId, connections, xcomBytesMax, cacheFolder } = this.#options;
    try {
      const child = startChild(
        { memoryLimitMb, env, poolId, outputFd: this.#outputFd as number },
        { message: (from, message) => this.#receive(from, message), exit: (from, exit) => this.#onExit(from, exit) },
      );
      this.#children.add(child);
      child.send({ type: 'init', connections, xcomBytesMax, cacheFolder });
    } catch (error) {
      this.#onFailedStart(describeError(error));
    }
  }

  #receive(child: PoolChild, message: FromChild): void {
    const attempt = child.current ? this.#running.get(child.current.attemptId) : undefined;
    switch (message.type) {
      case 'ready':
        this.#failedStarts = 0;
        this.#becomeIdle(child);
        return;
      case 'progress':
        if (attempt)
          this.#emit({
            kind: 'progress',
            attemptId: attempt.request.attemptId,
            done: message.done,
            total: message.total,
          });
        return;
      case 'call':
        if (attempt) this.#answer(child, attempt, message);
        return;
      case 'finished':
        this.#onFinished(child, attempt, message);
        return;
      case 'settled':
        message.leftOver === null ? this.#becomeIdle(child) : this.#replace(child);
        return;
      case 'unfit':
        if (attempt) this.#lose(attempt, { type: 'unfit', message: message.message, stack: null }, true);
        this.#replace(child);
        return;
    }
  }

  #answer(child: PoolChild, attempt: RunningAttempt, { callId, call }: Extract<FromChild, { type: 'call' }>): void {
    const { attemptId } = attempt.request;
    this.#options.listener.onCall(attemptId, call).then(
      (value) => child.send({ type: 'answer', callId, value }),
      (error) => {
        const code: ErrorCode = error instanceof MillraceError && error.code in errorTable ? error.code : 'INTERNAL';
        child.send({ type: 'refusal', callId, code, message: describeError(error) });
      },
    );
  }

  #onFinished(
    child: PoolChild,
    attempt: RunningAttempt | undefined,
    { outcome, effects, isClean, rssBytes }: Extract<FromChild, { type: 'finished' }>,
  ): void {
    child.state = 'settling';
    const { attemptsPerChildMax, idleRssBytesMax, clock } = this.#options;
    if (attempt?.ending) this.#reportEnding(attempt, attempt.ending);
    else if (attempt) {
      this.#forget(attempt);
      this.#pace.note(clock.monotonic() - attempt.beganAt);
      this.#emit({ kind: 'finished', attemptId: attempt.request.attemptId, at: clock.now(), outcome, effects });
    }
    if (child.attempts >= attemptsPerChildMax || rssBytes > idleRssBytesMax) this.#replace(child);
    else if (isClean) this.#becomeIdle(child);
    this.#notifyDrained();
  }

  #becomeIdle(child: PoolChild): void {
    if (child.state === 'gone') return;
    child.current = null;
    child.state = 'idle';
    child.idleSince = this.#options.clock.monotonic();
    this.#dispatch();
  }

  #onExit(child: PoolChild, exit: ChildExit): void {
    const wasStarting = child.state === 'starting';
    const request = child.current;
    child.state = 'gone';
    this.#children.delete(child);
    const attempt = request ? this.#running.get(request.attemptId) : undefined;
    if (request) killTree(child.pid, request.attemptId);
    if (attempt?.ending) this.#reportEnding(attempt, attempt.ending);
    else if (attempt) this.#lose(attempt, describeExit(exit, attempt.request), false);
    if (wasStarting)
      this.#onFailedStart(`it ended with ${exit.signal ?? `exit code ${exit.code}`} before it was ready`);
    else this.#dispatch();
    this.#notifyDrained();
  }

  /** When children do not come up, attempts must not wait for ever: they are given back, and the reason is shown. */
  #onFailedStart(why: string): void {
    if (++this.#failedStarts < failedStartsMax) {
      this.#keepSpare();
      return;
    }
    this.#failedStarts = 0;
    const error = { type: 'no_process', message: `no process for the task could be started: ${why}`, stack: null };
    for (const attempt of this.#waiting.splice(0)) this.#lose(attempt, error, true);
  }

  /** Abort signal, SIGTERM to the group, SIGKILL to the tree; each after its grace. */
  #end(attempt: RunningAttempt, ending: Ending): void {
    if (attempt.ending) return;
    attempt.ending = ending;
    const { child, request } = attempt;
    const waitingAt = this.#waiting.indexOf(attempt);
    if (waitingAt >= 0) {
      this.#waiting.splice(waitingAt, 1);
      this.#reportEnding(attempt, ending);
    }
    if (!child) return;
    const { clock, abortGraceMs, killGraceMs } = this.#options;
    child.send({ type: 'abort', reason: ending.error });
    attempt.cancelTimers.push(
      clock.after(abortGraceMs, () => signalGroup(child.pid, 'SIGTERM')),
      clock.after(abortGraceMs + killGraceMs, () => killTree(child.pid, request.attemptId)),
    );
  }

  #reportEnding(attempt: RunningAttempt, { error, uncharged }: Ending): void {
    if (uncharged) {
      this.#lose(attempt, error, true);
      return;
    }
    this.#forget(attempt);
    this.#emit({
      kind: 'finished',
      attemptId: attempt.request.attemptId,
      at: this.#options.clock.now(),
      outcome: { state: 'failed', error, final: false },
      effects: emptyEffects(),
    });
  }

  #lose(attempt: RunningAttempt, error: AttemptError, uncharged: boolean): void {
    this.#forget(attempt);
    this.#emit({ kind: 'lost', attemptId: attempt.request.attemptId, at: this.#options.clock.now(), error, uncharged });
  }

  #forget(attempt: RunningAttempt): void {
    for (const cancelTimer of attempt.cancelTimers) cancelTimer();
    this.#running.delete(attempt.request.attemptId);
  }

  #emit(event: AttemptEvent): void {
    this.#options.listener.onEvent(event);
  }

  #replace(child: PoolChild): void {
    this.#discard(child);
    this.#dispatch();
  }

  #discard(child: PoolChild): void {
    child.state = 'gone';
    this.#children.delete(child);
    killTree(child.pid, child.current?.attemptId ?? null);
  }

  /** Every now and then: ends attempts that flood their log, and children that have nothing to do. */
  #check(): void {
    this.#stopChecks = this.#options.clock.after(logCheckMs, () => {
      const { logBytesMax, clock } = this.#options;
      for (const attempt of this.#running.values()) {
        const bytes = attempt.child ? (statSync(attempt.request.logPath, { throwIfNoEntry: false })?.size ?? 0) : 0;
        if (bytes <= logBytesMax) continue;
        const message = `the task wrote ${bytes} bytes of log, more than ${logBytesMax}`;
        this.#end(attempt, { error: { type: 'log_too_large', message, stack: null }, uncharged: false });
      }
      const idle = [...this.#children].filter((child) => child.state === 'idle');
      for (const child of idle.slice(1)) if (clock.monotonic() - child.idleSince > idleMaxMs) this.#discard(child);
      this.#check();
    });
  }

  #notifyDrained(): void {
    if (this.#running.size === 0) this.#onDrained?.();
  }
}

const shutdownError: AttemptError = { type: 'shutdown', message: 'the server is stopping', stack: null };
