import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../kernel/paths.js';
import { type Clock, systemClock } from '../kernel/time.js';
import { loadDagFiles } from '../scheduler/dag/loader.js';
import { LocalPool } from '../scheduler/executor/local-pool.js';
import { createScheduler, type Scheduler } from '../scheduler/loop.js';
import type { ExecutorListener } from '../scheduler/model/attempt.js';
import type { ImportedFile } from '../scheduler/model/dag.js';
import { openSqliteStore, type SqliteStore } from '../scheduler/store/sqlite-driver.js';
import { createVault } from '../scheduler/store/vault.js';
import { runOnce } from './run-once.js';

/** The engine as the server wires it: real store with `synchronous=FULL`, real pool of processes, no web server. */
export interface EngineRig {
  scheduler: Scheduler;
  store: SqliteStore;
  /** Imports DAG files of `bench/dags`. */
  declare(...files: string[]): Promise<void>;
  /** Triggers a run and resolves with the milliseconds until it is over. Rejects when it fails. */
  run(dagId: string): Promise<number>;
  close(): Promise<void>;
}

export interface EngineRigOptions {
  /** A home of its own, made and left there by the caller. */
  folder: string;
  /** Attempts at the same time; 2. */
  parallelism?: number;
  clock?: Clock;
}

/** The whole environment of the processes that run the DAGs. */
export const benchEnv = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };

export async function openEngineRig({ folder, parallelism = 2, clock = systemClock }: EngineRigOptions) {
  const store = openSqliteStore(storePath(folder));
  let scheduler: Scheduler;
  const listener: ExecutorListener = {
    onEvent: (event) => scheduler.listener.onEvent(event),
    onCall: (attemptId, call) => scheduler.listener.onCall(attemptId, call),
  };
  const pool = new LocalPool({
    clock,
    listener,
    parallelism,
    poolId: folder,
    connections: {},
    env: benchEnv,
    xcomBytesMax: 1_048_576,
    cacheFolder: join(folder, 'cache'),
    idleLogPath: join(folder, 'idle.log'),
    memoryLimitMb: 512,
  });
  let ids = 0;
  scheduler = createScheduler({
    store,
    clock,
    executor: pool,
    settings: {
      parallelism,
      xcomBytesMax: 1_048_576,
      logFolder: join(folder, 'logs'),
      bundleFolder: join(folder, 'bundles'),
      taskMemoryMb: 512,
      baseUrl: null,
    },
    newId: () => `${process.pid}-${++ids}`,
    hostname: 'bench',
    soon: (callback) => setImmediate(callback),
    report: (error, about) => {
      throw new Error(about, { cause: error });
    },
    vault: createVault('a secret of at least thirty-two bytes'),
  });
  await scheduler.start();
  const rig: EngineRig = {
    scheduler,
    store,
    declare: async (...files) =>
      scheduler.saveImports({ files: await importBenchDags(folder, files), errors: [], removed: [] }),
    run: (dagId) => runOnce(scheduler, dagId),
    async close() {
      await scheduler.stop(0);
      await store.close();
    },
  };
  return rig;
}

/** The metadata database of a rig's folder. */
export function storePath(folder: string): string {
  return join(folder, 'metadata.db');
}

/** A temporary folder for a benchmark; `remove` it. */
export function benchFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Bundles and imports files of `bench/dags` as the server does, into `<folder>/bundles`. */
export async function importBenchDags(folder: string, files: string[]): Promise<ImportedFile[]> {
  const dagFolder = join(packageRoot, 'bench', 'dags');
  mkdirSync(folder, { recursive: true });
  const results = await loadDagFiles(
    files.map((fileloc) => ({ folder: dagFolder, fileloc })),
    {
      clock: systemClock,
      bundlesFolder: join(folder, 'bundles'),
      env: benchEnv,
      outputPath: join(folder, 'loader.log'),
    },
  );
  return results.map(({ outcome }) => {
    if ('error' in outcome) throw new Error(`${outcome.error.fileloc}: ${outcome.error.message}`);
    return outcome.file;
  });
}
