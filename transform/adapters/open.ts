import type { ClientConfig } from 'pg';
import { MillraceError } from '../../kernel/errors.js';
import type { Target } from '../project/profile.js';
import type { Adapter } from './adapter.js';
import { openPostgresAdapter } from './postgres.js';

/** Opens the warehouse of a project's target, or of a URL. Sessions are made when first used; close it when done. */
export async function openAdapter(source: { target: Target } | { url: string; threads: number }): Promise<Adapter> {
  if ('url' in source) return openUrl(source.url, source.threads, source.url);
  const { target } = source;
  if (target.url !== null) return openUrl(target.url, target.threads, target.url);
  if (target.type === 'duckdb')
    return openUrl(String(target.fields['path']), target.threads, `duckdb:${String(target.fields['path'])}`);
  return openPostgresAdapter({
    connection: connectionOf(target),
    threads: target.threads,
    role: text(target.fields['role']),
    searchPath: text(target.fields['search_path']),
  });
}

async function openUrl(url: string, threads: number, spelled: string): Promise<Adapter> {
  if (/^(duckdb:|md:)/.test(spelled)) throw new MillraceError('SQL_PROFILE_INVALID', `${url}: DuckDB is not wired yet`);
  return openPostgresAdapter({ connection: { connectionString: url }, threads });
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
