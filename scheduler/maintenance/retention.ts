import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Instant } from '../../kernel/time.js';
import { database } from '../store/database.js';
import { applyOne, type StoreDriver } from '../store/driver.js';
import { isLiveRun } from '../store/queries/live-rows.js';
import { deleteOldRuns } from '../store/transitions/delete-old-runs.js';
import type { MaintenanceJob } from './jobs.js';

export interface RetentionDeps {
  store: StoreDriver;
  clock: Clock;
  /** Log files of tries: `<folder>/<dag>/<run row id>/…`. */
  logFolder: string;
  /** Days after which finished runs go, with all that belongs to them; 0 = never. */
  runsDays: number;
  /** Days after which log files go; 0 = never. */
  logsDays: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Runs deleted in one transaction: the scheduler's own commits wait no longer than for these. */
const runsPerBatch = 200;

/** Lets go of what is older than the settings say: finished runs and log files. */
export function createRetention(deps: RetentionDeps): MaintenanceJob {
  return {
    name: 'retention',
    everyMs: hourMs,
    async runOnce() {
      const now = deps.clock.now();
      const runs = deps.runsDays > 0 ? await deleteRuns(deps.store, now - deps.runsDays * dayMs, now) : 0;
      const logs = deps.logsDays > 0 ? await deleteLogs(deps, now - deps.logsDays * dayMs) : 0;
      return { runs, logs };
    },
  };
}

async function deleteRuns(store: StoreDriver, before: Instant, now: Instant): Promise<number> {
  let deleted = 0;
  for (;;) {
    const some = await applyOne(store, deleteOldRuns({ before, limit: runsPerBatch, at: now }));
    deleted += some;
    if (some < runsPerBatch) return deleted;
  }
}

/** Removes the folders of runs that are over and in which nothing has begun since. */
async function deleteLogs({ store, logFolder }: RetentionDeps, before: Instant): Promise<number> {
  const unfinished = await store.read(
    database.selectFrom('dag_run').select('id').where(isLiveRun('dag_run')).compile(),
  );
  const alive = new Set(unfinished.map((row) => `${row.id}`));
  let deleted = 0;
  for (const dag of await foldersIn(logFolder)) {
    for (const run of await foldersIn(join(logFolder, dag))) {
      const folder = join(logFolder, dag, run);
      if (alive.has(run) || (await stat(folder)).mtimeMs >= before) continue;
      await rm(folder, { recursive: true, force: true });
      deleted += 1;
    }
  }
  return deleted;
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    // Before the first attempt there is no folder: nothing to delete.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
