import { type ErrorCode, MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { isSensitiveName, SecretMasker } from '../../kernel/secret-masker.js';
import { systemClock } from '../../kernel/time.js';
import { HookPool } from '../dag/hook-pool.js';
import { type AttemptScope, scopeIfAny } from '../dag/runtime.js';
import type { AttemptCall, AttemptRequest } from '../model/attempt.js';
import type { Connection } from '../model/connection.js';
import { maskConnection, maskVariable } from '../model/known-secrets.js';
import { findOperator } from '../operators/registry.js';
import { BundleCache } from './bundle-cache.js';
import { emptyEffects } from './effects.js';
import { redirectOutput } from './log-files.js';
import { maskError, maskReport } from './mask-report.js';
import type { FromChild, ToChild } from './messages.js';
import { attemptVariable, leftBy, listPids } from './process-tree.js';
import { errorOf, runTask } from './run-task.js';
import { LineWriter } from './task-logs.js';
import { watchSpawns } from './watch-spawns.js';

type Init = Extract<ToChild, { type: 'init' }>;

interface CurrentAttempt {
  request: AttemptRequest;
  scope: AttemptScope;
  abort: AbortController;
  env: Record<string, string | undefined>;
  isFinished: boolean;
}

interface WaitingCall {
  call: AttemptCall;
  resolve(value: Json | undefined): void;
  reject(error: unknown): void;
}

/** Milliseconds between two looks for what an attempt left open, and how long it is waited for. */
const settleStepMs = 20;
const settleMaxMs = 1_000;

/** For so long, milliseconds, the size of the process is taken to be what it was. */
const rssStaleMs = 100;

/** The child's side of the pool: runs the attempts it is sent, one at a time, and says what became of them. */
export class ChildSession {
  readonly #send: (message: FromChild) => void;
  readonly #bundles = new BundleCache();
  readonly #calls = new Map<number, WaitingCall>();
  /** Knows every secret that this process was given. */
  readonly #masker = new SecretMasker();
  readonly #lines = new LineWriter(
    1,
    () => new Date(),
    (text) => this.#masker.mask(text),
  );
  #init: Init | undefined;
  #hooks = new HookPool({});
  #current: CurrentAttempt | undefined;
  #lastCallId = 0;
  /** The pids before the current attempt started its first process; null while it has started none. */
  #pidsBefore: Set<number> | null = null;
  /** Whether an error went uncaught: nobody knows what state it left the process in. */
  #isTainted = false;
  #idleResources = new Map<string, number>();
  #rss = { bytes: 0, readAt: Number.NEGATIVE_INFINITY };

  constructor(send: (message: FromChild) => void) {
    this.#send = send;
    this.#captureOutput();
    watchSpawns(() => {
      this.#pidsBefore ??= new Set(listPids());
    });
  }

  ready(): void {
    this.#idleResources = activeResources();
    this.#send({ type: 'ready' });
    // A child that waits loads meanwhile what most tasks need; one that got work at once has no time for that.
    setTimeout(() => {
      if (this.#current === undefined) void warmUp();
    }, warmUpAfterMs).unref();
  }

  receive(message: ToChild): void {
    switch (message.type) {
      case 'init':
        this.#init = message;
        this.#hooks = new HookPool(message.connections);
        for (const { url, secretKey } of Object.values(message.connections)) {
          this.#masker.addUrl(url);
          this.#masker.add(secretKey);
        }
        return;
      case 'run':
        this.#begin(message.attempt);
        return;
      case 'abort':
        this.#current?.abort.abort(message.reason);
        return;
      case 'answer':
        this.#answer(message.callId, message.value);
        return;
      case 'refusal':
        this.#takeCall(message.callId)?.reject(new MillraceError(message.code as ErrorCode, message.message));
        return;
    }
  }

  /**
   * An error that no handler caught: fails the attempt that it comes from, and the process is replaced. One that an
   * earlier attempt left behind is only told, in the log that is open now.
   */
  crash(thrown: unknown): void {
    const current = this.#current;
    const error = errorOf(thrown);
    const text = `Uncaught: ${error.stack ?? error.message}`;
    if (!current || current.isFinished) {
      this.#lines.entry('ERROR', text);
      process.exit(1);
    }
    this.#isTainted = true;
    const origin = scopeIfAny()?.attempt;
    if (origin && origin.attemptId !== current.request.attemptId) {
      this.#lines.entry('WARNING', `${text}\nIt comes from ${origin.dagId}.${origin.taskId}, which ran here before.`);
      return;
    }
    current.scope.log('ERROR', text);
    const outcome = { state: 'failed' as const, error: maskError(this.#masker, error), final: false };
    this.#finish(current, { outcome, effects: emptyEffects() });
  }

  #begin(request: AttemptRequest): void {
    try {
      redirectOutput(request.logPath);
    } catch (error) {
      this.#send({ type: 'unfit', message: String(error) });
      return;
    }
    const abort = new AbortController();
    this.#hooks.use(abort.signal);
    this.#pidsBefore = null;
    const env = { ...process.env };
    process.env[attemptVariable] = request.attemptId;
    const scope: AttemptScope = {
      attempt: request,
      signal: abort.signal,
      clock: systemClock,
      effects: emptyEffects(),
      hooks: this.#hooks,
      call: (call) => this.#call(call),
      log: (level, text) => this.#lines.entry(level, text),
      maskSecret: (value, name) => {
        if (name === undefined || isSensitiveName(name)) this.#masker.addSensitive(value, true);
        else this.#masker.addSensitive(value);
      },
      progress: (done, total) => this.#send({ type: 'progress', done, total }),
    };
    const current = { request, scope, abort, env, isFinished: false };
    this.#current = current;
    const { xcomBytesMax = 1024 * 1024, cacheFolder = '' } = this.#init ?? {};
    const bundle = this.#bundles.open(request.bundle, request.dagId, request.taskId, cacheFolder);
    void runTask({ scope, bundle, xcomBytesMax }).then((report) =>
      this.#finish(current, maskReport(this.#masker, report)),
    );
  }

  #finish(
    current: CurrentAttempt,
    report: Pick<Extract<FromChild, { type: 'finished' }>, 'outcome' | 'effects'>,
  ): void {
    if (current.isFinished) return;
    current.isFinished = true;
    this.#lines.endLine();
    this.#calls.clear();
    restoreEnvironment(current.env);
    const isClean = !this.#isTainted && this.#pidsBefore === null && this.#leftOver() === null;
    this.#send({ type: 'finished', ...report, isClean, rssBytes: this.#rssBytes() });
    if (!isClean) this.#settle(current.request.attemptId, Date.now() + settleMaxMs);
  }

  /** Read from the system now and then: to ask after each of many small attempts costs more than to end one. */
  #rssBytes(): number {
    const now = systemClock.monotonic();
    if (now - this.#rss.readAt > rssStaleMs) this.#rss = { bytes: process.memoryUsage.rss(), readAt: now };
    return this.#rss.bytes;
  }

  /** Waits for what is closing; what stays open is named, and the pool replaces the process. */
  #settle(attemptId: string, until: number): void {
    const leftOver = this.#isTainted ? 'an uncaught error' : (this.#leftOver() ?? this.#leftProcesses(attemptId));
    if (leftOver !== null && !this.#isTainted && Date.now() < until) {
      setTimeout(() => this.#settle(attemptId, until), settleStepMs).unref();
      return;
    }
    if (leftOver !== null) {
      this.#lines.entry('WARNING', `The task ended but left open: ${leftOver}. Its process is replaced.`);
    }
    this.#send({ type: 'settled', leftOver });
  }

  #leftOver(): string | null {
    const left = [...activeResources()].filter(([type, count]) => count > (this.#idleResources.get(type) ?? 0));
    return left.length === 0 ? null : left.map(([type, count]) => `${type} (${count})`).join(', ');
  }

  #leftProcesses(attemptId: string): string | null {
    const pids = this.#pidsBefore ? leftBy(process.pid, attemptId, this.#pidsBefore) : [];
    return pids.length === 0 ? null : `processes ${pids.join(', ')}`;
  }

  #call(call: AttemptCall): Promise<Json | undefined> {
    const callId = ++this.#lastCallId;
    return new Promise((resolve, reject) => {
      this.#calls.set(callId, { call, resolve, reject });
      this.#send({ type: 'call', callId, call });
    });
  }

  /** What is secret in an answer is masked from before the task has it. */
  #answer(callId: number, value: Json | undefined): void {
    const waiting = this.#takeCall(callId);
    if (!waiting) return;
    const { call } = waiting;
    if (call.method === 'getVariable' && typeof value === 'string') maskVariable(this.#masker, call.key, value);
    if (call.method === 'getConnection' && value) maskConnection(this.#masker, value as Partial<Connection>);
    waiting.resolve(value);
  }

  #takeCall(callId: number) {
    const call = this.#calls.get(callId);
    this.#calls.delete(callId);
    return call;
  }

  /** console.log and whatever else writes to the streams gets the head of a log entry. */
  #captureOutput(): void {
    for (const [stream, level] of [
      [process.stdout, 'INFO'],
      [process.stderr, 'ERROR'],
    ] as const) {
      stream.write = ((piece: string | Uint8Array, encoding?: unknown, callback?: unknown) => {
        this.#lines.write(level, typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8'));
        const done = typeof encoding === 'function' ? encoding : callback;
        if (typeof done === 'function') process.nextTick(done as () => void);
        return true;
      }) as typeof stream.write;
    }
  }
}

/** Milliseconds after which a child that has nothing to do warms up: the server's own start is over by then. */
const warmUpAfterMs = 1_500;

/** Loads modules that are slow to load: the SQL engine, PostgreSQL, e-mail. A failure shows when they are used. */
async function warmUp(): Promise<void> {
  await Promise.allSettled([findOperator('sql_node'), findOperator('email'), import('../../connectors/postgres.js')]);
}

/** What keeps the event loop alive, by kind. A file that is being closed (after an import) is none of the task's. */
function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (type !== 'CloseReq') counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

/** Undoes what a handler did to the environment: the next attempt is another task's. */
function restoreEnvironment(env: Record<string, string | undefined>): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (process.env[name] !== value) process.env[name] = value;
}
