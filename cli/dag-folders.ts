import { join } from 'node:path';
import { describeError } from '../kernel/errors.js';
import type { Log } from '../kernel/log.js';
import type { Clock } from '../kernel/time.js';
import { loadDagFiles } from '../scheduler/dag/loader.js';
import type { Scheduler } from '../scheduler/loop.js';
import { DagSync } from '../scheduler/maintenance/dag-sync.js';
import type { Home } from './home.js';

export interface DagFolders {
  folders: string[];
  /** Resolves when the files have been imported once and the scheduler has them. */
  imported: Promise<void>;
  /** Hands the DAGs over, as soon as they are imported and from then on whenever a file changes. */
  attach(scheduler: Pick<Scheduler, 'saveImports'>): void;
  stop(): Promise<void>;
}

/** Imports the DAG files at once, while databases are still starting, and watches their folders. */
export function openDagFolders(options: {
  folders: string[];
  home: Home;
  env: Record<string, string>;
  clock: Clock;
  log: Log;
}): DagFolders {
  const { folders, home, env, clock, log } = options;
  let attach: DagFolders['attach'] = () => {};
  const attached = new Promise<Pick<Scheduler, 'saveImports'>>((resolve) => {
    attach = resolve;
  });
  const loader = {
    clock,
    bundlesFolder: home.bundleFolder,
    env,
    outputPath: join(home.logFolder, 'loader.log'),
  };
  const sync = new DagSync({
    clock,
    folders,
    load: (files) => loadDagFiles(files, loader),
    report: async (changes) => (await attached).saveImports(changes),
    onFault: (thrown) => {
      // A folder that is not there yet is looked for every few seconds.
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
      log.warn('The DAG folders are not in step', { error: describeError(thrown) });
    },
  });
  const imported = sync.start();
  // Who waits for it hears of it; nobody may be waiting.
  imported.catch((thrown) => log.error('The DAG files could not be imported', { error: describeError(thrown) }));
  return {
    folders,
    imported,
    attach: (scheduler) => attach(scheduler),
    async stop() {
      // When the start failed half way, what was imported has nobody to go to.
      attach({ saveImports: async () => {} });
      await sync.stop();
    },
  };
}
