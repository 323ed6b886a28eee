import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { ContextLike } from '../../transform/jinja/index.js';
import { library } from '../../transform/jinja/library.js';
import { readDependencies, readPackage, readProjectKeys } from '../../transform/project/package.js';
import { envVarFunction, varFunction } from '../../transform/project/vars.js';
import { download, findHubVersion, hubUrl, readConstraints, satisfies } from './hub.js';
import { cloneRepository, type InstalledPackage, linkFolder, unpackArchive } from './install-package.js';
import { readVars, type SqlOptions } from './options.js';
import { Printer } from './printer.js';

/**
 * Installs what packages.yml and dependencies.yml name, and what those packages name: folders by a link, git repositories by a clone of the revision,
 * packages of dbt's hub and archives by a download.
 */
export async function depsCommand(options: SqlOptions): Promise<number> {
  const printer = new Printer(options);
  const dir = resolve(options.projectDir);
  const context = {
    ...library(),
    env_var: envVarFunction(process.env, { secrets: true }),
    var: varFunction(readVars(options.vars, '--vars'), '--vars'),
    target: {},
  };
  const root = readPackage(dir, readProjectKeys(dir), context);
  const folder = join(dir, root.file.packagesInstallPath);
  mkdirSync(folder, { recursive: true });
  const installed = await new Installation(folder, context, printer).all(dir);
  if (installed === 0) printer.info('There are no packages to install.');
  return 0;
}

/** A package of the hub as everyone together asks for it. */
interface HubRequest {
  constraints: Set<string>;
  prereleases: boolean;
  /** The version that is installed. */
  version: string | null;
}

class Installation {
  readonly #folder: string;
  readonly #context: ContextLike;
  readonly #printer: Printer;
  readonly #done = new Set<string>();
  readonly #hub = new Map<string, HubRequest>();

  constructor(folder: string, context: ContextLike, printer: Printer) {
    this.#folder = folder;
    this.#context = context;
    this.#printer = printer;
  }

  /** Installs everything that the folder's project asks for, directly or not; returns how many packages that were. */
  async all(dir: string): Promise<number> {
    const waiting = readDependencies(dir, this.#context).map((entry) => ({ entry, from: dir }));
    let count = 0;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const key = JSON.stringify(next.entry);
      if (this.#done.has(key)) continue;
      this.#done.add(key);
      const installed = await this.#install(next.entry, next.from);
      if (!installed) continue;
      count++;
      this.#printer.info(`Installed ${installed.name} from ${installed.origin}`);
      const { dir: from } = installed;
      waiting.push(...readDependencies(from, this.#context).map((entry) => ({ entry, from })));
    }
    return count;
  }

  /** undefined: what is there already will do. */
  async #install(entry: JsonObject, from: string): Promise<InstalledPackage | undefined> {
    if (typeof entry['local'] === 'string')
      return linkFolder(resolve(from, entry['local']), this.#folder, entry['local']);
    if (typeof entry['git'] === 'string')
      return cloneRepository(entry['git'], textOf(entry['revision']), textOf(entry['subdirectory']), this.#folder);
    if (typeof entry['package'] === 'string') return this.#fromHub(entry['package'], entry);
    if (typeof entry['tarball'] === 'string')
      return unpackArchive(await download(entry['tarball'], entry['tarball']), null, this.#folder, entry['tarball']);
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `a package is named by "local", "git", "package" or "tarball"; got ${Object.keys(entry).join(', ') || 'nothing'}`,
    );
  }

  /** The newest version that suits all who asked so far; one that is installed and does not suit the next is replaced. */
  async #fromHub(name: string, entry: JsonObject): Promise<InstalledPackage | undefined> {
    const request = this.#hub.get(name) ?? { constraints: new Set(), prereleases: false, version: null };
    this.#hub.set(name, request);
    for (const constraint of readConstraints(entry['version'], name)) request.constraints.add(constraint);
    request.prereleases ||= entry['install-prerelease'] === true || entry['install_prerelease'] === true;
    const constraints = [...request.constraints];
    if (request.version !== null && constraints.every((each) => satisfies(request.version as string, each)))
      return undefined;
    const found = await findHubVersion(hubUrl(process.env), name, constraints, request.prereleases);
    request.version = found.version;
    return unpackArchive(await download(found.tarball, name), found.sha1, this.#folder, `${name}@${found.version}`);
  }
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
