import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { onTestFinished } from 'vitest';
import type { Json } from '../../kernel/json.js';
import { SecretMasker } from '../../kernel/secret-masker.js';
import { type Instant, ManualClock } from '../../kernel/time.js';
import { noEffects } from '../../scheduler/loop/attempt-events.js';
import { createScheduler, type Scheduler, type SchedulerSettings } from '../../scheduler/loop.js';
import type {
  AttemptEffects,
  AttemptOutcome,
  AttemptRequest,
  Executor,
  ExecutorListener,
} from '../../scheduler/model/attempt.js';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import type { SchedulerEvent } from '../../scheduler/model/events.js';
import { readEnvironmentBackend } from '../../scheduler/store/environment-backend.js';
import { createSecrets, type Secrets } from '../../scheduler/store/secrets.js';
import { openSqliteStore, type SqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { createVault } from '../../scheduler/store/vault.js';
import { Mortal } from './mortal.js';
import { tester } from './tester.js';

export { noEffects } from '../../scheduler/loop/attempt-events.js';
export { tester } from './tester.js';

type Result = { outcome: AttemptOutcome; effects?: Partial<AttemptEffects> };

/** What an attempt does: an outcome at once, or `hold`: it runs until `finish` is called. */
export type Behaviour = (request: AttemptRequest) => Result | 'hold';

/** Runs attempts in no time and in no process; each does what the test says. */
export class FakeExecutor implements Executor {
  readonly submitted: AttemptRequest[] = [];
  readonly running = new Map<string, AttemptRequest>();
  readonly cancelled: string[] = [];
  behaviour: Behaviour = () => ({ outcome: { state: 'success' } });
  listener: ExecutorListener | undefined;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async start(): Promise<void> {}

  submit(request: AttemptRequest): void {
    this.submitted.push(request);
    this.running.set(request.attemptId, request);
    const result = this.behaviour(request);
    this.#listener.onEvent({
      kind: 'started',
      attemptId: request.attemptId,
      at: this.#clock.now(),
      pid: 1,
      hostname: 'fake',
    });
    if (result !== 'hold') this.#finish(request, result);
  }

  /** Ends an attempt that was held. */
  finish(taskId: string, result: Result = { outcome: { state: 'success' } }, mapIndex = -1): void {
    const found = [...this.running.values()].find((one) => one.taskId === taskId && one.mapIndex === mapIndex);
    if (!found) throw new Error(`no attempt of ${taskId} [${mapIndex}] runs`);
    this.#finish(found, result);
  }

  lose(taskId: string, uncharged: boolean): void {
    const found = [...this.running.values()].find((one) => one.taskId === taskId);
    if (!found) throw new Error(`no attempt of ${taskId} runs`);
    this.#lose(found, uncharged);
  }

  cancel(attemptId: string): void {
    this.cancelled.push(attemptId);
    const request = this.running.get(attemptId);
    if (request) this.#lose(request, false);
  }

  async stop(): Promise<void> {
    for (const request of [...this.running.values()]) this.#lose(request, true);
  }

  #lose({ attemptId }: AttemptRequest, uncharged: boolean): void {
    this.running.delete(attemptId);
    this.#listener.onEvent({
      kind: 'lost',
      attemptId,
      at: this.#clock.now(),
      error: { type: 'killed', message: 'the process was killed', stack: null },
      uncharged,
    });
  }

  #finish(request: AttemptRequest, result: Result): void {
    this.running.delete(request.attemptId);
    this.#listener.onEvent({
      kind: 'finished',
      attemptId: request.attemptId,
      at: this.#clock.now(),
      outcome: result.outcome,
      effects: { ...noEffects, ...result.effects },
    });
  }

  get #listener(): ExecutorListener {
    if (!this.listener) throw new Error('the executor has no listener');
    return this.listener;
  }
}

export interface Harness {
  clock: ManualClock;
  store: SqliteStore;
  executor: FakeExecutor;
  scheduler: Scheduler;
  secrets: Secrets;
  masker: SecretMasker;
  events: SchedulerEvent[];
  reports: string[];
  declare(...dags: SerializedDag[]): Promise<void>;
  trigger(dagId: string, wish?: Partial<Parameters<Scheduler['commands']['triggerDagRun']>[0]>): Promise<string>;
  /** States by task, `task[3]` for mapped ones. */
  states(dagId: string, runId: string): Promise<Record<string, string | null>>;
  runState(dagId: string, runId: string): Promise<string>;
  rows<Row>(sql: string, ...parameters: unknown[]): Promise<Row[]>;
  advanceTo(instant: Instant): Promise<void>;
  advanceBy(ms: number): Promise<void>;
  /** Somebody sets the clock on the wall, forward or back; time itself goes on. */
  setClockBy(ms: number): void;
  /** What the clock on the wall says. */
  now(): Instant;
  settled(): Promise<void>;
  /** Ends this server without a word and starts another on the same file. */
  crash(behaviour?: Behaviour): Promise<Harness>;
}

export interface HarnessOptions {
  now?: Instant;
  settings?: Partial<SchedulerSettings>;
  path?: string;
  /** Where `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` are looked for. */
  environment?: Record<string, string>;
  /** What attempts do from the first moment on. */
  behaviour?: Behaviour;
}

/** A scheduler on a store of its own, with a clock and an executor that the test owns. */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const path = options.path ?? temporaryStore();
  const clock = new ManualClock(options.now ?? Date.UTC(2026, 0, 1));
  const wall = { now: () => clock.now() + wall.skewMs, skewMs: 0 };
  const life = new Mortal();
  const store = openSqliteStore(path);
  const executor = new FakeExecutor(clock);
  if (options.behaviour) executor.behaviour = options.behaviour;
  const reports: string[] = [];
  let ids = 0;
  const vault = createVault('a secret of at least thirty-two bytes');
  const environment = readEnvironmentBackend(options.environment ?? {});
  const masker = new SecretMasker();
  const secrets = createSecrets({ store, vault, environment, masker });
  const scheduler = createScheduler({
    store,
    clock: life.clock({
      now: wall.now,
      monotonic: () => clock.monotonic(),
      after: (ms, call) => clock.after(ms, call),
    }),
    executor,
    settings: {
      parallelism: 100,
      xcomBytesMax: 1_048_576,
      logFolder: '/logs',
      bundleFolder: '/bundles',
      taskMemoryMb: 512,
      baseUrl: 'http://localhost:8080',
      ...options.settings,
    },
    newId: () => `attempt-${clock.now()}-${++ids}`,
    hostname: 'test',
    soon: life.soon,
    report: (error, about) => reports.push(`${about}: ${error instanceof Error ? error.message : error}`),
    vault,
    secrets,
    isParanoid: true,
  });
  onTestFinished(() => {
    if (reports.length > 0) throw new Error(`the scheduler reported: ${reports.join('; ')}`);
  });
  executor.listener = scheduler.listener;
  const events: SchedulerEvent[] = [];
  scheduler.events.listen((event) => events.push(event));
  await scheduler.start();
  const harness = assemble(
    { clock, store, executor, scheduler, secrets, masker, events, reports },
    { life, wall },
    path,
    options,
  );
  await harness.settled();
  return harness;
}

function assemble(
  parts: Pick<Harness, 'clock' | 'store' | 'executor' | 'scheduler' | 'secrets' | 'masker' | 'events' | 'reports'>,
  { life, wall }: { life: Mortal; wall: { skewMs: number } },
  path: string,
  options: HarnessOptions,
): Harness {
  const { clock, store, scheduler } = parts;
  const rows = <Row>(sql: string, ...parameters: unknown[]) =>
    store.read(CompiledQuery.raw(sql, parameters) as CompiledQuery<Row>);
  const settled = async () => {
    // Handing out an attempt reads its inputs first: let the microtasks run before the last look.
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      await scheduler.idle();
    }
  };
  const advanceTo = async (instant: Instant) => {
    for (let due = clock.nextTimerAt(); due !== undefined && due <= instant; due = clock.nextTimerAt()) {
      clock.advanceTo(due);
      await settled();
    }
    clock.advanceTo(instant);
    await settled();
  };
  return {
    ...parts,
    rows,
    settled,
    advanceTo,
    advanceBy: (ms) => advanceTo(clock.now() + ms),
    setClockBy: (ms) => {
      wall.skewMs += ms;
    },
    now: () => clock.now() + wall.skewMs,
    async declare(...dags) {
      await scheduler.saveImports({
        files: [{ fileloc: 'test.ts', bundleHash: 'hash', dags, source: '// source' }],
        errors: [],
        removed: [],
      });
      await settled();
    },
    async trigger(dagId, wish = {}) {
      const { runId } = await scheduler.commands.triggerDagRun(
        { dagId, runId: null, logicalDate: null, dataInterval: null, runAfter: null, conf: {}, note: null, ...wish },
        tester,
      );
      await settled();
      return runId;
    },
    async states(dagId, runId) {
      const found = await rows<{ task_id: string; map_index: number; state: string | null }>(
        `select ti.task_id, ti.map_index, ti.state from task_instance ti join dag_run r on r.id = ti.dag_run_id
         where r.dag_id = ? and r.run_id = ? order by ti.id`,
        dagId,
        runId,
      );
      return Object.fromEntries(
        found.map((row) => [row.map_index < 0 ? row.task_id : `${row.task_id}[${row.map_index}]`, row.state]),
      );
    },
    async runState(dagId, runId) {
      const [row] = await rows<{ state: string }>(
        'select state from dag_run where dag_id = ? and run_id = ?',
        dagId,
        runId,
      );
      return row?.state ?? 'absent';
    },
    async crash(behaviour = parts.executor.behaviour) {
      life.kill();
      await store.close();
      return startHarness({ ...options, path, now: clock.now() + wall.skewMs, behaviour });
    },
  };
}

function temporaryStore(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-scheduler-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'metadata.db');
}

/** The outcome of a handler that returned a value. */
export function returned(value: Json): Result {
  return { outcome: { state: 'success' }, effects: { xcoms: [{ key: 'return_value', value }] } };
}

export function failed(message = 'boom'): Result {
  return { outcome: { state: 'failed', error: { type: 'Error', message, stack: null }, final: false } };
}
