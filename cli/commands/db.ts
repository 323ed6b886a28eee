import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { MillraceError } from '../../kernel/errors.js';
import { systemClock } from '../../kernel/time.js';
import { type CheckResult, checkStore } from '../../scheduler/maintenance/check.js';
import { type CleanRequest, type CleanTable, cleanStore, cleanTables } from '../../scheduler/maintenance/clean.js';
import { schemaVersion } from '../../scheduler/store/migrate.js';
import { openSqliteStore, type SqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { ask, print } from '../ask.js';
import { type Home, homeAt, isHomeLocked, lockHome, makeHome } from '../home.js';
import { readEnvironment } from '../read-environment.js';
import { textTable } from '../table.js';

/** `millrace db migrate`: brings the metadata to this program's schema. A start does the same. */
export async function migrateDatabase(): Promise<void> {
  const home = makeHome(readEnvironment().MILLRACE_HOME);
  const lock = lockHome(home);
  try {
    await openSqliteStore(home.storePath).close();
  } finally {
    lock.release();
  }
  print(`${home.storePath} has schema ${schemaVersion}.`);
}

/** `millrace db check`: whether what the server keeps is sound, while it runs or not. */
export async function checkDatabase(): Promise<void> {
  const home = existingHome();
  const { faults, notes } = isHomeLocked(home)
    ? await ask<CheckResult>('checkStore')
    : await withStore(home, (store) => checkStore({ store, secrets: null, ...foldersOf(home) }));
  for (const fault of faults) print(fault);
  if (faults.length > 0) {
    throw new MillraceError('STORE_UNUSABLE', `${home.storePath} is not sound.`, {
      hint: 'Keep it, and restore the latest backup into a new folder: `millrace restore FILE`.',
    });
  }
  for (const note of notes) print(note);
  print(`${home.storePath} is sound.`);
}

export interface CleanOptions {
  before: number;
  /** All when left out. */
  tables?: string[];
  dryRun?: boolean;
  yes?: boolean;
}

/** `millrace db clean --before TIME`: deletes what is older and over. Asks first, unless `--yes`. */
export async function cleanDatabase({ before, dryRun, yes, ...options }: CleanOptions): Promise<void> {
  const tables = (options.tables ?? [...cleanTables]).map(tableOf);
  const home = existingHome();
  const perform = (isDry: boolean) => cleanIn(home, { before, tables, dryRun: isDry });
  const found = await perform(true);
  print(textTable(['table', 'older'], Object.entries(found), ''));
  if (dryRun) return print('Nothing was deleted (--dry-run).');
  if (Object.values(found).every((count) => count === 0)) return print('There is nothing to delete.');
  if (!yes && !(await confirmed())) {
    throw new MillraceError('REQUEST_INVALID', 'Nothing was deleted.', { hint: 'Type `delete rows`, or give --yes.' });
  }
  const deleted = await perform(false);
  print(
    `Deleted: ${Object.entries(deleted)
      .map(([table, count]) => `${count} ${table}`)
      .join(', ')}.`,
  );
}

function tableOf(text: string): CleanTable {
  const table = cleanTables.find((one) => one === text.trim());
  if (table) return table;
  throw new MillraceError('REQUEST_INVALID', `${text} is no table that can be cleaned.`, {
    hint: `Name some of ${cleanTables.join(', ')}.`,
  });
}

async function cleanIn(home: Home, request: CleanRequest): Promise<Partial<Record<CleanTable, number>>> {
  if (isHomeLocked(home)) return ask('cleanStore', { ...request, tables: [...request.tables] });
  const now = systemClock.now();
  return withStore(home, (store) => cleanStore({ store, logFolder: home.taskLogFolder, now }, request));
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await lines.question('Type `delete rows` to delete them: ')).trim() === 'delete rows';
  } finally {
    lines.close();
  }
}

function existingHome(): Home {
  const home = homeAt(readEnvironment().MILLRACE_HOME);
  if (existsSync(home.storePath)) return home;
  throw new MillraceError('REQUEST_INVALID', `There is no metadata in ${home.folder}.`, { hint: 'Set MILLRACE_HOME.' });
}

/** Opens the metadata that no server has open. */
async function withStore<Result>(home: Home, work: (store: SqliteStore) => Promise<Result>): Promise<Result> {
  const lock = lockHome(home);
  try {
    const store = openSqliteStore(home.storePath);
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  } finally {
    lock.release();
  }
}

function foldersOf({ taskLogFolder, bundleFolder }: Home) {
  return { logFolder: taskLogFolder, bundleFolder };
}
