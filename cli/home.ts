import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { canPass, canReach, databaseUser } from '../connectors/database-user.js';
import { MillraceError } from '../kernel/errors.js';
import { makeFolder } from '../kernel/make-folder.js';

/** The data folder: everything that Millrace writes lies here. */
export interface Home {
  readonly folder: string;
  readonly storePath: string;
  readonly logFolder: string;
  readonly taskLogFolder: string;
  readonly bundleFolder: string;
  readonly cacheFolder: string;
  readonly lakeFolder: string;
  readonly cdcFolder: string;
  readonly controlSocketPath: string;
  readonly serverFilePath: string;
}

/** What a running server says of itself to those who find the folder locked. */
export interface ServerFile {
  pid: number;
  url: string;
  startedAt: string;
}

const lockName = 'lock.db';

/** Secrets of the home, each a file of mode 0600. */
export const adminPasswordFile = 'admin.password';
export const secretKeyFile = 'secret.key';
export const postgresPasswordFile = 'postgres.password';

/** The places in a data folder, without touching it. */
export function homeAt(folder: string): Home {
  return {
    folder,
    storePath: join(folder, 'millrace.db'),
    logFolder: join(folder, 'logs'),
    taskLogFolder: join(folder, 'logs', 'tasks'),
    bundleFolder: join(folder, 'bundles'),
    cacheFolder: join(folder, 'cache'),
    lakeFolder: join(folder, 'lake'),
    cdcFolder: join(folder, 'cdc'),
    controlSocketPath: socketPath(folder),
    serverFilePath: join(folder, 'server.json'),
  };
}

/** There while a backup is being restored: what is in the home then is not whole. */
export const restoringFile = 'restoring';

/** Makes the folders of the home, readable by their owner alone. Throws HOME_UNWRITABLE. */
export function makeHome(folder: string, { restoring = false } = {}): Home {
  const home = homeAt(folder);
  try {
    if (!restoring) refuseUnfinished(folder);
    makeFolder(folder, 0o700);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    refuseForeignFolder(folder);
    const openToOthers = 0o066;
    if (statSync(folder).mode & openToOthers) chmodSync(folder, 0o700);
    // SQLite gives the files beside a database the mode of the database.
    for (const path of [join(folder, lockName), home.storePath]) closeSync(openSync(path, 'a', 0o600));
    // A home inside a project is not part of it.
    writeFileSync(join(folder, '.gitignore'), '*\n', { mode: 0o600 });
    for (const part of [
      home.logFolder,
      home.taskLogFolder,
      home.bundleFolder,
      home.cacheFolder,
      home.cdcFolder,
      home.lakeFolder,
    ]) {
      mkdirSync(part, { recursive: true, mode: 0o700 });
    }
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    throw new MillraceError('HOME_UNWRITABLE', `The data folder ${folder} cannot be written.`, {
      hint: 'Set MILLRACE_HOME to a folder that you own.',
      cause: thrown,
    });
  }
  return home;
}

function refuseUnfinished(folder: string): void {
  if (!existsSync(join(folder, restoringFile))) return;
  throw new MillraceError('HOME_UNWRITABLE', `The restore into ${folder} was interrupted.`, {
    hint: 'Restore the backup again: `millrace restore FILE` replaces what is there.',
  });
}

/** Its mode is about to change and files are about to appear in it: it must be empty, or be a home already. */
function refuseForeignFolder(folder: string): void {
  const entries = readdirSync(folder).filter((name) => !name.startsWith('.') && name !== 'lost+found');
  if (entries.length === 0 || entries.includes(lockName) || entries.includes(restoringFile)) return;
  throw new MillraceError(
    'HOME_UNWRITABLE',
    `The folder ${folder} holds other things (${entries.slice(0, 3).join(', ')} …).`,
    {
      hint: 'Set MILLRACE_HOME to a folder for Millrace alone.',
    },
  );
}

/**
 * Locks the home for this process, until `release` or its end, however it ends: SQLite holds an exclusive lock on
 * `lock.db`, which the system drops with the process. Throws HOME_LOCKED when another server has it, HOME_UNWRITABLE when the disk is full.
 */
export function lockHome(home: Home): { release(): void } {
  const database = new Database(join(home.folder, lockName), { timeout: 0 });
  try {
    database.pragma('locking_mode = exclusive');
    database.exec('begin exclusive');
  } catch (thrown) {
    database.close();
    const { code } = thrown as { code?: string };
    if (code === 'SQLITE_FULL') {
      throw new MillraceError('HOME_UNWRITABLE', `The data folder ${home.folder} cannot be locked: its disk is full.`, {
        hint: 'Make room there, then start again.',
      });
    }
    if (code !== 'SQLITE_BUSY') throw thrown;
    const server = readServerFile(home);
    const who = server ? ` (process ${server.pid}, ${server.url})` : '';
    throw new MillraceError('HOME_LOCKED', `Another Millrace${who} uses the data folder ${home.folder}.`, {
      hint: 'Stop it, or set MILLRACE_HOME to another folder.',
    });
  }
  return {
    release() {
      rmSync(home.serverFilePath, { force: true });
      database.close();
    },
  };
}

/** Whether a server holds the home now. */
export function isHomeLocked(home: Home): boolean {
  if (!existsSync(join(home.folder, lockName))) return false;
  try {
    const database = new Database(join(home.folder, lockName), { timeout: 0 });
    try {
      database.exec('begin exclusive; rollback');
      return false;
    } finally {
      database.close();
    }
  } catch (thrown) {
    if ((thrown as { code?: string }).code === 'SQLITE_BUSY') return true;
    throw thrown;
  }
}

export function writeServerFile(home: Home, server: ServerFile): void {
  writeFileSync(home.serverFilePath, `${JSON.stringify(server)}\n`, { mode: 0o600 });
}

function readServerFile(home: Home): ServerFile | undefined {
  if (!existsSync(home.serverFilePath)) return undefined;
  return JSON.parse(readFileSync(home.serverFilePath, 'utf8')) as ServerFile;
}

/**
 * A secret of the home, made on first use: 32 random bytes as text, readable by the owner alone. It appears whole, on the
 * disk, or not at all: an empty password would let everybody in, and what a lost key encrypted is lost with it.
 */
export function homeSecret(home: Home, name: string): string {
  const path = join(home.folder, name);
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (known !== '') return known;
  const secret = randomBytes(32).toString('base64url');
  const part = `${path}.part`;
  writeFileSync(part, `${secret}\n`, { mode: 0o600, flush: true });
  renameSync(part, path);
  syncFolder(home.folder);
  return secret;
}

/** What was renamed in the folder stays so when the power goes. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/**
 * The folder of the embedded PostgreSQL, and where its binaries are copied to if they must be. Both lie in the home,
 * unless the account that PostgreSQL runs as (see `databaseUser`) cannot go there: then they lie under
 * /var/lib/millrace, with a link in the home.
 */
export function postgresFolders(home: Home): { folder: string; stageFolder: string } {
  const user = databaseUser();
  const inHome = join(home.folder, 'postgres');
  if (!user) {
    mkdirSync(inHome, { recursive: true, mode: 0o700 });
    return { folder: inHome, stageFolder: home.folder };
  }
  if (!existsSync(inHome)) {
    if (canPass(user, dirname(home.folder))) mkdirSync(inHome, { mode: 0o700 });
    else linkOutside(home, inHome);
  }
  // The home may be entered, not read: what lies in it is closed by its own mode.
  if (!lstatSync(inHome).isSymbolicLink()) chmodSync(home.folder, 0o711);
  chownSync(inHome, user.uid, user.gid);
  const folder = realpathSync(inHome);
  if (!canReach(user, folder)) {
    throw new MillraceError('POSTGRES_UNAVAILABLE', `The account ${user.name} cannot reach ${folder}.`, {
      hint: 'Start Millrace as an ordinary user, or set MILLRACE_HOME to a folder that others may enter.',
    });
  }
  mkdirSync(outside, { recursive: true, mode: 0o755 });
  return { folder, stageFolder: outside };
}

const outside = '/var/lib/millrace';

function linkOutside(home: Home, link: string): void {
  const folder = join(outside, createHash('sha256').update(realpathSync(home.folder)).digest('hex').slice(0, 16));
  mkdirSync(outside, { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  symlinkSync(folder, link);
}

/** A Unix socket's path has at most 107 bytes; a deeper home gets one under the temporary folder. */
function socketPath(folder: string): string {
  const path = join(folder, 'control.sock');
  if (Buffer.byteLength(path) <= 103) return path;
  const owner = process.getuid?.() ?? 0;
  return join(tmpdir(), `millrace-${owner}-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`);
}
