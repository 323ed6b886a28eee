import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../../kernel/time.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import { isLiveRun } from '../store/queries/live-rows.js';

interface LogDeps {
  store: StoreDriver;
  /** Log files of tries: `<folder>/<dag>/<run row id>/…`. */
  logFolder: string;
}

/** Removes the folders of runs that are over and in which nothing has begun since. Returns how many. */
export async function deleteOldLogs(deps: LogDeps, before: Instant): Promise<number> {
  const old = await oldLogs(deps, before);
  for (const folder of old) await rm(folder, { recursive: true, force: true });
  return old.length;
}

export async function countOldLogs(deps: LogDeps, before: Instant): Promise<number> {
  return (await oldLogs(deps, before)).length;
}

/** Folders of runs that are no longer in the store. */
export async function orphanLogs({ store, logFolder }: LogDeps): Promise<string[]> {
  const rows = await store.read(database.selectFrom('dag_run').select('id').compile());
  const known = new Set(rows.map((row) => `${row.id}`));
  return (await runFolders(logFolder)).filter(({ run }) => !known.has(run)).map(({ folder }) => folder);
}

async function oldLogs({ store, logFolder }: LogDeps, before: Instant): Promise<string[]> {
  const unfinished = await store.read(
    database.selectFrom('dag_run').select('id').where(isLiveRun('dag_run')).compile(),
  );
  const alive = new Set(unfinished.map((row) => `${row.id}`));
  const old: string[] = [];
  for (const { folder, run } of await runFolders(logFolder)) {
    if (!alive.has(run) && (await stat(folder)).mtimeMs < before) old.push(folder);
  }
  return old;
}

async function runFolders(logFolder: string): Promise<{ run: string; folder: string }[]> {
  const dags = await foldersIn(logFolder);
  const found = await Promise.all(
    dags.map(async (dag) =>
      (await foldersIn(join(logFolder, dag))).map((run) => ({ run, folder: join(logFolder, dag, run) })),
    ),
  );
  return found.flat();
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
