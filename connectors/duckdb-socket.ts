import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.js';

/**
 * Where the host of a database file listens: in a folder of the user's own, since the path of a Unix socket may have
 * 107 characters at most. Everyone who means the same file, by whatever path, finds the same socket.
 */
export async function duckdbSocket(path: string): Promise<{ file: string; socket: string }> {
  const folder = await realpath(dirname(resolve(path))).catch((cause: unknown) => {
    throw new MillraceError('DUCKDB_UNAVAILABLE', `${path}: its folder does not exist`, { cause });
  });
  const inFolder = join(folder, basename(path));
  const file = await realpath(inFolder).catch(() => inFolder);
  const { uid } = userInfo();
  const sockets = join(tmpdir(), `millrace-${uid}`);
  await mkdir(sockets, { recursive: true, mode: 0o700 });
  const stat = await lstat(sockets);
  if (!stat.isDirectory() || (uid >= 0 && (stat.uid !== uid || (stat.mode & 0o077) !== 0)))
    throw new MillraceError('DUCKDB_UNAVAILABLE', `${sockets} can be used by others than this user`, {
      hint: 'Remove it, or set TMPDIR to a folder of your own.',
    });
  const name = createHash('sha256').update(file).digest('hex').slice(0, 24);
  return { file, socket: join(sockets, `${name}.sock`) };
}
