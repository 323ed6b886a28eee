import { randomUUID } from 'node:crypto';
import { SecretMasker } from '../../kernel/secret-masker.js';
import type { Clock } from '../../kernel/time.js';
import type { ConnectionSettings } from '../dag/hook-pool.js';
import { createScheduler, type Scheduler } from '../loop.js';
import type { Executor } from '../model/attempt.js';
import type { DagRunState, TaskInstanceState } from '../model/states.js';
import { database } from '../store/database.js';
import { readEnvironmentBackend } from '../store/environment-backend.js';
import { createSecrets } from '../store/secrets.js';
import { openSqliteStore } from '../store/sqlite-driver.js';
import { createVault } from '../store/vault.js';
import { Triggerer } from '../triggerer/triggerer.js';

export interface TestedInstance {
  taskId: string;
  mapIndex: number;
  state: TaskInstanceState | null;
  tryNumber: number;
  /** The last error, as a line. */
  error: string | null;
}

export interface TestStore {
  readRunState(dagId: string, runId: string): Promise<DagRunState>;
  readStates(dagId: string, runId: string): Promise<TestedInstance[]>;
  close(): Promise<void>;
}

/** The scheduler itself, on a database file that lives as long as the test. */
export function createTestScheduler(
  path: string,
  clock: Clock,
  executor: Executor,
  settings: {
    xcomBytesMax: number;
    connections: Record<string, ConnectionSettings>;
    environment: Record<string, string | undefined>;
  },
): { scheduler: Scheduler; triggerer: Triggerer; store: TestStore } {
  const store = openSqliteStore(path);
  const vault = createVault(randomUUID() + randomUUID());
  const environment = readEnvironmentBackend(settings.environment);
  const secrets = createSecrets({ store, vault, environment, masker: new SecretMasker() });
  const scheduler = createScheduler({
    store,
    clock,
    executor,
    settings: {
      parallelism: 16,
      xcomBytesMax: settings.xcomBytesMax,
      baseUrl: null,
      logFolder: '/',
      bundleFolder: '/',
      taskMemoryMb: 512,
    },
    newId: () => randomUUID(),
    hostname: 'test',
    soon: (callback) => void setImmediate(callback),
    report: (error) => {
      throw error;
    },
    vault,
    secrets,
  });
  const ofRun = (dagId: string, runId: string) =>
    database.selectFrom('dag_run').where('dag_run.dag_id', '=', dagId).where('dag_run.run_id', '=', runId);
  const triggerer = new Triggerer({
    clock,
    deferrals: scheduler.deferrals,
    events: scheduler.events,
    connections: settings.connections,
    find: (id) => secrets.connection(id),
    readRun: async () => undefined,
    onFault: () => {
      // Looked at again when the clock has moved on; the end of the task's patience comes then, too.
    },
  });
  return {
    scheduler,
    triggerer,
    store: {
      async readRunState(dagId, runId) {
        const [row] = await store.read(ofRun(dagId, runId).select('dag_run.state').compile());
        return row?.state ?? 'queued';
      },
      readStates: (dagId, runId) =>
        store.read(
          ofRun(dagId, runId)
            .innerJoin('task_instance as ti', 'ti.dag_run_id', 'dag_run.id')
            .select([
              'ti.task_id as taskId',
              'ti.map_index as mapIndex',
              'ti.state as state',
              'ti.try_number as tryNumber',
              'ti.error as error',
            ])
            .orderBy('ti.id')
            .compile(),
        ),
      close: () => store.close(),
    },
  };
}
