import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MillraceError } from '../kernel/errors.js';

/** An account of this machine that PostgreSQL, which refuses to run as root, runs as. */
export interface DatabaseUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Whom the embedded PostgreSQL runs as: undefined = whoever runs Millrace. For root it is the account `postgres`
 * where the machine has one, else `nobody`; no account is made.
 */
export function databaseUser(): DatabaseUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map(parseAccount);
  const found = ['postgres', 'nobody'].map((name) => accounts.find((account) => account?.name === name)).find(Boolean);
  if (found) return found;
  throw new MillraceError(
    'POSTGRES_UNAVAILABLE',
    'PostgreSQL does not run as root, and there is no account to run it as.',
    {
      hint: 'Start Millrace as an ordinary user, add an account named postgres, or set WAREHOUSE_URL and SOURCE_URL.',
    },
  );
}

/** Whether the account may go into every folder on the way to the path, and read (and enter or run) what is there. */
export function canReach(user: DatabaseUser, path: string): boolean {
  const readAndRun = 0o5;
  return permits(user, path, readAndRun) && canPass(user, dirname(path));
}

/** Whether the account may go through the folder and every folder above it. */
export function canPass(user: DatabaseUser, path: string): boolean {
  const pass = 0o1;
  for (let folder = path; ; folder = dirname(folder)) {
    if (!permits(user, folder, pass)) return false;
    if (dirname(folder) === folder) return true;
  }
}

function permits(user: DatabaseUser, path: string, wanted: number): boolean {
  const { mode, uid, gid } = statSync(path);
  const granted = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
  return (granted & wanted) === wanted;
}

function parseAccount(line: string): DatabaseUser | undefined {
  const [name, , uid, gid] = line.split(':');
  return name && uid && gid ? { name, uid: Number(uid), gid: Number(gid) } : undefined;
}
