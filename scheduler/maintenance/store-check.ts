import { MillraceError } from '../../kernel/errors.js';
import type { MaintenanceJob } from './jobs.js';

const dayMs = 24 * 3_600_000;

/** Looks once a day whether the metadata file is sound. Its failure names what is wrong, and says to restore a backup. */
export function createStoreCheck(store: { check(): string[] }): MaintenanceJob {
  return {
    name: 'store check',
    everyMs: dayMs,
    async runOnce() {
      const faults = store.check();
      if (faults.length === 0) return {};
      throw new MillraceError('STORE_UNUSABLE', `the metadata is damaged: ${faults.join('; ')}`, {
        hint: 'Stop the server, keep the folder, and restore the latest backup into a new one: `millrace restore FILE`.',
      });
    },
  };
}
