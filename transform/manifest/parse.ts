import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { packageRoot } from '../../kernel/paths.js';
import type { Invocation, RunFlags } from '../compile/base-context.js';
import type { LibraryHooks } from '../jinja/library.js';
import { library } from '../jinja/library.js';
import { readSources, sha256 } from '../project/files.js';
import { type Package, packageDirs, readPackage, readProjectKeys, requireInstalled } from '../project/package.js';
import { readTarget, targetVariables } from '../project/profile.js';
import { renderYaml } from '../project/render.js';
import { envVarFunction, varFunction } from '../project/vars.js';
import { isObject } from '../project/yaml.js';
import { CaptureCache } from './cache.js';
import { internalPackage, MacroRegistry } from './macros.js';
import type { Manifest } from './node.js';
import { readNodes } from './read-nodes.js';
import { readOthers } from './read-others.js';
import { readAllProperties, readDocs, warnOfUnusedProperties } from './read-properties.js';
import { readAllSources } from './read-sources.js';
import { readGenericTests } from './read-tests.js';
import { Resolver, resolveDependencies } from './resolve.js';
import type { ParseWorld } from './world.js';

export interface LoadOptions {
  /** The folder with dbt_project.yml. */
  dir: string;
  /** Where profiles.yml is; else the project's folder and ~/.dbt are looked at. */
  profilesDir?: string | undefined;
  /** The profile's name, instead of the project's. */
  profile?: string | undefined;
  target?: string | undefined;
  vars?: Record<string, Json> | undefined;
  /** Takes the place of the profile's connection: `postgresql://…`, `duckdb:path`, `md:db`. */
  connectionUrl?: string | undefined;
  threads?: number | undefined;
  /** The environment that `env_var` reads; the process's own when left out. */
  env?: Record<string, string | undefined> | undefined;
  /** Folder for what was learned of files, found again by checksum. */
  cacheFolder?: string | undefined;
  flags?: Partial<RunFlags> | undefined;
  hooks?: LibraryHooks | undefined;
  invocationId?: string | undefined;
  /** Called as soon as the target is known, before any file of the project is read. */
  onTarget?: ((known: Pick<ParseWorld, 'target' | 'root'>) => Promise<void>) | undefined;
}

/** A parsed project as the rest of the engine gets it. */
export interface ParsedProject extends ParseWorld {
  resolver: Resolver;
}

/** Reads a project and its packages into a manifest. Rejects with errors of the SQL_ and JINJA_ families, with file and line where there are any. */
export async function parseProject(options: LoadOptions): Promise<ParsedProject> {
  const world = openWorld(options);
  await options.onTarget?.(world);
  return readWorld(world);
}

/** What stands in dbt_project.yml, profiles.yml and the packages' own project files. */
function openWorld(options: LoadOptions): ParseWorld {
  const env = options.env ?? process.env;
  const cliVars = (options.vars ?? {}) as JsonObject;
  const dir = resolve(options.dir);
  const keys = readProjectKeys(dir);
  const flags = readFlags(keys, options.flags);
  const invocation: Invocation = {
    id: options.invocationId ?? randomUUID(),
    startedAt: Date.now(),
    flags,
    env,
    hooks: options.hooks ?? {},
  };
  const profileVars = isObject(keys['vars']) ? keys['vars'] : {};
  const early = {
    ...library(invocation.hooks),
    var: varFunction({ ...profileVars, ...cliVars }, 'the project'),
    env_var: envVarFunction(env, { secrets: true }),
  };
  const target = readTarget({
    projectDir: dir,
    profilesDir: options.profilesDir,
    profileName:
      options.profile ??
      (typeof keys['profile'] === 'string' ? String(renderYaml(keys['profile'], early, 'dbt_project.yml')) : null),
    target: options.target,
    connectionUrl: options.connectionUrl,
    threads: options.threads,
    env,
    render: (value, path) => renderYaml(value, early, path),
  });
  const context = { ...early, target: targetVariables(target), env_var: envVarFunction(env, { secrets: false }) };
  const root = readPackage(dir, keys, context);
  const packages = [
    root,
    ...packageDirs(root, context).map((each) => readPackage(each, readProjectKeys(each), context)),
  ];
  requireInstalled(root, packages, context);
  requireDistinct(packages);
  const captures = new CaptureCache(options.cacheFolder ?? null, root.name, env);
  invocation.onEnvRead = (name) => captures.noteEnv(name);
  return {
    root,
    packages,
    target,
    invocation,
    cliVars,
    registry: new MacroRegistry(root.name, root.file.dispatch, target.type),
    properties: [],
    propertyIndex: new Map(),
    manifest: emptyManifest(),
    captures: captures,
    warnings: [],
    bases: new Map(),
    createdAt: invocation.startedAt / 1000,
  };
}

function readWorld(world: ParseWorld): ParsedProject {
  const macroText = readMacros(world);
  world.captures.setWorld(
    sha256(
      JSON.stringify([
        macroText,
        world.cliVars,
        targetVariables(world.target),
        world.packages.map((each) => each.file.vars),
        world.invocation.flags,
      ]),
    ),
  );
  readDocs(world);
  readAllProperties(world);
  readNodes(world);
  const sources = readAllSources(world);
  readGenericTests(world, sources);
  readOthers(world);
  warnOfUnusedProperties(world);
  const resolver = new Resolver(world.manifest, world.root.name);
  resolveDependencies(world.manifest, resolver);
  addMacros(world);
  world.captures.save();
  return { ...world, resolver };
}

/** Reads the engine's macros and those of all packages; returns a text that changes when any of them does. */
function readMacros(world: ParseWorld): string {
  const sums: string[] = [];
  const folder = join(packageRoot, 'transform', 'builtins');
  for (const name of readdirSync(folder)
    .filter((each) => each.endsWith('.sql'))
    .sort()) {
    const text = readFileSync(join(folder, name), 'utf8');
    world.registry.addFile(internalPackage, text, `builtins/${name}`, null);
    sums.push(sha256(text));
  }
  for (const pkg of world.packages) {
    const { macros, tests } = pkg.file.paths;
    const folders = [...macros, ...tests.map((path) => join(path, 'generic'))];
    for (const source of readSources(pkg.dir, folders, ['.sql'])) {
      if (source.text.includes('{%')) world.registry.addFile(pkg.name, source.text, source.path, source);
      sums.push(pkg.name, source.checksum);
    }
  }
  return sums.join();
}

function addMacros(world: ParseWorld): void {
  for (const entry of world.registry.all) {
    const path = entry.source?.path ?? entry.definition.path;
    const properties = world.propertyIndex.get(`${entry.packageName}:macros:${entry.name}`)?.[0];
    world.manifest.macros.set(entry.uniqueId, {
      unique_id: entry.uniqueId,
      resource_type: 'macro',
      name: entry.name,
      package_name: entry.packageName,
      path,
      original_file_path: path,
      macro_sql: entry.definition.text,
      depends_on: { macros: [] },
      description: properties?.description ?? '',
      meta: isObject(properties?.config['meta']) ? properties.config['meta'] : {},
      docs: { show: true, node_color: null },
      patch_path: properties ? `${properties.packageName}://${properties.path}` : null,
      arguments: entry.definition.parameters.map((parameter) => ({
        name: parameter.name,
        type: parameter.type ?? null,
        description: '',
      })),
      created_at: world.createdAt,
      supported_languages: null,
    });
  }
}

function readFlags(keys: JsonObject, given: Partial<RunFlags> | undefined): RunFlags {
  const project = Object.fromEntries(
    Object.entries(isObject(keys['flags']) ? keys['flags'] : {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    fullRefresh: false,
    storeFailures: project['store_failures'] === true,
    failFast: project['fail_fast'] === true,
    warnError: project['warn_error'] === true,
    empty: false,
    which: 'build',
    ...given,
    project,
  };
}

function requireDistinct(packages: Package[]): void {
  const seen = new Map<string, Package>();
  for (const pkg of packages) {
    const other = seen.get(pkg.name);
    if (other)
      throw new MillraceError(
        'SQL_PROJECT_INVALID',
        `two packages are called "${pkg.name}": ${other.dir} and ${pkg.dir}`,
      );
    seen.set(pkg.name, pkg);
  }
}

function emptyManifest(): Manifest {
  return {
    nodes: new Map(),
    sources: new Map(),
    exposures: new Map(),
    unitTests: new Map(),
    groups: new Map(),
    docs: new Map(),
    macros: new Map(),
    disabled: new Map(),
    selectors: new Map(),
  };
}
