import { join } from 'node:path';
import pg from 'pg';
import type { Settings } from '../kernel/config.js';
import type { Log } from '../kernel/log.js';
import type { Clock, Instant } from '../kernel/time.js';
import type { CdcSettings, CdcStatusMessage } from '../sources/cdc/process.js';
import type { CdcStatus } from '../sources/cdc/status.js';
import type { ChildReport } from '../sources/child-process.js';
import { bankTables, ensureBankSchema } from '../sources/generators/bank/schema.js';
import type { GeneratorRoundMessage, GeneratorSettings } from '../sources/generators/process.js';
import { startEntry } from './child-process.js';
import { keepBounded } from './databases.js';
import type { Home } from './home.js';
import type { ObjectStoreAddress } from './object-store-address.js';
import type { Supervisor } from './supervisor.js';

export interface GeneratorStatus {
  running: boolean;
  roundsTotal: number;
  lastRoundAt: Instant | null;
  error: string | null;
}

/** The children that make change events, and what they say of themselves. */
export interface Sources {
  cdc(): CdcStatus | null;
  generator(): GeneratorStatus | null;
}

export interface SourcesOptions {
  settings: Settings;
  home: Home;
  sourceUrl: string;
  objectStore: ObjectStoreAddress;
  /** Whether data is generated all the time. */
  generate: boolean;
  onCdcStatus(status: CdcStatus): void;
  supervisor: Supervisor;
  clock: Clock;
  log: Log;
}

/** Longer than the child itself takes at most to store what it holds. */
const cdcGraceMs = 28_000;
const generatorGraceMs = 12_000;

/** Starts change data capture of the bank, and the generator when it is wanted. */
export async function startSources(options: SourcesOptions): Promise<Sources> {
  const { supervisor, generate } = options;
  // Capture refuses to begin while a table is missing.
  await prepareBank(options.sourceUrl);
  let cdc: CdcStatus | null = null;
  let generator: GeneratorStatus | null = null;
  await supervisor.add('cdc', () =>
    startSource('cdc', cdcSettings(options), cdcGraceMs, options, (message: CdcStatusMessage) => {
      cdc = message.status;
      options.onCdcStatus(cdc);
    }),
  );
  if (generate) {
    generator = { running: true, roundsTotal: 0, lastRoundAt: null, error: null };
    const status = generator;
    await supervisor.add('generator', () =>
      startSource(
        'generator',
        generatorSettings(options),
        generatorGraceMs,
        options,
        (message: GeneratorRoundMessage) => {
          status.roundsTotal += 1;
          status.lastRoundAt = message.at;
          status.error = null;
        },
      ),
    );
  }
  return { cdc: () => cdc, generator: () => generator && { ...generator, ...stateOf(supervisor, 'generator') } };
}

async function prepareBank(sourceUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: sourceUrl, max: 1, application_name: 'millrace' });
  try {
    await ensureBankSchema(pool);
  } finally {
    await pool.end();
  }
}

/** One of the children of `sources/`: they are started by one message and report in messages with a `type`. */
async function startSource<Message extends { type: string }>(
  entry: 'cdc' | 'generator',
  settings: CdcSettings | GeneratorSettings,
  graceMs: number,
  { home, clock, log }: SourcesOptions,
  onMessage: (message: Message) => void,
) {
  const logPath = join(home.logFolder, `${entry}.log`);
  keepBounded(logPath);
  const ownLog = log.child(entry);
  let failure: string | undefined;
  const child = await startEntry({
    entry,
    env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC' },
    hello: { type: 'start', settings },
    onMessage: (raw) => {
      const message = raw as Message | ChildReport | { type: 'end' };
      if (message.type === 'warning') ownLog.warn((message as { message: string }).message);
      else if (message.type === 'failed') failure = (message as { message: string }).message;
      else if (message.type !== 'end') onMessage(message as Message);
    },
    logPath,
    graceMs,
    clock,
  });
  return { ...child, ended: child.ended.then((reason) => failure ?? reason) };
}

function cdcSettings({ settings, home, sourceUrl, objectStore }: SourcesOptions): CdcSettings {
  return {
    sourceUrl,
    slot: settings.CDC_SLOT,
    publication: settings.CDC_PUBLICATION,
    tables: [...bankTables],
    stateFolder: home.cdcFolder,
    rotation: {
      rows: settings.CDC_ROTATE_ROWS,
      bytes: settings.CDC_ROTATE_BYTES,
      ageMs: settings.CDC_ROTATE_SECONDS * 1_000,
    },
    gzip: settings.CDC_GZIP,
    store: objectStore,
  };
}

function generatorSettings({ settings, sourceUrl }: SourcesOptions): GeneratorSettings {
  return { sourceUrl, intervalMs: settings.GENERATE_INTERVAL_SECONDS * 1_000 };
}

function stateOf(supervisor: Supervisor, name: string): { running: boolean; error?: string | null } {
  const part = supervisor.statuses().find((status) => status.name === name);
  if (part?.state === 'running') return { running: true };
  return { running: false, error: part?.lastEnd ?? null };
}
