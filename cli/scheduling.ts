import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../kernel/config.js';
import { describeError } from '../kernel/errors.js';
import type { Log } from '../kernel/log.js';
import { SecretMasker } from '../kernel/secret-masker.js';
import type { Clock } from '../kernel/time.js';
import type { ConnectionSettings } from '../scheduler/dag/hook-pool.js';
import { LocalPool } from '../scheduler/executor/local-pool.js';
import { getDagRun } from '../scheduler/loop/calls.js';
import { createScheduler, type Scheduler } from '../scheduler/loop.js';
import { startJobs } from '../scheduler/maintenance/jobs.js';
import { createRetention } from '../scheduler/maintenance/retention.js';
import { createStoreCheck } from '../scheduler/maintenance/store-check.js';
import type { DagRunSummary, Executor, ExecutorListener } from '../scheduler/model/attempt.js';
import { readEnvironmentBackend } from '../scheduler/store/environment-backend.js';
import { createSecrets, type Secrets } from '../scheduler/store/secrets.js';
import type { SqliteStore } from '../scheduler/store/sqlite-driver.js';
import { createVault } from '../scheduler/store/vault.js';
import { Triggerer } from '../scheduler/triggerer/triggerer.js';
import type { Databases } from './databases.js';
import { adminPasswordFile, type Home, homeSecret, secretKeyFile } from './home.js';
import { newId } from './new-id.js';
import type { ObjectStoreAddress } from './object-store-address.js';

/** XComs are for what tasks tell each other; data goes through the warehouse and the lake. */
const xcomBytesMax = 1024 * 1024;

export interface Scheduling {
  scheduler: Scheduler;
  pool: LocalPool;
  /** Connections and variables, of the environment and of the metadata database. */
  secrets: Secrets;
  /** Knows every secret that the server knows. */
  masker: SecretMasker;
  start(): Promise<void>;
  /** Hands out nothing more and waits for what runs, up to `drainMs` or until `hurry`. */
  stop(drainMs: number): Promise<void>;
  hurry(): void;
}

export interface SchedulingOptions {
  settings: Settings;
  home: Home;
  store: SqliteStore;
  databases: Databases;
  objectStore: ObjectStoreAddress;
  /** The base of links in e-mails. */
  baseUrl: string;
  /** The environment of task processes. */
  env: Record<string, string>;
  clock: Clock;
  log: Log;
}

/** Puts scheduler and executor together. */
export function createScheduling(options: SchedulingOptions): Scheduling {
  const { settings, home, store, databases, objectStore, baseUrl, clock, log } = options;
  // Each needs the other: the pool reports to the scheduler, which is made with the pool.
  let scheduler: Scheduler;
  const listener: ExecutorListener = {
    onEvent: (event) => scheduler.listener.onEvent(event),
    onCall: (attemptId, call) => scheduler.listener.onCall(attemptId, call),
  };
  const connections = {
    ...(databases.warehouseUrl === null ? {} : { warehouse: { url: databases.warehouseUrl } }),
    ...(databases.sourceUrl === null ? {} : { source: { url: databases.sourceUrl } }),
    lake: objectStore,
  };
  const secretKey = settings.MILLRACE_SECRET_KEY ?? homeSecret(home, secretKeyFile);
  const vault = createVault(secretKey);
  const masker = maskerOf(options, secretKey);
  const environment = readEnvironmentBackend(process.env);
  for (const { fault } of environment.connections) if (fault !== null) log.warn(fault);
  const secrets = createSecrets({ store, vault, environment, masker });
  const pool = createPool(options, connections, listener);
  const drain = createDrain(() => scheduler, clock);
  scheduler = createScheduler({
    store,
    clock,
    executor: drainFirst(pool, drain),
    settings: {
      parallelism: settings.MILLRACE_PARALLELISM,
      xcomBytesMax,
      baseUrl,
      logFolder: home.taskLogFolder,
      bundleFolder: home.bundleFolder,
      taskMemoryMb: settings.MILLRACE_TASK_MEMORY_MB,
    },
    newId: () => newId(clock.now()),
    hostname: hostname(),
    soon: (callback) => void setImmediate(callback),
    report: (error, about) => log.error(about, { error: describeError(error) }),
    vault,
    secrets,
  });
  const triggerer = new Triggerer({
    clock,
    deferrals: scheduler.deferrals,
    events: scheduler.events,
    connections,
    find: (id) => secrets.connection(id),
    readRun: async (dagId, runId) =>
      ((await getDagRun(store, dagId, runId)) as unknown as DagRunSummary | undefined)?.state,
    onFault: (error, about) => log.warn(about, { error: describeError(error) }),
  });
  const retention = createRetention({
    store,
    clock,
    logFolder: home.taskLogFolder,
    runsDays: settings.RETENTION_RUNS_DAYS,
    logsDays: settings.RETENTION_LOGS_DAYS,
  });
  let stopJobs = () => {};
  return {
    scheduler,
    pool,
    secrets,
    masker,
    async start() {
      // Listing them tells the masker of every secret before the first page is served.
      await Promise.all([secrets.connections(), secrets.variables()]);
      await scheduler.start();
      triggerer.start();
      stopJobs = startJobs({
        jobs: [retention, createStoreCheck(store)],
        clock,
        report: (job, done) => ('error' in done ? log.warn(`${job} failed`, done) : log.info(`${job} is done`, done)),
      });
    },
    async stop(drainMs) {
      stopJobs();
      await triggerer.stop();
      await scheduler.stop(drainMs);
    },
    hurry: drain.hurry,
  };
}

/** A masker that knows the secrets of the settings and of the data folder. */
function maskerOf({ settings, home, databases, objectStore }: SchedulingOptions, secretKey: string): SecretMasker {
  const masker = new SecretMasker();
  masker.add(secretKey);
  masker.add(homeSecret(home, adminPasswordFile));
  masker.add(objectStore.secretKey);
  for (const url of [databases.warehouseUrl, databases.sourceUrl, settings.SMTP_URL]) masker.addUrl(url);
  return masker;
}

function createPool(
  { settings, home, env, clock }: SchedulingOptions,
  connections: Record<string, ConnectionSettings>,
  listener: ExecutorListener,
): LocalPool {
  return new LocalPool({
    clock,
    listener,
    parallelism: settings.MILLRACE_PARALLELISM,
    poolId: createHash('sha256').update(home.folder).digest('hex').slice(0, 16),
    connections,
    env,
    xcomBytesMax,
    cacheFolder: home.cacheFolder,
    idleLogPath: join(home.logFolder, 'task-children.log'),
    memoryLimitMb: settings.MILLRACE_TASK_MEMORY_MB,
  });
}

interface Drain {
  /** Resolves when no attempt runs, when the time is over, or when somebody is in a hurry. */
  wait(drainMs: number): Promise<void>;
  hurry(): void;
}

function createDrain(scheduler: () => Scheduler, clock: Clock): Drain {
  let hurry = () => {};
  const hurried = new Promise<void>((resolve) => {
    hurry = resolve;
  });
  return {
    hurry: () => hurry(),
    async wait(drainMs) {
      let endWaiting = () => {};
      const idle = new Promise<void>((resolve) => {
        const look = () => {
          if (scheduler().runningAttempts().length === 0) resolve();
        };
        const stopListening = scheduler().events.listen(look);
        const cancelTimer = clock.after(drainMs, resolve);
        endWaiting = () => {
          stopListening();
          cancelTimer();
        };
        look();
      });
      await Promise.race([idle, hurried]);
      endWaiting();
    },
  };
}

/** The same executor, whose stop waits as it is told and then ends what is left. */
function drainFirst(pool: LocalPool, drain: Drain): Executor {
  return {
    start: () => pool.start(),
    submit: (attempt) => pool.submit(attempt),
    lookAhead: () => pool.lookAhead(),
    cancel: (attemptId, reason) => pool.cancel(attemptId, reason),
    async stop(drainMs) {
      await drain.wait(drainMs);
      await pool.stop(0);
    },
  };
}
