import { format } from 'node:util';
import type { Json } from '../../kernel/json.js';
import type { Clock, Instant } from '../../kernel/time.js';
import { type Dag, draftOf } from '../dag/dag.js';
import type { HookPool } from '../dag/hook-pool.js';
import { type AttemptScope, type LogLevel, scopeIfAny } from '../dag/runtime.js';
import { emptyEffects } from '../executor/effects.js';
import { type AttemptReport, runTask } from '../executor/run-task.js';
import type {
  AttemptCall,
  AttemptEffects,
  AttemptError,
  AttemptRequest,
  Executor,
  ExecutorListener,
} from '../model/attempt.js';
import type { BundleFiles } from '../operators/operator.js';

export interface InProcessOptions {
  dag: Dag;
  clock: Clock;
  hooks: HookPool;
  /** Where the SQL projects of the DAG are, by group id. */
  folder: string;
  xcomBytesMax: number;
  /** Tasks that run; the others succeed at once with the value in `returns`. null = all. */
  only: ReadonlySet<string> | null;
  returns: Record<string, Json>;
  variables: Map<string, string>;
}

/** What one attempt said and did. */
export interface TestedAttempt {
  request: AttemptRequest;
  report: AttemptReport | null;
  log: string[];
}

/** Runs attempts in this very process, through the same pipeline as a child does. Nothing is isolated: for tests of DAGs. */
export class InProcessExecutor implements Executor {
  listener: ExecutorListener | undefined;
  readonly attempts: TestedAttempt[] = [];
  readonly #options: InProcessOptions;
  readonly #running = new Map<string, AbortController>();
  #sleeping = 0;
  #wake: () => void = () => {};

  constructor(options: InProcessOptions) {
    this.#options = options;
  }

  /** Whether an attempt does something else than wait for the clock. */
  get isBusy(): boolean {
    return this.#running.size > this.#sleeping;
  }

  /** Resolves when an attempt ends or goes to sleep. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async start(): Promise<void> {}

  submit(request: AttemptRequest): void {
    const abort = new AbortController();
    const attempt: TestedAttempt = { request, report: null, log: [] };
    this.attempts.push(attempt);
    this.#running.set(request.attemptId, abort);
    const { attemptId } = request;
    this.#listener.onEvent({
      kind: 'started',
      attemptId,
      at: this.#options.clock.now(),
      pid: process.pid,
      hostname: 'test',
    });
    void this.#run(attempt, abort).then((report) => {
      attempt.report = report;
      this.#running.delete(attemptId);
      const { outcome, effects } = report;
      this.#listener.onEvent({
        kind: 'finished',
        attemptId,
        at: this.#options.clock.now(),
        outcome,
        effects: innerEffects(effects),
      });
      this.#wake();
    });
  }

  cancel(attemptId: string, reason: string): void {
    const error: AttemptError = { type: 'cancelled', message: reason, stack: null };
    this.#running.get(attemptId)?.abort(error);
  }

  async stop(): Promise<void> {
    for (const attemptId of this.#running.keys()) this.cancel(attemptId, 'the test is over');
  }

  async #run(attempt: TestedAttempt, abort: AbortController): Promise<AttemptReport> {
    const { request } = attempt;
    const { only, returns, hooks, xcomBytesMax } = this.#options;
    if (only && !only.has(request.taskId)) return passed(returns[request.taskId]);
    hooks.use(abort.signal);
    return runTask({ scope: this.#scope(attempt, abort.signal), bundle: this.#bundle(request.taskId), xcomBytesMax });
  }

  #scope({ request, log }: TestedAttempt, signal: AbortSignal): AttemptScope {
    return {
      attempt: request,
      signal,
      clock: this.#countingClock(),
      effects: emptyEffects(),
      hooks: this.#options.hooks,
      call: (call) => this.#call(request.attemptId, call),
      log: (level: LogLevel, text: string) => void log.push(`${level} ${text}`),
      maskSecret: () => {}, // The log is the test's own.
      progress: () => {},
    };
  }

  /** The clock of the test, which knows who sleeps on it. */
  #countingClock(): Clock {
    const { clock } = this.#options;
    return {
      now: (): Instant => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => {
        this.#sleeping++;
        let isOver = false;
        const end = () => {
          if (!isOver) this.#sleeping--;
          isOver = true;
        };
        const cancel = clock.after(delayMs, () => {
          end();
          callback();
        });
        this.#wake();
        return () => {
          end();
          cancel();
        };
      },
    };
  }

  /** Variables are those that the test gave, then those of its environment; everything else is the scheduler's answer. */
  async #call(attemptId: string, call: AttemptCall): Promise<Json | undefined> {
    const { variables } = this.#options;
    switch (call.method) {
      case 'getVariable':
        return variables.get(call.key) ?? this.#listener.onCall(attemptId, call);
      case 'setVariable':
        variables.set(call.key, call.value);
        return undefined;
      case 'deleteVariable':
        variables.delete(call.key);
        return undefined;
      default:
        return this.#listener.onCall(attemptId, call);
    }
  }

  #bundle(taskId: string): BundleFiles {
    const { dag, folder } = this.#options;
    return {
      hash: 'test',
      folder,
      cacheFolder: '',
      dag: async () => dag,
      async declaration() {
        const task = dag[draftOf].tasks.get(taskId);
        if (!task) throw new TypeError(`the DAG declares no task ${taskId}`);
        return task;
      },
    };
  }

  get #listener(): ExecutorListener {
    if (!this.listener) throw new TypeError('the executor has no listener');
    return this.listener;
  }
}

/** E-mails and runs of other DAGs are shown to the test and go no further. */
function innerEffects(effects: AttemptEffects): AttemptEffects {
  return { ...effects, emails: [], triggers: [] };
}

function passed(value: Json | undefined): AttemptReport {
  const xcoms = value === undefined ? [] : [{ key: 'return_value', value }];
  return { outcome: { state: 'success' }, effects: { ...emptyEffects(), xcoms } };
}

const consoleLevels = { debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'ERROR', error: 'ERROR' } as const;

/** While it lasts, what handlers print goes to their own log, as it does in a child. Returns the function that ends it. */
export function captureConsole(): () => void {
  const before = { ...console };
  for (const [name, level] of Object.entries(consoleLevels) as [keyof typeof consoleLevels, LogLevel][]) {
    console[name] = (...parts: unknown[]) => {
      const scope = scopeIfAny();
      if (scope) scope.log(level, format(...parts));
      else before[name](...parts);
    };
  }
  return () => Object.assign(console, before);
}
