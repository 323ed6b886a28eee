import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../kernel/errors.js';
import type { Clock } from '../kernel/time.js';
import type { DatabaseUser } from './database-user.js';
import type { PostgresBinaries } from './postgres-binaries.js';

/**
 * Makes a new database cluster: UTF-8, order by code point (the same on every machine), passwords by SCRAM. It is made
 * beside its place and moved there when it is whole, so that a kill in the middle leaves nothing to repair.
 * Returns the milliseconds it took.
 */
export async function initialiseCluster(options: {
  folder: string;
  dataFolder: string;
  role: string;
  password: string;
  binaries: PostgresBinaries;
  user: DatabaseUser | undefined;
  clock: Clock;
}): Promise<number> {
  const { folder, dataFolder, role, password, binaries, user, clock } = options;
  const startedAt = clock.monotonic();
  removeUnfinished(folder);
  const unfinished = mkdtempSync(join(folder, unfinishedPrefix));
  const passwordFile = `${unfinished}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user) for (const path of [unfinished, passwordFile]) chownSync(path, user.uid, user.gid);
  try {
    await runInitdb(binaries, user, folder, [
      `--pgdata=${unfinished}`,
      `--username=${role}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ]);
    renameSync(unfinished, dataFolder);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  return clock.monotonic() - startedAt;
}

/** A name for each try: the initdb of a server that was killed may still be at work in its own. */
const unfinishedPrefix = 'data.new-';

function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(unfinishedPrefix))) {
    rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function runInitdb(
  binaries: PostgresBinaries,
  user: DatabaseUser | undefined,
  cwd: string,
  flags: string[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(binaries.initdb, flags, {
      cwd,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { LC_ALL: 'C', TZ: 'UTC' },
      ...(user ? { uid: user.uid, gid: user.gid } : {}),
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-4_000);
    });
    const fail = (why: string, cause?: unknown) =>
      reject(
        new MillraceError('POSTGRES_UNAVAILABLE', `PostgreSQL's initdb failed (${why}): ${said.trim()}`, {
          hint: 'Set WAREHOUSE_URL and SOURCE_URL to use servers of your own.',
          cause,
        }),
      );
    child.once('error', (thrown) => fail(thrown.message, thrown));
    child.once('close', (code, signal) => (code === 0 ? resolve() : fail(signal ?? `exit code ${code}`)));
  });
}
