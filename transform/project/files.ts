import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of a project, read once. */
export interface ProjectSource {
  /** From the package's folder, with `/`: `models/staging/stg_customers.sql`. */
  path: string;
  /** From the search path that found it: `staging/stg_customers.sql`. */
  relativePath: string;
  absolutePath: string;
  text: string;
  /** sha256 of the text, as dbt's manifest has it: trailing and leading white space left out. */
  checksum: string;
}

const skippedFolders = new Set(['node_modules', '.git']);

/**
 * The files under `searchPaths` of a package's folder whose names end in one of `extensions`, ordered by path. A folder
 * that does not exist has no files: dbt's default folders need not be there.
 */
export function readSources(root: string, searchPaths: string[], extensions: string[]): ProjectSource[] {
  return listFiles(root, searchPaths, extensions).map(({ path, relativePath }) => readSource(root, path, relativePath));
}

/** The same without reading them. */
export function listFiles(
  root: string,
  searchPaths: string[],
  extensions: string[],
): { path: string; relativePath: string }[] {
  const found = new Map<string, string>();
  for (const searchPath of searchPaths)
    for (const relativePath of walk(join(root, searchPath)))
      if (extensions.some((extension) => relativePath.toLowerCase().endsWith(extension))) {
        const path = join(searchPath, relativePath).replaceAll('\\', '/');
        if (!found.has(path)) found.set(path, relativePath);
      }
  return [...found].map(([path, relativePath]) => ({ path, relativePath })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function readSource(root: string, path: string, relativePath: string): ProjectSource {
  const absolutePath = join(root, path);
  const text = readFileSync(absolutePath, 'utf8').replace(/^\uFEFF/, '');
  return { path, relativePath, absolutePath, text, checksum: sha256(text.trim()) };
}

export function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function* walk(folder: string, prefix = ''): Generator<string> {
  for (const entry of list(folder)) {
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) yield* walk(join(folder, entry.name), `${prefix}${entry.name}/`);
    } else if (!entry.name.startsWith('.')) yield prefix + entry.name;
  }
}

function list(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
