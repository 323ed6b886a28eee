import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { didYouMean } from './nearest.js';
import { describe, isObject, readYamlObject } from './yaml.js';

/** Where a project's relations are built: one output of a profile, or a connection URL that takes its place. */
export interface Target {
  profileName: string;
  name: string;
  type: 'postgres' | 'duckdb';
  database: string;
  schema: string;
  threads: number;
  /** Every key of the output, rendered; holds the password. */
  fields: JsonObject;
  /** How to connect: a URL, or null when the fields say it. */
  url: string | null;
}

/** Keys of an output that are never shown to templates or artifacts. */
const secretKeys = new Set([
  'password',
  'pass',
  'token',
  'sslkey',
  'sslpassword',
  'motherduck_token',
  'secrets',
  'settings',
]);

export interface ProfileOptions {
  projectDir: string;
  profilesDir?: string | undefined;
  profileName: string | null;
  target?: string | undefined;
  connectionUrl?: string | undefined;
  threads?: number | undefined;
  env: Record<string, string | undefined>;
  render(value: Json, path: string): Json;
}

/**
 * Finds profiles.yml (the given folder, the project's, ~/.dbt), picks the output and renders it. With a connection URL only the output's schema
 * and threads are read, and the file may be missing. Throws SQL_PROFILE_INVALID.
 */
export function readTarget(options: ProfileOptions): Target {
  const found = findProfiles(options);
  if (!found) {
    if (options.connectionUrl) return targetOfUrl(options, 'default', options.target ?? 'dev', {});
    throw new MillraceError('SQL_PROFILE_INVALID', 'no profiles.yml was found', {
      hint: `Write one in ${options.profilesDir ?? options.projectDir}, or name its folder with --profiles-dir.`,
    });
  }
  const profiles = readYamlObject(readFileSync(found, 'utf8'), found);
  const profileName = options.profileName ?? Object.keys(profiles).find((key) => key !== 'config') ?? 'default';
  const profile = profiles[profileName];
  if (!isObject(profile)) {
    if (options.connectionUrl) return targetOfUrl(options, profileName, options.target ?? 'dev', {});
    throw new MillraceError('SQL_PROFILE_INVALID', `${found} has no profile "${profileName}"`, {
      hint: didYouMean(profileName, Object.keys(profiles)) || `It has: ${Object.keys(profiles).join(', ')}.`,
    });
  }
  const name = options.target ?? String(options.render(profile['target'] ?? 'default', found));
  const outputs = isObject(profile['outputs']) ? profile['outputs'] : {};
  const output = outputs[name];
  if (!isObject(output)) {
    if (options.connectionUrl) return targetOfUrl(options, profileName, name, {});
    throw new MillraceError('SQL_PROFILE_INVALID', `${found}: the profile "${profileName}" has no target "${name}"`, {
      hint: didYouMean(name, Object.keys(outputs)) || `It has: ${Object.keys(outputs).join(', ')}.`,
    });
  }
  if (options.connectionUrl) {
    const kept = Object.fromEntries(
      ['schema', 'threads'].flatMap((key) => (output[key] === undefined ? [] : [[key, output[key]]])),
    );
    return targetOfUrl(options, profileName, name, options.render(kept, found) as JsonObject);
  }
  return targetOfOutput(options, profileName, name, options.render(output, found) as JsonObject, found);
}

/** `target` as templates see it. */
export function targetVariables(target: Target): JsonObject {
  const shown = Object.fromEntries(Object.entries(target.fields).filter(([key]) => !secretKeys.has(key)));
  return {
    ...shown,
    type: target.type,
    schema: target.schema,
    database: target.database,
    dbname: target.database,
    threads: target.threads,
    name: target.name,
    target_name: target.name,
    profile_name: target.profileName,
  };
}

function findProfiles(options: ProfileOptions): string | undefined {
  const given = options.profilesDir ?? options.env['DBT_PROFILES_DIR'];
  if (given) {
    const path = join(resolve(given), 'profiles.yml');
    if (existsSync(path) || options.connectionUrl) return existsSync(path) ? path : undefined;
    throw new MillraceError('SQL_PROFILE_INVALID', `there is no profiles.yml in ${resolve(given)}`);
  }
  const folders = options.connectionUrl
    ? [options.projectDir]
    : [process.cwd(), options.projectDir, join(homedir(), '.dbt')];
  return folders.map((folder) => join(folder, 'profiles.yml')).find((path) => existsSync(path));
}

function targetOfOutput(
  options: ProfileOptions,
  profileName: string,
  name: string,
  output: JsonObject,
  path: string,
): Target {
  const type = output['type'];
  const fail = (message: string, hint?: string): never => {
    throw new MillraceError('SQL_PROFILE_INVALID', `${path}: target "${name}": ${message}`, hint ? { hint } : {});
  };
  const threads = options.threads ?? Number(output['threads'] ?? 1);
  if (!Number.isInteger(threads) || threads < 1)
    fail(`"threads" must be a whole number above 0; got ${describe(output['threads'])}`);
  if (type === 'postgres') {
    const database = output['dbname'] ?? output['database'];
    for (const key of ['host', 'user', 'schema']) if (typeof output[key] !== 'string') fail(`"${key}" is missing`);
    if (typeof database !== 'string') fail('"dbname" is missing');
    return {
      profileName,
      name,
      type,
      database: String(database),
      schema: String(output['schema']),
      threads,
      fields: output,
      url: null,
    };
  }
  if (type === 'duckdb') {
    const file = String(output['path'] ?? ':memory:');
    const database = String(output['database'] ?? duckdbDatabase(file));
    return {
      profileName,
      name,
      type,
      database,
      schema: String(output['schema'] ?? 'main'),
      threads,
      fields: { ...output, path: file },
      url: null,
    };
  }
  return fail(`the type ${describe(type)} is not supported`, 'Millrace runs projects on postgres and duckdb.');
}

function targetOfUrl(options: ProfileOptions, profileName: string, name: string, output: JsonObject): Target {
  const url = options.connectionUrl as string;
  const threads = options.threads ?? Number(output['threads'] ?? 4);
  if (isDuckdbUrl(url)) {
    const file = duckdbPath(url);
    const schema = String(output['schema'] ?? 'main');
    return {
      profileName,
      name,
      type: 'duckdb',
      database: duckdbDatabase(file),
      schema,
      threads,
      fields: { path: file },
      url,
    };
  }
  if (!URL.canParse(url)) throw new MillraceError('SQL_PROFILE_INVALID', 'the connection URL cannot be read');
  const parsed = new URL(url);
  const fields: JsonObject = {
    host: parsed.hostname,
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username),
  };
  const database = decodeURIComponent(parsed.pathname.slice(1)) || 'postgres';
  const schema = String(output['schema'] ?? 'public');
  return { profileName, name, type: 'postgres', database, schema, threads, fields, url };
}

/** `duckdb:path`, `duckdb://path` or MotherDuck's `md:database`. */
export function isDuckdbUrl(url: string): boolean {
  return /^(duckdb:|md:)/.test(url);
}

/** What DuckDB itself opens: a file, `:memory:`, `md:database`. */
export function duckdbPath(url: string): string {
  return url.replace(/^duckdb:(\/\/)?/, '');
}

/** The catalog that DuckDB attaches a path as. */
export function duckdbDatabase(file: string): string {
  if (file === ':memory:' || file === '') return 'memory';
  if (file.startsWith('md:')) return file.slice(3).split('?')[0] || 'my_db';
  return basename(file, extname(file));
}
