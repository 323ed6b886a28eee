import type { Clock, Instant } from '../../kernel/time.js';
import { applyOne, type StoreDriver } from '../store/driver.js';
import { deleteOldRuns } from '../store/transitions/delete-old-runs.js';
import type { MaintenanceJob } from './jobs.js';
import { deleteOldLogs } from './task-log-folders.js';

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
      const logs = deps.logsDays > 0 ? await deleteOldLogs(deps, now - deps.logsDays * dayMs) : 0;
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
