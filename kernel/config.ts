import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { MillraceError } from './errors.js';

/**
 * Every setting, its variable, its default. Parsed once, in `cli/`; the rest of the program gets what it needs of it.
 * `.env.example` and docs/settings.md list the same names (a test holds them together).
 */
const booleanText = z
  .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'])
  .transform((text) => ['true', '1', 'yes', 'on'].includes(text));
const port = z.coerce.number().int().min(0).max(65_535);
const count = z.coerce.number().int().min(1);
const days = z.coerce.number().min(0);
const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
const postgresUrl = url('postgres:', 'postgresql:').optional();
const noWarehouse = z.literal('none').transform(() => null);

const settings = z.object({
  /** The folder of everything that Millrace writes. */
  MILLRACE_HOME: z
    .string()
    .default('.millrace')
    .transform((path) => resolve(path)),
  MILLRACE_HOST: z.string().default('127.0.0.1'),
  MILLRACE_PORT: port.default(8080),
  /** Folders with DAG files, separated by `:`. */
  MILLRACE_DAGS: z.string().optional(),
  /** Folder with dashboards (Markdown with SQL). */
  MILLRACE_DASHBOARDS: z.string().optional(),
  MILLRACE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** How many attempts run at the same time. */
  MILLRACE_PARALLELISM: count.default(Math.max(2, availableParallelism())),
  /** Old-space limit of an attempt's process, MiB. */
  MILLRACE_TASK_MEMORY_MB: count.default(512),
  /** Port of the embedded PostgreSQL; the next free one is taken when it is in use. */
  MILLRACE_PG_PORT: port.default(54_329),
  /** How long a stop waits for running attempts, seconds. */
  MILLRACE_DRAIN_SECONDS: z.coerce.number().min(0).default(30),
  MILLRACE_SECRET_KEY: z.string().min(32).optional(),
  /** The base of links in e-mails; http://localhost:<port> when unset. */
  MILLRACE_BASE_URL: url('http:', 'https:').optional(),
  /** The warehouse; the embedded PostgreSQL when unset; `none` (read as null): there is none. */
  WAREHOUSE_URL: noWarehouse.or(postgresUrl),
  /** The database whose changes are captured; the embedded PostgreSQL when unset. */
  SOURCE_URL: postgresUrl,
  /** Where change events land: file:///folder, or s3://bucket?endpoint=https://host&region=…; a folder in MILLRACE_HOME when unset. */
  OBJECT_STORE_URL: url('file:', 's3:').optional(),
  OBJECT_STORE_ACCESS_KEY: z.string().optional(),
  OBJECT_STORE_SECRET_KEY: z.string().optional(),
  /** smtp://user:password@host:port; e-mails stay in the outbox when unset. */
  SMTP_URL: url('smtp:', 'smtps:').optional(),
  MAIL_FROM: z.string().default('Millrace <millrace@localhost>'),
  /** Addresses that reports go to, separated by commas. */
  MAIL_TO: z.string().default('data-team@localhost'),
  LOAD_REPORT: z.enum(['changes', 'always']).default('changes'),
  /** Cron of MinIO_S3_to_Warehouse. */
  LOAD_SCHEDULE: z.string().default('*/5 * * * *'),
  GENERATE_INTERVAL_SECONDS: z.coerce.number().positive().default(30),
  CDC_SLOT: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/)
    .default('millrace_bank'),
  CDC_PUBLICATION: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/)
    .default('millrace_bank'),
  CDC_ROTATE_ROWS: count.default(100_000),
  CDC_ROTATE_BYTES: count.default(64 * 1024 * 1024),
  CDC_ROTATE_SECONDS: z.coerce.number().positive().default(5),
  CDC_GZIP: booleanText.default(true),
  /** Days after which what is no longer needed goes; 0 = never. */
  RETENTION_OBJECTS_DAYS: days.default(0),
  RETENTION_RAW_DAYS: days.default(0),
  RETENTION_LOGS_DAYS: days.default(30),
  RETENTION_RUNS_DAYS: days.default(0),
});

export type Settings = z.infer<typeof settings>;

/** Names of all settings, in the order of their declaration. */
export const settingNames = Object.keys(settings.shape) as (keyof Settings)[];

/** The settings that must never be printed. */
export const secretSettings: ReadonlySet<keyof Settings> = new Set([
  'MILLRACE_SECRET_KEY',
  'OBJECT_STORE_ACCESS_KEY',
  'OBJECT_STORE_SECRET_KEY',
  'WAREHOUSE_URL',
  'SOURCE_URL',
  'SMTP_URL',
]);

/** Reads the settings from an environment. Throws CONFIG_INVALID that names every setting that is wrong. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(settingNames.map((name) => [name, env[name] === '' ? undefined : env[name]]));
  const parsed = settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const name = issue.path[0] as keyof Settings;
    const got = secretSettings.has(name) ? '' : ` (got ${JSON.stringify(env[name])})`;
    return `${name}: ${issue.message}${got}`;
  });
  throw new MillraceError('CONFIG_INVALID', faults.join('; '), { hint: 'docs/settings.md lists every setting.' });
}
