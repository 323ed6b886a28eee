import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import { readProjectKeys } from '../../transform/project/package.js';

/** A package as it lies in dbt_packages. */
export interface InstalledPackage {
  name: string;
  dir: string;
  /** Where it came from, for people. */
  origin: string;
}

/** A folder of this machine, by a link: changes in it are seen at once. */
export function linkFolder(source: string, folder: string, origin: string): InstalledPackage {
  const name = nameOf(source);
  const dir = join(folder, name);
  rmSync(dir, { recursive: true, force: true });
  symlinkSync(source, dir);
  return { name, dir: source, origin };
}

/** A git repository at a revision. */
export function cloneRepository(
  url: string,
  revision: string | null,
  subdirectory: string | null,
  folder: string,
): InstalledPackage {
  return inScratch(folder, (scratch) => {
    run('git', ['clone', '--quiet', url, scratch]);
    if (revision !== null) run('git', ['-C', scratch, 'checkout', '--quiet', revision]);
    const source = subdirectory === null ? scratch : join(scratch, subdirectory);
    return moveIn(source, folder, `${url}${revision === null ? '' : `@${revision}`}`);
  });
}

/** A gzipped tar archive that holds the package in its one folder, as GitHub makes them. */
export function unpackArchive(archive: Buffer, sha1: string | null, folder: string, origin: string): InstalledPackage {
  const sum = createHash('sha1').update(archive).digest('hex');
  if (sha1 !== null && sum !== sha1)
    throw new MillraceError(
      'SQL_PACKAGE_MISSING',
      `${origin} is not what the hub says: its sha1 is ${sum}, not ${sha1}`,
    );
  return inScratch(folder, (scratch) => {
    run('tar', ['-xzf', '-', '-C', scratch], archive);
    const [only, ...others] = readdirSync(scratch).filter(
      (name) => !name.startsWith('.') && name !== 'pax_global_header',
    );
    if (only === undefined || others.length > 0)
      throw new MillraceError('SQL_PACKAGE_MISSING', `${origin} is no archive of one folder`);
    return moveIn(join(scratch, only), folder, origin);
  });
}

function moveIn(source: string, folder: string, origin: string): InstalledPackage {
  const name = nameOf(source);
  const dir = join(folder, name);
  rmSync(dir, { recursive: true, force: true });
  renameSync(source, dir);
  return { name, dir, origin };
}

/** A scratch folder beside the packages, so that a rename is enough to put one in its place. */
function inScratch<Result>(folder: string, work: (scratch: string) => Result): Result {
  const scratch = mkdtempSync(join(folder, '.install-'));
  try {
    return work(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function run(command: string, args: string[], input?: Buffer): void {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    ...(input ? { input } : {}),
  });
  if (status !== 0)
    throw new MillraceError('SQL_PACKAGE_MISSING', `${command} ${args[0]} failed: ${error?.message ?? stderr.trim()}`);
}

function nameOf(dir: string): string {
  const name = readProjectKeys(dir)['name'];
  if (typeof name === 'string' && /^\w+$/.test(name)) return name;
  throw new MillraceError('SQL_PROJECT_INVALID', `${join(dir, 'dbt_project.yml')} has no name`);
}
