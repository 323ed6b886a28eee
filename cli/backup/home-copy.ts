import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveWriter } from '../../scheduler/maintenance/backup/archive.js';

/** Where the parts of a data folder lie in an archive. */
export const archivePlaces = {
  store: 'millrace.db',
  cluster: 'postgres/data',
  bundles: 'bundles',
  cdc: 'cdc',
  lake: 'lake',
  taskLogs: 'logs/tasks',
} as const;

/** Adds every file below a folder. Files that go meanwhile are left out; half-written ones (`.tmp`, `.partial`) as well. */
export async function addTree(archive: ArchiveWriter, name: string, folder: string): Promise<number> {
  let added = 0;
  for (const entry of await entriesOf(folder)) {
    if (/\.(tmp|partial)$|^\.tmp-/.test(entry.name)) continue;
    const inner = `${name}/${entry.name}`;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) added += await addTree(archive, inner, path);
    else if (entry.isFile() && (await archive.addFile(inner, path))) added += 1;
  }
  return added;
}

async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
