import { randomUUID } from 'node:crypto';
import type { BigIntStats, Dirent } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../kernel/errors.js';
import { makeFolder } from '../kernel/make-folder.js';
import { checkObjectKey, compareKeys, temporaryFolder } from './object-key.js';
import type { ObjectInfo, ObjectStore } from './object-store.js';

/**
 * A bucket in a folder; the bucket's name is the folder's. An object appears whole or not at all: it is written and
 * synced under a temporary name, then linked (or renamed) to its own, and the folders on the way are synced.
 */
export async function openFileStore(root: string): Promise<ObjectStore> {
  const folder = resolve(root);
  makeFolder(join(folder, temporaryFolder));
  await sweepUnfinished(join(folder, temporaryFolder));
  return {
    url: pathToFileURL(folder).href,
    bucket: basename(folder),
    list: (prefix, options = {}) => list(folder, prefix, options.startAfter ?? '', options.signal),
    listFolders: (prefix) => listFolders(folder, prefix),
    get: (key, options = {}) => get(folder, key, options),
    head: (key) => head(folder, key),
    put: (key, body, options = {}) => put(folder, key, body, options.ifAbsent ?? false),
    delete: (key) => remove(folder, key),
    close: async () => {},
  };
}

/** How many files are looked at side by side. */
const statsAtOnce = 64;
/** What a writer left behind when it was killed is swept when it is older than any write can last. */
const unfinishedAgeMsMax = 24 * 3600 * 1000;

async function* list(
  root: string,
  prefix: string,
  startAfter: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectInfo> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  yield* walk(folder);

  /** The objects below `at` (a key prefix that ends in `/`, or nothing), one folder in memory at a time. */
  async function* walk(at: string): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted();
    const names = (await entries(join(root, at)))
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => (entry.isDirectory() ? `${at}${entry.name}/` : at + entry.name))
      .filter((name) => overlaps(name, prefix) && !endsBefore(name, startAfter) && name !== `${temporaryFolder}/`)
      .sort(compareKeys);
    for (let start = 0; start < names.length; start += statsAtOnce) {
      signal?.throwIfAborted();
      const part = names.slice(start, start + statsAtOnce);
      const found = await Promise.all(part.map((name) => (name.endsWith('/') ? null : head(root, name))));
      for (const [index, name] of part.entries()) {
        if (name.endsWith('/')) yield* walk(name);
        else if (found[index]) yield found[index];
      }
    }
  }
}

/** Whether a file of that name, or one below that folder, can begin with the prefix. */
function overlaps(name: string, prefix: string): boolean {
  return name.startsWith(prefix) || (name.endsWith('/') && prefix.startsWith(name));
}

/** Whether every key that the name stands for lies at or before `startAfter`. */
function endsBefore(name: string, startAfter: string): boolean {
  if (name.endsWith('/') && startAfter.startsWith(name)) return false;
  return compareKeys(name, startAfter) <= 0;
}

async function listFolders(root: string, prefix: string): Promise<string[]> {
  const at = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  return (await entries(join(root, at)))
    .filter((entry) => entry.isDirectory() && (at + entry.name).startsWith(prefix))
    .map((entry) => `${entry.name}/`)
    .filter((name) => at !== '' || name !== `${temporaryFolder}/`)
    .sort(compareKeys);
}

async function get(root: string, key: string, options: { etag?: string; signal?: AbortSignal }): Promise<Readable> {
  options.signal?.throwIfAborted();
  const handle = await whenPresent(open(pathOf(root, key), 'r'));
  const stats = handle && (await handle.stat({ bigint: true }));
  if (!handle || !stats?.isFile()) {
    await handle?.close();
    throw new MillraceError('OBJECT_NOT_FOUND', `there is no object ${key} in ${root}.`);
  }
  if (options.etag !== undefined && options.etag !== etagOf(stats)) {
    await handle.close();
    throw new MillraceError('OBJECT_CHANGED', `${key} was replaced since it was listed.`);
  }
  return handle.createReadStream({
    highWaterMark: 256 * 1024,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

async function head(root: string, key: string): Promise<ObjectInfo | null> {
  const stats = await whenPresent(stat(pathOf(root, key), { bigint: true }));
  if (!stats?.isFile()) return null;
  return { key, size: Number(stats.size), etag: etagOf(stats), lastModified: Number(stats.mtimeMs) };
}

/** A file that is replaced gets another inode or another time, and so another etag. */
function etagOf(stats: BigIntStats): string {
  return `${stats.ino.toString(36)}-${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}`;
}

async function put(root: string, key: string, body: Buffer, ifAbsent: boolean): Promise<boolean> {
  const path = pathOf(root, key);
  const temporary = join(root, temporaryFolder, randomUUID());
  try {
    await writeDurably(temporary, body);
    const placed = await place(root, key, () => (ifAbsent ? link(temporary, path) : rename(temporary, path)));
    await syncFolder(dirname(path));
    return placed;
  } finally {
    await whenPresent(unlink(temporary));
  }
}

/** Gives the object its name; false when the name is taken. The folders may vanish in between: others delete. */
async function place(root: string, key: string, move: () => Promise<void>): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeFolders(root, dirname(pathOf(root, key)));
      await move();
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EEXIST' && !(await isFolder(pathOf(root, key)))) return false;
      if (code === 'ENOENT' && attempt < 10) continue;
      if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') {
        throw new MillraceError('OBJECT_KEY_INVALID', `${key} cannot be a file in ${root}: part of it is taken.`, {
          hint: 'In a folder, no key can be both an object and the folder of others.',
          cause: error,
        });
      }
      throw error;
    }
  }
}

async function remove(root: string, key: string): Promise<void> {
  await whenPresent(unlink(pathOf(root, key)));
  for (let folder = dirname(pathOf(root, key)); folder !== root; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return;
      throw error;
    }
  }
}

async function writeDurably(path: string, body: Buffer): Promise<void> {
  const handle = await open(path, 'wx', 0o640);
  try {
    await handle.writeFile(body);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder and those above it, each durable in the one that holds it. */
async function makeFolders(root: string, folder: string): Promise<void> {
  if (folder === root) return;
  if (await isFolder(folder)) return;
  await makeFolders(root, dirname(folder));
  await mkdir(folder).catch(ignoring('EEXIST'));
  await syncFolder(dirname(folder));
}

async function isFolder(path: string): Promise<boolean> {
  return (await whenPresent(stat(path)))?.isDirectory() ?? false;
}

async function syncFolder(path: string): Promise<void> {
  const handle: FileHandle | undefined = await whenPresent(open(path, 'r'));
  if (!handle) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sweepUnfinished(folder: string): Promise<void> {
  for (const entry of await entries(folder)) {
    const path = join(folder, entry.name);
    const stats = await whenPresent(stat(path));
    if (stats?.isFile() && Date.now() - stats.mtimeMs > unfinishedAgeMsMax) await whenPresent(unlink(path));
  }
}

async function entries(folder: string): Promise<Dirent[]> {
  return (await whenPresent(readdir(folder, { withFileTypes: true }))) ?? [];
}

function pathOf(root: string, key: string): string {
  checkObjectKey(key);
  return join(root, key);
}

/** undefined when what was asked for is not there. */
function whenPresent<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
}

function ignoring(code: string): (error: unknown) => void {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}
