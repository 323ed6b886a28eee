import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../kernel/time.js';
import { loadDagFiles } from '../scheduler/dag/loader.js';
import { LocalPool } from '../scheduler/executor/local-pool.js';
import type { AttemptEvent, AttemptRequest } from '../scheduler/model/attempt.js';
import type { ImportedFile, SerializedTask } from '../scheduler/model/dag.js';
import { type Bench, type BenchRow, measureAgainst, median } from './bench.js';

const dagFile = `import { Dag } from 'millrace';
export const dag = new Dag('bench');
dag.task('noop', async () => undefined)();
const fibonacci = (n: number): number => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));
dag.task('fib33', async () => fibonacci(33))();`;

const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
const attempts = 1_000;

/** What an attempt costs besides its work: on a warm child, against a bare echo over the same kind of IPC, and a fork each. */
export const bench: Bench = async (say) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-executor-'));
  const rig = await openRig(folder, 2);
  const echo = await openEcho(folder);
  try {
    return [
      await measureAgainst(
        {
          name: 'executor/no-op attempt, start to finish',
          unit: 'ms',
          goal: 1,
          better: 'lower',
          measure: () => rig.medianMs('noop', attempts),
          baseline: {
            name: 'echo of the same message by a bare child',
            measure: () => echo.medianMs(rig.request('noop'), attempts),
          },
        },
        say,
      ),
      await measureAgainst(
        {
          name: 'executor/no-op attempts, two children',
          unit: 'attempts/s',
          goal: null,
          better: 'higher',
          measure: () => rig.perSecond('noop', attempts),
          baseline: { name: 'a fork for each', measure: () => forksPerSecond(folder, 20) },
        },
        say,
      ),
      await measureAgainst(
        {
          name: 'executor/fib(33), ten in a row',
          unit: 'ms',
          goal: null,
          better: 'lower',
          measure: () => rig.totalMs('fib33', 10),
          baseline: { name: 'the same in one bare process', measure: () => echo.fibonacciMs(10) },
        },
        say,
      ),
    ] satisfies BenchRow[];
  } finally {
    await rig.close();
    echo.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

async function openRig(folder: string, parallelism: number) {
  mkdirSync(join(folder, 'dags'));
  writeFileSync(join(folder, 'dags', 'bench.ts'), dagFile);
  const [result] = await loadDagFiles([{ folder: join(folder, 'dags'), fileloc: 'bench.ts' }], {
    clock: systemClock,
    bundlesFolder: join(folder, 'bundles'),
    env,
    outputPath: join(folder, 'loader.log'),
  });
  if (!result || 'error' in result.outcome) throw new Error(JSON.stringify(result?.outcome));
  const { file } = result.outcome;
  let onEnd: (event: AttemptEvent) => void = () => {};
  const pool = new LocalPool({
    clock: systemClock,
    listener: {
      onEvent: (event) => {
        if (event.kind === 'finished' || event.kind === 'lost') onEnd(event);
      },
      onCall: async () => undefined,
    },
    parallelism,
    poolId: folder,
    connections: {},
    env,
    xcomBytesMax: 1024 * 1024,
    cacheFolder: join(folder, 'cache'),
    idleLogPath: join(folder, 'idle.log'),
    memoryLimitMb: 512,
    attemptsPerChildMax: 1_000_000,
  });
  await pool.start();
  let count = 0;
  const request = (taskId: string) => attemptRequest(folder, file, taskId, ++count);
  const one = (taskId: string) =>
    new Promise<void>((resolve, reject) => {
      onEnd = (event) => {
        if (event.kind === 'finished' && event.outcome.state === 'success') resolve();
        else reject(new Error(JSON.stringify(event)));
      };
      pool.submit(request(taskId));
    });
  return {
    request,
    close: () => pool.stop(0),
    async medianMs(taskId: string, times: number): Promise<number> {
      const took: number[] = [];
      for (let at = 0; at < times; at++) took.push(await timed(() => one(taskId)));
      return median(took);
    },
    totalMs: (taskId: string, times: number): Promise<number> =>
      timed(async () => {
        for (let at = 0; at < times; at++) await one(taskId);
      }),
    async perSecond(taskId: string, times: number): Promise<number> {
      const ms = await timed(
        () =>
          new Promise<void>((resolve) => {
            let started = 0;
            let ended = 0;
            const next = () => {
              if (started++ < times) setImmediate(() => pool.submit(request(taskId)));
            };
            onEnd = () => {
              if (++ended === times) resolve();
              else next();
            };
            for (let at = 0; at < parallelism; at++) next();
          }),
      );
      return (times * 1_000) / ms;
    },
  };
}

/** A child that answers each message with itself: what IPC alone costs. */
async function openEcho(folder: string) {
  const path = join(folder, 'echo.cjs');
  const source = `const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
    process.on('message', (message) => process.send(message.fib ? Array.from({ length: message.fib }, () => fib(33)) : message));`;
  writeFileSync(path, source);
  const child = fork(path);
  const ask = async (message: object) => {
    child.send(message);
    await once(child, 'message');
  };
  await ask({});
  return {
    close: () => child.kill(),
    async medianMs(message: AttemptRequest, times: number): Promise<number> {
      const took: number[] = [];
      for (let at = 0; at < times; at++) took.push(await timed(() => ask(message)));
      return median(took);
    },
    fibonacciMs: (times: number): Promise<number> => timed(() => ask({ fib: times })),
  };
}

async function forksPerSecond(folder: string, times: number): Promise<number> {
  const path = join(folder, 'once.cjs');
  writeFileSync(path, 'process.send(1, () => process.exit(0));');
  const ms = await timed(async () => {
    for (let at = 0; at < times; at++) await once(fork(path), 'exit');
  });
  return (times * 1_000) / ms;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function attemptRequest(folder: string, file: ImportedFile, taskId: string, number: number): AttemptRequest {
  const now = Date.now();
  return {
    dagId: 'bench',
    runId: 'manual__bench',
    taskId,
    mapIndex: -1,
    attemptId: `bench-${number}`,
    taskInstanceId: number,
    tryNumber: 1,
    maxTries: 0,
    bundle: { hash: file.bundleHash, path: join(folder, 'bundles', `${file.bundleHash}.mjs`) },
    task: file.dags[0]?.tasks.find((task) => task.taskId === taskId) as SerializedTask,
    inputs: {},
    context: {
      logicalDate: now,
      dataInterval: { start: now, end: now },
      runAfter: now,
      runStartedAt: now,
      runType: 'manual',
      conf: {},
      params: {},
      clearNumber: 0,
      event: undefined,
      firstStartedAt: null,
    },
    logPath: join(folder, 'logs', `${number}`, '1.log'),
    executionTimeoutMs: null,
    memoryLimitMb: 512,
  };
}
