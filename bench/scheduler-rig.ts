import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../kernel/time.js';
import { createScheduler, type Scheduler } from '../scheduler/loop.js';
import type { AttemptEffects, AttemptRequest, Executor, ExecutorListener } from '../scheduler/model/attempt.js';
import type { SerializedDag } from '../scheduler/model/dag.js';
import { newTask } from '../scheduler/model/new-task.js';
import { openSqliteStore, type SqliteStore } from '../scheduler/store/sqlite-driver.js';
import { createVault } from '../scheduler/store/vault.js';
import { runOnce, triggerRun } from './run-once.js';

const nothing: AttemptEffects = {
  xcoms: [],
  emails: [],
  triggers: [],
  assetEvents: [],
  skip: null,
  rendered: {},
  details: {},
};

/** Performs attempts in this process and in no time: what is left is the cost of the scheduler and its store. */
export class InstantExecutor implements Executor {
  listener: ExecutorListener | undefined;
  /** DAGs whose attempts never end. */
  readonly held = new Set<string>();

  async start(): Promise<void> {}

  submit(request: AttemptRequest): void {
    const { attemptId, dagId } = request;
    this.listener?.onEvent({ kind: 'started', attemptId, at: Date.now(), pid: 1, hostname: 'bench' });
    if (this.held.has(dagId)) return;
    setImmediate(() => {
      this.listener?.onEvent({
        kind: 'finished',
        attemptId,
        at: Date.now(),
        outcome: { state: 'success' },
        effects: nothing,
      });
    });
  }

  cancel(): void {}

  async stop(): Promise<void> {}
}

export interface Rig {
  scheduler: Scheduler;
  store: SqliteStore;
  executor: InstantExecutor;
  declare(...dags: SerializedDag[]): Promise<void>;
  /** Triggers a run and resolves with the milliseconds until it is over. */
  run(dagId: string): Promise<number>;
  trigger(dagId: string): Promise<{ runId: string }>;
  close(): Promise<void>;
}

/** A scheduler on a durable store in a temporary folder, with an executor that costs nothing. */
export async function openRig(parallelism: number): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const store = openSqliteStore(join(folder, 'metadata.db'));
  const executor = new InstantExecutor();
  let ids = 0;
  const scheduler = createScheduler({
    store,
    clock: systemClock,
    executor,
    settings: {
      parallelism,
      xcomBytesMax: 1_048_576,
      logFolder: folder,
      bundleFolder: folder,
      taskMemoryMb: 512,
      baseUrl: null,
    },
    newId: () => `attempt-${++ids}`,
    hostname: 'bench',
    soon: (callback) => setImmediate(callback),
    report: (error, about) => {
      throw new Error(about, { cause: error });
    },
    vault: createVault('a secret of at least thirty-two bytes'),
  });
  executor.listener = scheduler.listener;
  await scheduler.start();
  return {
    scheduler,
    store,
    executor,
    declare: (...dags) =>
      scheduler.saveImports({
        files: [{ fileloc: 'bench.ts', bundleHash: 'bench', dags, source: '' }],
        errors: [],
        removed: [],
      }),
    run: (dagId) => runOnce(scheduler, dagId),
    trigger: (dagId) => triggerRun(scheduler, dagId),
    async close() {
      await scheduler.stop(0);
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A DAG of plain tasks; `upstream` says per task number what comes before it. */
export function benchDag(dagId: string, length: number, upstream: (at: number) => number[]): SerializedDag {
  return {
    dagId,
    displayName: dagId,
    description: null,
    docMd: null,
    owner: 'bench',
    tags: [],
    schedule: { kind: 'none' },
    timezone: 'UTC',
    startDate: null,
    endDate: null,
    catchup: false,
    maxActiveRuns: 10_000,
    maxActiveTasks: 100_000,
    maxConsecutiveFailedDagRuns: 0,
    dagrunTimeoutMs: null,
    failFast: false,
    isPausedUponCreation: false,
    paramsSchema: null,
    email: [],
    callbacks: { onSuccess: false, onFailure: false, onRetry: false },
    deadline: null,
    renderTemplateAsNativeObj: false,
    groups: [],
    tasks: Array.from({ length }, (_, at) =>
      newTask({
        taskId: `t${at}`,
        owner: 'bench',
        upstream: upstream(at).map((other) => `t${other}`),
        retryDelayMs: 0,
      }),
    ),
  };
}
