import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { ContextLike } from '../jinja/index.js';
import { type ProjectFile, readConfigTrees, readProjectFile } from './project-file.js';
import { renderYaml } from './render.js';
import { isObject, readYamlObject } from './yaml.js';

/** A project or a package that it uses: its folder and what its dbt_project.yml says. */
export interface Package {
  name: string;
  dir: string;
  file: ProjectFile;
  /** The trees of configs as they are written: what `state:modified` compares, since rendering depends on the target. */
  unrenderedTrees: Record<string, JsonObject>;
}

/** Hooks are templates of the run; they are not rendered when the file is read. */
const keptKeys = new Set([
  'on-run-start',
  'on-run-end',
  'on_run_start',
  'on_run_end',
  'pre-hook',
  'post-hook',
  '+pre-hook',
  '+post-hook',
  'pre_hook',
  'post_hook',
  '+pre_hook',
  '+post_hook',
  'query-comment',
  'query_comment',
]);

/** The keys of dbt_project.yml before rendering. Throws SQL_PROJECT_INVALID when there is none. */
export function readProjectKeys(dir: string): JsonObject {
  const path = join(dir, 'dbt_project.yml');
  if (!existsSync(path))
    throw new MillraceError('SQL_PROJECT_INVALID', `there is no dbt_project.yml in ${resolve(dir)}`, {
      hint: "Name the project's folder with --project-dir.",
    });
  return readYamlObject(readFileSync(path, 'utf8'), path);
}

export function readPackage(dir: string, keys: JsonObject, context: ContextLike): Package {
  const path = join(dir, 'dbt_project.yml');
  const rendered = renderYaml(keys, context, path, (at) => keptKeys.has(at.at(-1) ?? '')) as JsonObject;
  const file = readProjectFile(rendered, path);
  return { name: file.name, dir, file, unrenderedTrees: readConfigTrees(keys) };
}

/** The folders of the installed packages: what `deps` put into dbt_packages, and `local:` packages where they stand. */
export function packageDirs(root: Package, context: ContextLike): string[] {
  const installed = join(root.dir, root.file.packagesInstallPath);
  const found = existsSync(installed)
    ? readdirSync(installed, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
        .map((entry) => join(installed, entry.name))
        .filter((dir) => existsSync(join(dir, 'dbt_project.yml')))
        .sort()
    : [];
  const names = new Set(found.map((dir) => readProjectKeys(dir)['name']));
  const local = readDependencies(root.dir, context)
    .flatMap((entry) => (typeof entry['local'] === 'string' ? [resolve(root.dir, entry['local'])] : []))
    .filter((dir) => existsSync(join(dir, 'dbt_project.yml')) && !names.has(readProjectKeys(dir)['name'] as Json));
  const nested = local.flatMap((dir) => packageDirs(readPackage(dir, readProjectKeys(dir), context), context));
  return [...new Set([...found, ...local, ...nested])];
}

/** The entries of packages.yml or dependencies.yml. */
export function readDependencies(dir: string, context: ContextLike): JsonObject[] {
  return ['packages.yml', 'dependencies.yml'].flatMap((name) => {
    const path = join(dir, name);
    if (!existsSync(path)) return [];
    const keys = renderYaml(readYamlObject(readFileSync(path, 'utf8'), path), context, path) as JsonObject;
    const packages = keys['packages'];
    return Array.isArray(packages) ? packages.filter(isObject) : [];
  });
}

/** Says which package is named but not installed. */
export function requireInstalled(root: Package, packages: Package[], context: ContextLike): void {
  const wanted = readDependencies(root.dir, context).filter((entry) => entry['local'] === undefined);
  const missing = wanted.length > packages.length - 1 ? wanted : [];
  if (missing.length === 0) return;
  const names = missing.map((entry) => entry['package'] ?? entry['git'] ?? entry['tarball'] ?? 'a package').join(', ');
  throw new MillraceError(
    'SQL_PACKAGE_MISSING',
    `${missing.length} package(s) of packages.yml are not installed: ${names}`,
    { hint: 'Run `millrace sql deps`.' },
  );
}
