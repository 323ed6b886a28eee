import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../kernel/config.js';
import { packageRoot } from '../../kernel/paths.js';
import { systemClock } from '../../kernel/time.js';
import { demoReport } from '../demo/demo-report.js';
import { openProgress } from '../demo/progress.js';
import { type DemoResult, runDemo } from '../demo/run-demo.js';
import { lockHome, makeHome } from '../home.js';
import { objectStoreAddress } from '../object-store-address.js';
import { openServerLog } from '../open-log.js';
import { startServer } from '../server.js';

export interface DemoArguments {
  customers?: number;
  transactions?: number;
  seed?: number;
  json?: boolean;
}

const defaults = { customers: 50, transactions: 500 };

/** `millrace demo`: one pass of the whole bank in a temporary folder, which is gone afterwards. */
export async function demo(given: DemoArguments): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  const options = { ...defaults, seed: randomInt(2 ** 31), ...given };
  const startedAt = performance.now();
  try {
    const result = await pass(folder, options, given.json === true);
    const seconds = (performance.now() - startedAt) / 1_000;
    if (given.json) process.stdout.write(`${JSON.stringify({ ...result, ...options, seconds }, null, 2)}\n`);
    else process.stdout.write(`\n${demoReport(result)}\n${verdict(result, seconds, options.seed)}\n`);
    if (!result.ok) process.exitCode = 1;
  } finally {
    removeHome(folder);
  }
}

async function pass(folder: string, options: Parameters<typeof runDemo>[1], silent: boolean): Promise<DemoResult> {
  const home = makeHome(join(folder, 'data'));
  const lock = lockHome(home);
  const { log, close } = openServerLog(home, 'warn', systemClock);
  const progress = openProgress(process.stdout, silent);
  progress.step('Starting PostgreSQL, change data capture, the scheduler');
  const settings = demoSettings(home.folder);
  const server = await startServer({
    settings,
    home,
    examples: true,
    live: false,
    clock: systemClock,
    log,
  });
  const stopEarly = () => void server.stop(0).finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopEarly);
  try {
    const lake = { address: objectStoreAddress(settings, home), slotName: settings.CDC_SLOT };
    return await runDemo(server, options, lake, progress, systemClock);
  } finally {
    await server.stop(0);
    close();
    lock.release();
  }
}

/** Nothing of the surroundings: the demo touches no system but its own. */
function demoSettings(home: string) {
  const { MILLRACE_PARALLELISM, MILLRACE_TASK_MEMORY_MB } = process.env;
  return readSettings({
    MILLRACE_PARALLELISM,
    MILLRACE_TASK_MEMORY_MB,
    MILLRACE_HOME: home,
    MILLRACE_PORT: '0',
    MILLRACE_PG_PORT: '0',
    MILLRACE_DAGS: join(packageRoot, 'dags'),
    CDC_ROTATE_SECONDS: '1',
    // A day that seldom comes: the demo asks for its runs itself.
    LOAD_SCHEDULE: '0 0 29 2 *',
  });
}

function verdict(result: DemoResult, seconds: number, seed: number): string {
  const { reached, waitingFor, differencesTotal, position } = result.reconciliation;
  const compared = reached
    ? `${differencesTotal === 0 ? 'no difference' : `${differencesTotal} differences`} between source and warehouse at ${position}`
    : `source and warehouse could not be compared: ${waitingFor}`;
  const what = `${result.events.toLocaleString('en-US')} change events in ${result.objects} objects`;
  const end = result.ok ? 'Everything succeeded' : 'Something failed: see the states above';
  return `${end}: ${what}, ${compared}, ${seconds.toFixed(1)} s (seed ${seed}).`;
}

/** The database may lie outside the folder, with a link to it (see `postgresFolders`). */
function removeHome(folder: string): void {
  const postgres = join(folder, 'data', 'postgres');
  if (existsSync(postgres)) rmSync(realpathSync(postgres), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
