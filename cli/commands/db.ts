import { existsSync } from 'node:fs';
import { MillraceError } from '../../kernel/errors.js';
import { schemaVersion } from '../../scheduler/store/migrate.js';
import { openSqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { ask, print } from '../ask.js';
import { homeAt, isHomeLocked, lockHome, makeHome } from '../home.js';
import { readEnvironment } from '../read-environment.js';

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

/** `millrace db check`: whether the metadata is sound, while a server runs on it or not. */
export async function checkDatabase(): Promise<void> {
  const home = homeAt(readEnvironment().MILLRACE_HOME);
  if (!existsSync(home.storePath)) {
    throw new MillraceError('REQUEST_INVALID', `There is no metadata in ${home.folder}.`, {
      hint: 'Set MILLRACE_HOME.',
    });
  }
  const faults = isHomeLocked(home) ? await ask<string[]>('checkStore') : await checkUnused(home.storePath);
  for (const fault of faults) print(fault);
  if (faults.length > 0)
    throw new MillraceError('STORE_UNUSABLE', `${home.storePath} is damaged.`, { hint: 'Restore a backup.' });
  print(`${home.storePath} is sound.`);
}

async function checkUnused(path: string): Promise<string[]> {
  const store = openSqliteStore(path);
  try {
    return store.check();
  } finally {
    await store.close();
  }
}
