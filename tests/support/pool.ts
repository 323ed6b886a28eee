import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Json } from '../../kernel/json.js';
import { packageRoot } from '../../kernel/paths.js';
import { systemClock } from '../../kernel/time.js';
import type { ImportResult } from '../../scheduler/dag/import-file.js';
import { loadDagFiles } from '../../scheduler/dag/loader.js';
import { LocalPool, type LocalPoolOptions } from '../../scheduler/executor/local-pool.js';
import type { AttemptCall, AttemptEvent, AttemptRequest } from '../../scheduler/model/attempt.js';
import type { ImportedFile, SerializedDag } from '../../scheduler/model/dag.js';

/** Compiles dist/ when the sources are newer: the processes under test run from there. */
export function ensureBuilt(): void {
  execFileSync(process.execPath, [join(packageRoot, 'build.js'), '--if-stale'], { stdio: 'inherit' });
}

/** A folder for the running test alone. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const childEnv = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };

/** Writes DAG files into `<folder>/dags` and imports them in a real loader child. */
export async function importFiles(
  folder: string,
  files: Record<string, string>,
  timeoutMs = 30_000,
): Promise<ImportResult[]> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'dags', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return loadDagFiles(
    Object.keys(files).map((fileloc) => ({ folder: join(folder, 'dags'), fileloc })),
    {
      clock: systemClock,
      bundlesFolder: join(folder, 'bundles'),
      env: childEnv,
      outputPath: join(folder, 'loader.log'),
      timeoutMs,
    },
  );
}

/** Imports one file that must be right. */
export async function importOne(folder: string, text: string, name = 'test.ts'): Promise<ImportedFile> {
  const [result] = await importFiles(folder, { [name]: text });
  if (!result || 'error' in result.outcome) throw new Error(JSON.stringify(result?.outcome, null, 2));
  return result.outcome.file;
}

export interface TestPool {
  pool: LocalPool;
  events: AttemptEvent[];
  /** Runs one task of the file to its end. */
  run(file: ImportedFile, taskId: string, change?: Partial<AttemptRequest>): Promise<Finished>;
  submit(file: ImportedFile, taskId: string, change?: Partial<AttemptRequest>): AttemptRequest;
  /** The end of an attempt that was submitted. */
  end(attemptId: string): Promise<Finished>;
  /** Resolves with the first event of that kind of the attempt, past or to come. */
  seen<Kind extends AttemptEvent['kind']>(
    attemptId: string,
    kind: Kind,
  ): Promise<Extract<AttemptEvent, { kind: Kind }>>;
  log(attempt: { logPath: string }): string;
}

export type Finished = Extract<AttemptEvent, { kind: 'finished' | 'lost' }> & { log: string };

/** A pool with real processes for the running test. */
export async function startPool(
  folder: string,
  options: Partial<LocalPoolOptions> & {
    onCall?: (call: AttemptCall, attemptId: string) => Promise<Json | undefined>;
  } = {},
): Promise<TestPool> {
  const { onCall = async () => undefined, ...poolOptions } = options;
  const events: AttemptEvent[] = [];
  const waiters = new Set<() => void>();
  const pool = new LocalPool({
    clock: systemClock,
    listener: {
      onEvent(event) {
        events.push(event);
        for (const wake of [...waiters]) wake();
      },
      onCall: (attemptId, call) => onCall(call, attemptId),
    },
    parallelism: 2,
    poolId: folder,
    connections: {},
    env: childEnv,
    xcomBytesMax: 1024 * 1024,
    cacheFolder: join(folder, 'cache'),
    idleLogPath: join(folder, 'idle.log'),
    memoryLimitMb: 256,
    ...poolOptions,
  });
  await pool.start();
  onTestFinished(() => pool.stop(0));

  const waitFor = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        waiters.delete(look);
        resolve(found);
      };
      waiters.add(look);
      look();
    });
  const log = ({ logPath }: { logPath: string }) => readFileSync(logPath, 'utf8');
  const requests = new Map<string, AttemptRequest>();
  const testPool: TestPool = {
    pool,
    events,
    log,
    submit(file, taskId, change = {}) {
      const request = attemptOf(folder, file, taskId, {
        attemptId: `${basename(folder)}-${requests.size + 1}`,
        ...change,
      });
      requests.set(request.attemptId, request);
      pool.submit(request);
      return request;
    },
    async end(attemptId) {
      const event = await waitFor(() =>
        events.find(
          (candidate): candidate is Extract<AttemptEvent, { kind: 'finished' | 'lost' }> =>
            (candidate.kind === 'finished' || candidate.kind === 'lost') && candidate.attemptId === attemptId,
        ),
      );
      return { ...event, log: log(requests.get(attemptId) as AttemptRequest) };
    },
    seen: (attemptId, kind) =>
      waitFor(() => events.find((event) => event.kind === kind && event.attemptId === attemptId)) as never,
    run: (file, taskId, change) => testPool.end(testPool.submit(file, taskId, change).attemptId),
  };
  return testPool;
}

/** The request for one attempt of a task, as the scheduler would make it. */
export function attemptOf(
  folder: string,
  file: ImportedFile,
  taskId: string,
  change: Partial<AttemptRequest> & { attemptId: string },
): AttemptRequest {
  const dag = file.dags.find((candidate) => candidate.tasks.some((task) => task.taskId === taskId)) as SerializedDag;
  const task = dag.tasks.find((candidate) => candidate.taskId === taskId);
  if (!task) throw new Error(`the file declares no task ${taskId}`);
  const literals = Object.entries(task.inputs).flatMap(([name, input]) =>
    'literal' in input ? [[name, input.literal]] : [],
  );
  return {
    dagId: dag.dagId,
    runId: 'manual__2026-01-01T00:00:00+00:00',
    taskId,
    mapIndex: -1,
    taskInstanceId: 1,
    tryNumber: 1,
    maxTries: task.retries,
    bundle: { hash: file.bundleHash, path: join(folder, 'bundles', `${file.bundleHash}.mjs`) },
    task,
    inputs: Object.fromEntries(literals),
    context: {
      logicalDate: Date.UTC(2026, 0, 1),
      dataInterval: { start: Date.UTC(2026, 0, 1), end: Date.UTC(2026, 0, 1) },
      runAfter: Date.UTC(2026, 0, 1),
      runStartedAt: Date.UTC(2026, 0, 1),
      runType: 'manual',
      conf: {},
      params: {},
      clearNumber: 0,
      event: undefined,
      firstStartedAt: null,
    },
    logPath: join(folder, 'logs', change.attemptId, '1.log'),
    executionTimeoutMs: null,
    memoryLimitMb: 256,
    ...change,
  };
}
