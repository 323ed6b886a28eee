import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import { systemClock, toIso } from '../../kernel/time.js';
import { verifyArchive } from '../../scheduler/maintenance/backup/archive.js';
import { openSqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { ask, print } from '../ask.js';
import { type BackupDone, type BackupSource, backUp } from '../backup/back-up.js';
import { type BackupFacts, settingsFacts } from '../backup/facts.js';
import { restore } from '../backup/restore.js';
import { type Home, homeAt, isHomeLocked, lockHome } from '../home.js';
import { readEnvironment } from '../read-environment.js';

/** `millrace backup [FILE]`: all that the server keeps, in one file, while it runs or not. `--verify` only reads one. */
export async function backup(file: string | undefined, options: { verify?: boolean; json?: boolean }): Promise<void> {
  if (options.verify) return verify(file, options);
  const settings = readEnvironment();
  const home = homeAt(settings.MILLRACE_HOME);
  if (!existsSync(home.storePath)) {
    throw new MillraceError('REQUEST_INVALID', `There is nothing to back up in ${home.folder}.`, {
      hint: 'Set MILLRACE_HOME.',
    });
  }
  const path = resolve(file ?? `millrace-${toIso(systemClock.now()).slice(0, 19).replace(/[:T]/g, '-')}.tar.gz`);
  const stop = new AbortController();
  const onSignal = () =>
    stop.abort(new MillraceError('BACKUP_FAILED', 'The backup was interrupted; nothing is left of it.'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const done = isHomeLocked(home) ? await ofServer(home, path, stop.signal) : await ofFolder(home, path, stop.signal);
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  if (options.json) return print(JSON.stringify(done, null, 2));
  print(summary(done));
  for (const line of await warnings(home)) print(line);
}

async function verify(file: string | undefined, options: { json?: boolean }): Promise<void> {
  if (file === undefined) throw new MillraceError('REQUEST_INVALID', 'Name the backup to verify.');
  const manifest = await verifyArchive(resolve(file));
  if (options.json) return print(JSON.stringify(manifest.about, null, 2));
  const { madeBy, endedAt, runs, objects } = manifest.about;
  const files = Object.keys(manifest.files).length;
  print(`${file} is whole: ${files} files, ${runs} runs, ${objects} objects, made by ${madeBy} at ${endedAt}.`);
}

/** `millrace restore FILE`: into the folder of MILLRACE_HOME, which must be empty. */
export async function restoreBackup(file: string): Promise<void> {
  const { MILLRACE_HOME: folder } = readEnvironment();
  const { manifest, runs, heldEmails, rekeyed } = await restore(resolve(file), folder, systemClock);
  const { about } = manifest;
  print(
    `${folder} is as it was at ${about['endedAt']}: ${runs} runs, ${about['objects']} objects (${rekeyed} loaded).`,
  );
  if (heldEmails > 0) {
    print(
      `${heldEmails} e-mails waited then and may have been sent since: they are kept in the outbox, to be sent by hand.`,
    );
  }
  if (about['hasOwnKey'] === false) {
    print('Its secrets are sealed with the MILLRACE_SECRET_KEY that was set then: set it before you start the server.');
  }
  if (about['hasOwnLake'] === false && about['cluster'] !== null) {
    print(
      `Its objects lie in ${about['objectStoreUrl']} and are not part of the backup. Those that were captured from the embedded source after the backup belong to a future that the restored source has not had: give OBJECT_STORE_URL a copy without them.`,
    );
  }
  print('Start it with `millrace standalone`.');
}

/** Through the server: its own connection copies the metadata, which no other could while it writes. */
async function ofServer(home: Home, path: string, signal: AbortSignal): Promise<BackupDone> {
  const facts = await ask<BackupFacts>('backupFacts');
  const copyStore = async (to: string) => void (await ask('copyStore', { path: to }));
  return backUp({ home, facts, copyStore, clock: systemClock }, path, signal);
}

async function ofFolder(home: Home, path: string, signal: AbortSignal): Promise<BackupDone> {
  const lock = lockHome(home);
  try {
    const facts: BackupFacts = { embeddedUrl: null, ...settingsFacts(readEnvironment(), home) };
    const copyStore: BackupSource['copyStore'] = async (to) => {
      const store = openSqliteStore(home.storePath);
      try {
        await store.backup(to);
      } finally {
        await store.close();
      }
    };
    return await backUp({ home, facts, copyStore, clock: systemClock }, path, signal);
  } finally {
    lock.release();
  }
}

function summary({ path, bytes, runs, objects, cluster, ms }: BackupDone): string {
  const size = (bytes / 1024 / 1024).toFixed(1);
  const databases =
    cluster === null ? 'no embedded database' : `the databases${cluster.stopLsn ? ` at ${cluster.stopLsn}` : ''}`;
  return `${path}: ${size} MB in ${(ms / 1_000).toFixed(1)} s: ${runs} runs, ${objects} objects, ${databases}. It was read again and is whole.\nIt holds passwords and keys: keep it where nobody else reads it.`;
}

async function warnings(home: Home): Promise<string[]> {
  const settings = readEnvironment();
  const { hasOwnKey, hasOwnLake, objectStoreUrl } = settingsFacts(settings, home);
  return [
    ...(hasOwnKey ? [] : ['MILLRACE_SECRET_KEY is not in it: keep it elsewhere.']),
    ...(hasOwnLake ? [] : [`The objects in ${objectStoreUrl} are not in it.`]),
    ...(settings.WAREHOUSE_URL === undefined ? [] : ['The warehouse of WAREHOUSE_URL is not in it.']),
  ];
}
