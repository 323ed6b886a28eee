import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/time.js';
import { createScheduler, type Scheduler } from '../loop.js';
import type { Executor } from '../model/attempt.js';
import type { DagRunState, TaskInstanceState } from '../model/states.js';
import { database } from '../store/database.js';
import { openSqliteStore } from '../store/sqlite-driver.js';
import { createVault } from '../store/vault.js';

export interface TestStore {
  readRunState(dagId: string, runId: string): Promise<DagRunState>;
  readStates(
    dagId: string,
    runId: string,
  ): Promise<{ taskId: string; mapIndex: number; state: TaskInstanceState | null; tryNumber: number }[]>;
  close(): Promise<void>;
}

/** The scheduler itself, on a database file that lives as long as the test. */
export function createTestScheduler(
  path: string,
  clock: Clock,
  executor: Executor,
  xcomBytesMax: number,
): { scheduler: Scheduler; store: TestStore } {
  const store = openSqliteStore(path);
  const scheduler = createScheduler({
    store,
    clock,
    executor,
    settings: { parallelism: 16, xcomBytesMax, baseUrl: null, logFolder: '/', bundleFolder: '/', taskMemoryMb: 512 },
    newId: () => randomUUID(),
    hostname: 'test',
    soon: (callback) => void setImmediate(callback),
    report: (error) => {
      throw error;
    },
    vault: createVault(randomUUID() + randomUUID()),
  });
  const ofRun = (dagId: string, runId: string) =>
    database.selectFrom('dag_run').where('dag_run.dag_id', '=', dagId).where('dag_run.run_id', '=', runId);
  return {
    scheduler,
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
            ])
            .orderBy('ti.id')
            .compile(),
        ),
      close: () => store.close(),
    },
  };
}
