import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { library } from '../../transform/jinja/library.js';
import { readDependencies, readPackage, readProjectKeys } from '../../transform/project/package.js';
import { envVarFunction, varFunction } from '../../transform/project/vars.js';
import { readVars, type SqlOptions } from './options.js';
import { Printer } from './printer.js';

/** Installs what packages.yml names, and what those packages name: local folders by a link, git repositories by a clone of the revision. */
export async function depsCommand(options: SqlOptions): Promise<number> {
  const printer = new Printer(options);
  const dir = resolve(options.projectDir);
  const vars = readVars(options.vars, '--vars');
  const context = {
    ...library(),
    env_var: envVarFunction(process.env, { secrets: true }),
    var: varFunction(vars, '--vars'),
    target: {},
  };
  const root = readPackage(dir, readProjectKeys(dir), context);
  const folder = join(dir, root.file.packagesInstallPath);
  mkdirSync(folder, { recursive: true });
  const done = new Set<string>();
  const waiting = readDependencies(dir, context).map((entry) => ({ entry, from: dir }));
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const key = JSON.stringify(next.entry);
    if (done.has(key)) continue;
    done.add(key);
    const installed = install(next.entry, next.from, folder);
    printer.info(`Installed ${installed.name} from ${installed.origin}`);
    waiting.push(...readDependencies(installed.dir, context).map((entry) => ({ entry, from: installed.dir })));
  }
  if (done.size === 0) printer.info('There are no packages to install.');
  return 0;
}

function install(entry: JsonObject, from: string, folder: string): { name: string; dir: string; origin: string } {
  if (typeof entry['local'] === 'string') {
    const source = resolve(from, entry['local']);
    const name = nameOf(source);
    const dir = join(folder, name);
    rmSync(dir, { recursive: true, force: true });
    symlinkSync(source, dir);
    return { name, dir: source, origin: entry['local'] };
  }
  if (typeof entry['git'] === 'string')
    return clone(entry['git'], textOf(entry['revision']), textOf(entry['subdirectory']), folder);
  const named = String(entry['package'] ?? entry['tarball'] ?? 'a package');
  throw new MillraceError('SQL_PACKAGE_MISSING', `${named} comes from dbt's package hub, which is not supported`, {
    hint: 'Name its git repository and revision instead: - git: https://…, revision: 1.3.0.',
  });
}

function clone(
  url: string,
  revision: string | null,
  subdirectory: string | null,
  folder: string,
): { name: string; dir: string; origin: string } {
  const temporary = mkdtempSync(join(existsSync(folder) ? folder : tmpdir(), '.clone-'));
  try {
    git(['clone', '--quiet', url, temporary]);
    if (revision !== null) git(['-C', temporary, 'checkout', '--quiet', revision]);
    const source = subdirectory === null ? temporary : join(temporary, subdirectory);
    const name = nameOf(source);
    const dir = join(folder, name);
    rmSync(dir, { recursive: true, force: true });
    renameSync(source, dir);
    return { name, dir, origin: `${url}${revision === null ? '' : `@${revision}`}` };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function git(args: string[]): void {
  const { status, stderr, error } = spawnSync('git', args, {
    encoding: 'utf8',
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  });
  if (status !== 0)
    throw new MillraceError('SQL_PACKAGE_MISSING', `git ${args[0]} failed: ${error?.message ?? stderr.trim()}`);
}

function nameOf(dir: string): string {
  const name = readProjectKeys(dir)['name'];
  if (typeof name === 'string') return name;
  throw new MillraceError('SQL_PROJECT_INVALID', `${join(dir, 'dbt_project.yml')} has no name`);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
