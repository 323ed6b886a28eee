import type { ClientConfig } from 'pg';
import type { JsonObject } from '../../kernel/json.js';
import { duckdbDatabase, duckdbPath, isDuckdbUrl, type Target } from '../project/profile.js';
import type { Adapter } from './adapter.js';
import type { DuckdbSettings } from './duckdb.js';
import type { PostgresSettings } from './postgres.js';

/** Opens the warehouse of a project's target, or of a URL. Sessions are made when first used; close it when done. */
export async function openAdapter(
  source: { target: Target; root?: { dir: string } } | { url: string; threads: number },
): Promise<Adapter> {
  if ('url' in source) return openUrl(source.url, source.threads);
  const { target } = source;
  if (target.type === 'duckdb') return openDuckdb(duckdbSettings(target, source.root?.dir));
  if (target.url !== null) return openUrl(target.url, target.threads);
  return openPostgres({
    connection: connectionOf(target),
    threads: target.threads,
    role: text(target.fields['role']),
    searchPath: text(target.fields['search_path']),
  });
}

function openUrl(url: string, threads: number): Promise<Adapter> {
  if (isDuckdbUrl(url)) {
    const path = duckdbPath(url);
    return openDuckdb({ path, database: duckdbDatabase(path), threads });
  }
  return openPostgres({ connection: { connectionString: url }, threads });
}

/** Each driver is loaded by those who use it: a command's start is felt. */
async function openDuckdb(settings: DuckdbSettings): Promise<Adapter> {
  return (await import('./duckdb.js')).openDuckdbAdapter(settings);
}

async function openPostgres(settings: PostgresSettings): Promise<Adapter> {
  return (await import('./postgres.js')).openPostgresAdapter(settings);
}

/** dbt-duckdb's keys: path, extensions, settings, attach. */
function duckdbSettings({ fields, database, threads }: Target, folder: string | undefined): DuckdbSettings {
  const names = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  const settings = Object.entries((fields['settings'] ?? {}) as JsonObject).map(([key, value]) => [key, String(value)]);
  const attach = (Array.isArray(fields['attach']) ? fields['attach'] : []) as JsonObject[];
  return {
    path: String(fields['path']),
    database,
    threads,
    ...(folder === undefined ? {} : { folder }),
    extensions: names(fields['extensions']),
    settings: Object.fromEntries(settings),
    attach: attach.map((each) => ({
      path: String(each['path']),
      ...(each['alias'] === undefined ? {} : { alias: String(each['alias']) }),
      readOnly: each['read_only'] === true,
    })),
  };
}

function connectionOf(target: Target): ClientConfig {
  const { fields } = target;
  const sslmode = text(fields['sslmode']);
  return {
    host: String(fields['host']),
    port: Number(fields['port'] ?? 5432),
    user: String(fields['user']),
    password: String(fields['password'] ?? fields['pass'] ?? ''),
    database: target.database,
    ...(fields['connect_timeout'] === undefined
      ? {}
      : { connectionTimeoutMillis: Number(fields['connect_timeout']) * 1000 }),
    ...(sslmode === null || sslmode === 'disable'
      ? {}
      : { ssl: { rejectUnauthorized: sslmode === 'verify-full' || sslmode === 'verify-ca' } }),
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
