import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../connectors/embedded-postgres.js';
import type { Settings } from '../kernel/config.js';
import { describeError, MillraceError } from '../kernel/errors.js';
import { type Log, logFileBytesMax } from '../kernel/log.js';
import type { Clock } from '../kernel/time.js';
import { type Home, homeSecret, postgresFolders, postgresPasswordFile } from './home.js';
import type { Supervisor } from './supervisor.js';

/** The databases that the pipelines work on. */
export interface Databases {
  /** null when there is none: WAREHOUSE_URL is `none`. */
  warehouseUrl: string | null;
  /** null when there is none: no SOURCE_URL, and the examples are off. */
  sourceUrl: string | null;
  /** The server that we run for those whose URL is not set; null when all are. */
  embedded: EmbeddedPostgres | null;
}

/** Starts the embedded PostgreSQL where a URL is missing, and tries the URLs that are set. */
export async function openDatabases(options: {
  settings: Pick<Settings, 'WAREHOUSE_URL' | 'SOURCE_URL' | 'MILLRACE_PG_PORT'>;
  examples: boolean;
  home: Home;
  supervisor: Supervisor;
  clock: Clock;
  log: Log;
}): Promise<Databases> {
  const { settings, examples } = options;
  if (settings.WAREHOUSE_URL === null && examples) {
    throw new MillraceError('CONFIG_INVALID', 'WAREHOUSE_URL is none, and the example bank needs a warehouse.', {
      hint: 'Start with --no-examples, or leave WAREHOUSE_URL unset.',
    });
  }
  const wanted = [
    ...(settings.WAREHOUSE_URL === undefined ? ['warehouse'] : []),
    ...(settings.SOURCE_URL === undefined && examples ? ['bank'] : []),
  ];
  const [embedded] = await Promise.all([
    wanted.length === 0 ? null : startSupervised(wanted, options),
    tryUrl('WAREHOUSE_URL', settings.WAREHOUSE_URL),
    tryUrl('SOURCE_URL', settings.SOURCE_URL),
  ]);
  return {
    warehouseUrl:
      settings.WAREHOUSE_URL === undefined ? (embedded as EmbeddedPostgres).url('warehouse') : settings.WAREHOUSE_URL,
    sourceUrl: settings.SOURCE_URL ?? (examples ? (embedded as EmbeddedPostgres).url('bank') : null),
    embedded,
  };
}

/** Its port may move at the first start only: later, others hold its URL. */
async function startSupervised(
  databases: string[],
  options: Parameters<typeof openDatabases>[0],
): Promise<EmbeddedPostgres> {
  const { home, settings, supervisor, clock, log } = options;
  const logPath = join(home.logFolder, 'postgres.log');
  let port: number | undefined;
  return supervisor.add('postgres', async () => {
    keepBounded(logPath);
    const server = await startEmbeddedPostgres({
      ...postgresFolders(home),
      port: port ?? settings.MILLRACE_PG_PORT,
      portMayMove: port === undefined,
      password: homeSecret(home, postgresPasswordFile),
      databases,
      logPath,
      clock,
      log,
    });
    port = server.port;
    return server;
  });
}

/** PostgreSQL holds its log open: it is moved aside between two runs. */
export function keepBounded(logPath: string): void {
  if (existsSync(logPath) && statSync(logPath).size > logFileBytesMax) renameSync(logPath, `${logPath}.1`);
}

const connectMsMax = 5_000;

async function tryUrl(setting: string, url: string | null | undefined): Promise<void> {
  if (typeof url !== 'string') return;
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMsMax });
  client.on('error', () => {}); // Reported by the call below.
  try {
    await client.connect();
    await client.query('select 1');
  } catch (thrown) {
    const { hostname, port, pathname } = new URL(url);
    throw new MillraceError(
      'POSTGRES_UNAVAILABLE',
      `${setting} (${hostname}:${port || 5432}${pathname}) cannot be used: ${describeError(thrown)}.`,
      { hint: 'Is the server running, and are user, password and database right?' },
    );
  } finally {
    await client.end().catch(() => {}); // It may never have opened.
  }
}
