import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { endProcess, isProcessAlive } from '../../connectors/process-life.js';
import { systemClock } from '../../kernel/time.js';
import { runMillrace } from '../support/run-millrace.js';

/** Whole programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 180_000 });

let parent: string;

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'millrace-standalone-'));
});

afterAll(async () => {
  for (const name of readdirSync(parent)) await endPostmaster(join(parent, name));
  rmSync(parent, { recursive: true, force: true });
});

/** What a killed server leaves running on purpose. */
async function endPostmaster(home: string): Promise<void> {
  const pid = postmasterOf(home);
  if (pid !== undefined) await endProcess(pid, { signal: 'SIGQUIT', graceMs: 5_000, clock: systemClock });
  if (statSync(join(home, 'postgres'), { throwIfNoEntry: false })) {
    rmSync(realpathSync(join(home, 'postgres')), { recursive: true, force: true });
  }
}

function postmasterOf(home: string): number | undefined {
  const file = join(home, 'postgres', 'data', 'postmaster.pid');
  return statSync(file, { throwIfNoEntry: false }) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}

const home = (name: string) => join(parent, name);

it('starts, says what runs where, stops on SIGTERM with exit code 0, and leaves nothing running', async () => {
  const server = runMillrace(['standalone'], { MILLRACE_HOME: home('one') });
  await server.says(/ready in [\d,]+ ms/);
  expect(server.output()).toMatch(/Log in +http:\/\/localhost:\d+\/login\?token=\S+/);
  expect(server.output()).toMatch(/Web UI +http:\/\/localhost:\d+/);
  expect(server.output()).toMatch(/Warehouse +postgresql:\/\/millrace@127\.0\.0\.1:\d+\/warehouse/);
  const postmaster = postmasterOf(home('one')) as number;
  expect(isProcessAlive(postmaster)).toBe(true);
  server.process.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(isProcessAlive(postmaster)).toBe(false);
});

it('keeps what it writes from other accounts', async () => {
  const open = readdirSync(home('one')).filter((name) => statSync(join(home('one'), name)).mode & 0o077);
  expect(open).toEqual([]);
  expect(statSync(home('one')).mode & 0o066).toBe(0);
});

it('brings the first data into the warehouse without a click, and says so to the commands', async () => {
  const env = { MILLRACE_HOME: home('first'), CDC_ROTATE_SECONDS: '1', LOAD_SCHEDULE: '0 0 29 2 *' };
  const server = runMillrace(['standalone'], env);
  await server.says(/The first objects have landed/);
  const wait = runMillrace(['dags', 'trigger', 'MinIO_S3_to_Warehouse', '--wait'], env);
  expect([await wait.ended, wait.output()]).toEqual([
    0,
    expect.stringMatching(/MinIO_S3_to_Warehouse manual__\S+: success\n$/),
  ]);
  const runs = runMillrace(['dags', 'runs', 'MinIO_S3_to_Warehouse', '--json'], env);
  expect(await runs.ended).toBe(0);
  expect(JSON.parse(runs.output())).toContainEqual(
    expect.objectContaining({ run_id: 'manual__first_load', state: 'success' }),
  );
  const ledger = runMillrace(['ledger', 'list', '--json'], env);
  expect(await ledger.ended).toBe(0);
  expect(JSON.parse(ledger.output())).not.toEqual([]);
  const log = runMillrace(['logs', 'MinIO_S3_to_Warehouse', 'list_new_files', '--run', 'manual__first_load'], env);
  expect(await log.ended).toBe(0);
  expect(log.output()).toMatch(/objects listed/);
  server.process.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

it('recovers by itself after kill -9: the database that was left running is adopted', async () => {
  const killed = runMillrace(['standalone'], { MILLRACE_HOME: home('one') });
  await killed.says(/ready in/);
  const postmaster = postmasterOf(home('one')) as number;
  killed.process.kill('SIGKILL');
  expect(await killed.ended).toBe('SIGKILL');
  expect(isProcessAlive(postmaster)).toBe(true);

  const next = runMillrace(['standalone'], { MILLRACE_HOME: home('one') });
  await next.says(/ready in/);
  expect(postmasterOf(home('one'))).toBe(postmaster);
  next.process.kill('SIGINT');
  expect(await next.ended).toBe(0);
  expect(isProcessAlive(postmaster)).toBe(false);
});

it('runs without a warehouse: no PostgreSQL, and what would need it says so', async () => {
  const env = { MILLRACE_HOME: home('none'), WAREHOUSE_URL: 'none' };
  const server = runMillrace(['standalone', '--no-examples'], env);
  await server.says(/ready in/);
  expect(server.output()).toMatch(/Warehouse +none\n/);
  expect(readdirSync(home('none'))).not.toContain('postgres');
  for (const given of [env, { MILLRACE_HOME: env.MILLRACE_HOME }]) {
    const url = runMillrace(['url'], given);
    expect([await url.ended, url.output()]).toEqual([1, expect.stringContaining('[WAREHOUSE_MISSING]')]);
  }
  server.process.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

it('refuses the example bank without a warehouse', async () => {
  const server = runMillrace(['standalone'], { MILLRACE_HOME: home('none'), WAREHOUSE_URL: 'none' });
  expect([await server.ended, server.output()]).toEqual([
    1,
    expect.stringMatching(/--no-examples.*\[CONFIG_INVALID\]/s),
  ]);
});

it('stops in order when it is told to while it starts', async () => {
  const server = runMillrace(['standalone'], { MILLRACE_HOME: home('early') });
  await expect.poll(() => postmasterOf(home('early')), { interval: 5, timeout: 60_000 }).toBeDefined();
  const postmaster = postmasterOf(home('early')) as number;
  server.process.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(isProcessAlive(postmaster)).toBe(false);
});

it('starts its database again when that is killed', async () => {
  const server = runMillrace(['standalone'], { MILLRACE_HOME: home('one') });
  await server.says(/ready in/);
  const postmaster = postmasterOf(home('one')) as number;
  process.kill(postmaster, 'SIGKILL');
  await server.says(/postgres ended and is started again/);
  await server.says(/postgres runs again/);
  expect(postmasterOf(home('one'))).not.toBe(postmaster);
  server.process.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

it('refuses a data folder that another server uses, and does not disturb it', async () => {
  const first = runMillrace(['standalone'], { MILLRACE_HOME: home('two') });
  await first.says(/ready in/);
  const second = runMillrace(['standalone'], { MILLRACE_HOME: home('two') });
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    /^millrace: Another Millrace \(process \d+, http.*\) uses the data folder .*\[HOME_LOCKED\]\n$/,
  );
  first.process.kill('SIGTERM');
  expect(await first.ended).toBe(0);
});

it('says in one line that the port is in use, and leaves nothing behind', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const server = runMillrace(['standalone'], { MILLRACE_HOME: home('three'), MILLRACE_PORT: String(port) });
  expect(await server.ended).toBe(1);
  expect(server.output()).toBe(
    `millrace: Port ${port} of 127.0.0.1 is in use. Set MILLRACE_PORT to a free one (0 takes any). [PORT_IN_USE]\n`,
  );
  expect(postmasterOf(home('three'))).toBeUndefined();
  other.close();
});

it.each([
  ['a wrong setting', { MILLRACE_PORT: 'eighty' }, /^millrace: MILLRACE_PORT: .*\[CONFIG_INVALID\]\n$/],
  [
    'a URL of another kind',
    { WAREHOUSE_URL: 'mysql://localhost/x' },
    /^millrace: WAREHOUSE_URL: must be a URL that begins with postgres.*\[CONFIG_INVALID\]\n$/,
  ],
  [
    'a server that is not there',
    { WAREHOUSE_URL: 'postgresql://user:hidden@127.0.0.1:1/db' },
    /^millrace: WAREHOUSE_URL \(127\.0\.0\.1:1\/db\) cannot be used: .*ECONNREFUSED.*\[POSTGRES_UNAVAILABLE\]\n$/,
  ],
  [
    'an address of another machine',
    { MILLRACE_HOST: '192.0.2.1' },
    /^millrace: MILLRACE_HOST 192\.0\.2\.1 is no address/,
  ],
])('says in one line that there is %s, with exit code 1', async (_what, env, line) => {
  const server = runMillrace(['standalone'], { MILLRACE_HOME: home('four'), ...env });
  expect(await server.ended).toBe(1);
  expect(server.output()).toMatch(line);
  expect(server.output()).not.toContain('hidden');
});

it('refuses a data folder that cannot be written, or holds other things', async () => {
  writeFileSync(home('file'), '');
  const unwritable = runMillrace(['standalone'], { MILLRACE_HOME: join(home('file'), 'home') });
  expect(await unwritable.ended).toBe(1);
  expect(unwritable.output()).toMatch(/^millrace: The data folder .* cannot be written\. .*\[HOME_UNWRITABLE\]\n$/);
  rmSync(home('file'));

  if (process.platform === 'linux') {
    const nowhere = runMillrace(['standalone'], { MILLRACE_HOME: '/proc/millrace/home' });
    expect(await nowhere.ended).toBe(1);
    expect(nowhere.output()).toMatch(/^millrace: The data folder \/proc\/millrace\/home cannot be written\. .*\n$/);
  }

  mkdirSync(home('photos'));
  writeFileSync(join(home('photos'), 'holiday.jpg'), '');
  const foreign = runMillrace(['standalone'], { MILLRACE_HOME: home('photos') });
  expect(await foreign.ended).toBe(1);
  expect(foreign.output()).toMatch(/holds other things \(holiday\.jpg/);
  expect(readdirSync(home('photos'))).toEqual(['holiday.jpg']);
});
