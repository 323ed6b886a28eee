import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../kernel/paths.js';
import type { ImportError, ImportedFile } from '../model/dag.js';
import { type CompiledFile, compileDagFile, contentHash } from './compile.js';
import { dagsOf, importModule } from './import-dags.js';
import { importErrorOf } from './import-error.js';
import { resolveFiles } from './resolve-files.js';
import { serializeDag } from './serialize.js';
import type { ProjectFiles } from './sql-project.js';

export interface ImportRequest {
  /** Absolute path of the DAG folder. */
  folder: string;
  /** Path of the file in it, with `/`. */
  fileloc: string;
  /** Where bundles are kept. */
  bundlesFolder: string;
}

export interface ImportResult {
  outcome: { file: ImportedFile } | { error: ImportError };
  /** Absolute paths of all files that the result depends on: when one of them changes, it is imported again. */
  inputs: string[];
}

/**
 * Makes a DAG file's bundle, imports it, and stores it by its content hash with the files of its SQL projects. Runs the
 * author's code: only ever in the loader child. Never rejects for what the author wrote; that is the result's error.
 */
export async function importDagFile(request: ImportRequest): Promise<ImportResult> {
  const { folder, fileloc, bundlesFolder } = request;
  const path = join(folder, fileloc);
  const inputs = new Set([path]);
  try {
    const compiled = await compileDagFile(path, folder);
    for (const input of compiled.inputs) inputs.add(input);
    linkMillrace(bundlesFolder);
    const codeHash = contentHash(compiled.code);
    const bundlePath = await storeBundle(bundlesFolder, codeHash, compiled, folder);
    const dags = dagsOf(await importModule(pathToFileURL(bundlePath).href));
    const resolved = await resolveFiles(dags, path);
    for (const input of resolved.inputs) inputs.add(input);
    const bundleHash = resolved.projects.length === 0 ? codeHash : hashWith(codeHash, resolved.projects);
    if (bundleHash !== codeHash) {
      storeProjects(bundlesFolder, bundleHash, resolved.projects);
      await storeBundle(bundlesFolder, bundleHash, compiled, folder);
    }
    const file = { fileloc, bundleHash, dags: dags.map(serializeDag), source: readFileSync(path, 'utf8') };
    return { outcome: { file }, inputs: [...inputs] };
  } catch (thrown) {
    return { outcome: { error: importErrorOf(thrown, request) }, inputs: [...inputs] };
  }
}

function hashWith(codeHash: string, projects: ProjectFiles[]): string {
  return contentHash(codeHash, ...projects.map((project) => project.hash));
}

/** Lets a bundle import `millrace`: the package that this process runs from. */
export function linkMillrace(bundlesFolder: string): void {
  const link = join(bundlesFolder, 'node_modules', 'millrace');
  if (existsSync(join(link, 'package.json'))) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(packageRoot, link, 'dir');
}

/** Writes `<hash>.mjs` and its source map, durably, unless they are there. */
export async function storeBundle(
  bundlesFolder: string,
  hash: string,
  compiled: CompiledFile,
  folder: string,
): Promise<string> {
  const path = join(bundlesFolder, `${hash}.mjs`);
  if (existsSync(path)) return path;
  const map = { ...JSON.parse(compiled.map), sourceRoot: pathToFileURL(`${folder}/`).href };
  await writeDurably(`${path}.map`, JSON.stringify(map));
  await writeDurably(path, `${compiled.code}\n//# sourceMappingURL=${hash}.mjs.map\n`);
  return path;
}

/** Copies the projects to `<hash>/<group id>/`, whole or not at all. */
function storeProjects(bundlesFolder: string, hash: string, projects: ProjectFiles[]): void {
  const target = join(bundlesFolder, hash);
  if (existsSync(target)) return;
  const unfinished = `${target}.${process.pid}.tmp`;
  for (const { groupId, files } of projects) {
    for (const [name, source] of files) {
      const copy = join(unfinished, groupId, name);
      mkdirSync(dirname(copy), { recursive: true });
      copyFileSync(source, copy);
    }
  }
  renameSync(unfinished, target);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  const file = await open(unfinished, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  renameSync(unfinished, path);
}
