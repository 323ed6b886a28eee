import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../kernel/time.js';
import { LocalPool } from '../scheduler/executor/local-pool.js';
import type { AttemptEvent, AttemptRequest } from '../scheduler/model/attempt.js';
import type { ImportedFile, SerializedTask } from '../scheduler/model/dag.js';
import { openBareChildren, timed } from './bare.js';
import { type Bench, type BenchRow, measureAgainst, median } from './bench.js';
import { benchEnv, benchFolder, importBenchDags } from './engine-rig.js';

const attempts = 1_000;

/** What an attempt costs on a warm child, without scheduler and store: against bare messages, and a fork each. */
export const bench: Bench = async (say) => {
  const folder = benchFolder();
  const rig = await openRig(folder.path, 2);
  const bare = await openBareChildren(1);
  try {
    return [
      await measureAgainst(
        {
          name: 'executor/no-op attempt, start to finish',
          unit: 'ms',
          goal: 1,
          better: 'lower',
          measure: () => rig.medianMs(attempts),
          baseline: {
            name: 'the same message there and back, by a bare child',
            measure: async () => (await bare.messagesMs(rig.request(), attempts)) / attempts,
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
          measure: () => rig.perSecond(attempts),
          baseline: { name: 'a fork for each', measure: () => forksPerSecond(folder.path, 20) },
        },
        say,
      ),
    ] satisfies BenchRow[];
  } finally {
    await rig.close();
    bare.close();
    folder.remove();
  }
};

async function openRig(folder: string, parallelism: number) {
  const [file] = (await importBenchDags(folder, ['engine.ts'])) as [ImportedFile];
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
    env: benchEnv,
    xcomBytesMax: 1024 * 1024,
    cacheFolder: join(folder, 'cache'),
    idleLogPath: join(folder, 'idle.log'),
    memoryLimitMb: 512,
    attemptsPerChildMax: 1_000_000,
  });
  await pool.start();
  let count = 0;
  const request = () => attemptRequest(folder, file, ++count);
  const one = () =>
    new Promise<void>((resolve, reject) => {
      onEnd = (event) => {
        if (event.kind === 'finished' && event.outcome.state === 'success') resolve();
        else reject(new Error(JSON.stringify(event)));
      };
      pool.submit(request());
    });
  return {
    request,
    close: () => pool.stop(0),
    async medianMs(times: number): Promise<number> {
      const took: number[] = [];
      for (let at = 0; at < times; at++) took.push(await timed(one));
      return median(took);
    },
    async perSecond(times: number): Promise<number> {
      const ms = await timed(
        () =>
          new Promise<void>((resolve) => {
            let started = 0;
            let ended = 0;
            const next = () => {
              if (started++ < times) setImmediate(() => pool.submit(request()));
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

async function forksPerSecond(folder: string, times: number): Promise<number> {
  const path = join(folder, 'once.cjs');
  writeFileSync(path, 'process.send(1, () => process.exit(0));');
  const ms = await timed(async () => {
    for (let at = 0; at < times; at++) await once(fork(path), 'exit');
  });
  return (times * 1_000) / ms;
}

function attemptRequest(folder: string, file: ImportedFile, number: number): AttemptRequest {
  const now = Date.now();
  return {
    dagId: 'three',
    runId: 'manual__bench',
    taskId: 't0',
    mapIndex: -1,
    attemptId: `bench-${number}`,
    taskInstanceId: number,
    tryNumber: 1,
    maxTries: 0,
    bundle: { hash: file.bundleHash, path: join(folder, 'bundles', `${file.bundleHash}.mjs`) },
    task: file.dags.find((dag) => dag.dagId === 'three')?.tasks[0] as SerializedTask,
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
