import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeHome, postgresFolders } from '../../cli/home.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../connectors/embedded-postgres.js';
import { endProcess, isProcessAlive } from '../../connectors/process-life.js';
import { silentLog } from '../../kernel/log.js';
import { systemClock } from '../../kernel/time.js';

/** A parent that only root may enter, as a clone under /root is. */
let parent: string;
let started: EmbeddedPostgres[] = [];
let stagedFolder: string;
const stagedFolders = new Set<string>();

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'millrace-embedded-'));
  chmodSync(parent, 0o700);
  symlinkSync(join(process.cwd(), 'node_modules'), join(parent, 'node_modules'));
});

afterAll(async () => {
  for (const { pid } of started) await endProcess(pid, { signal: 'SIGQUIT', graceMs: 5_000, clock: systemClock });
  started = [];
  rmSync(parent, { recursive: true, force: true });
  for (const folder of stagedFolders) rmSync(folder, { recursive: true, force: true });
});

async function start(name = 'home', change: { port?: number; portMayMove?: boolean } = {}): Promise<EmbeddedPostgres> {
  const home = makeHome(join(parent, name));
  const folders = postgresFolders(home);
  stagedFolder = realpathSync(folders.folder);
  stagedFolders.add(stagedFolder);
  const server = await startEmbeddedPostgres({
    ...folders,
    port: 0,
    portMayMove: true,
    password: 'a password with spaces & signs',
    databases: ['bank', 'warehouse'],
    logPath: join(home.logFolder, 'postgres.log'),
    clock: systemClock,
    log: silentLog,
    ...change,
  });
  started.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

it('is initialised on the first start, in a folder that others cannot enter, and keeps its data over a stop', async () => {
  const first = await start();
  expect(first.initialisedMs).toBeGreaterThan(0);
  expect(await ask(first.url('bank'), `select current_setting('wal_level') as level`)).toEqual([{ level: 'logical' }]);
  await ask(first.url('warehouse'), 'create table kept as select 42 as answer');
  await first.stop();
  expect(isProcessAlive(first.pid)).toBe(false);

  const second = await start();
  expect(second.initialisedMs).toBeNull();
  expect(second.adopted).toBe(false);
  expect(await ask(second.url('warehouse'), 'select answer from kept')).toEqual([{ answer: 42 }]);
  await second.stop();
});

it('takes no connection without the password, and its files are closed to others', async () => {
  const server = await start();
  const wrong = server.url('bank').replace(/:[^:@]+@/, ':wrong@');
  await expect(ask(wrong, 'select 1')).rejects.toThrow(/password authentication failed/);
  expect(statSync(join(stagedFolder, 'data')).mode & 0o077).toBe(0);
  await server.stop();
});

it('is adopted when the process that started it was killed', async () => {
  const script = join(parent, 'starter.mjs');
  await build({
    stdin: {
      contents: `
        import { startEmbeddedPostgres } from './connectors/embedded-postgres.js';
        import { makeHome, postgresFolders } from './cli/home.js';
        import { silentLog } from './kernel/log.js';
        import { systemClock } from './kernel/time.js';
        const home = makeHome(${JSON.stringify(join(parent, 'home'))});
        const server = await startEmbeddedPostgres({ ...postgresFolders(home), port: 0, portMayMove: true,
          password: 'a password with spaces & signs', databases: [], logPath: home.logFolder + '/postgres.log',
          clock: systemClock, log: silentLog });
        console.log(server.pid);
        setInterval(() => {}, 1000);`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: script,
  });
  const starter: ChildProcess = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(starter.stdout as NodeJS.ReadableStream, 'data');
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  const left = Number(String(line));
  expect(isProcessAlive(left)).toBe(true);

  const adopted = await start();
  expect(adopted).toMatchObject({ adopted: true, pid: left });
  expect(await ask(adopted.url('warehouse'), 'select answer from kept')).toEqual([{ answer: 42 }]);

  process.kill(left, 'SIGKILL');
  expect(await adopted.ended).toMatch(/gone/);
  const next = await start('home', { port: adopted.port, portMayMove: false });
  expect(next.adopted).toBe(false);
  expect(await ask(next.url('warehouse'), 'select answer from kept')).toEqual([{ answer: 42 }]);
  await next.stop();
});

it('takes the next free port when its own is in use, and says so clearly when it may not', async () => {
  const first = await start('one');
  const second = await start('two', { port: first.port });
  expect(second.port).toBeGreaterThan(first.port);
  await second.stop();
  await expect(start('two', { port: first.port, portMayMove: false })).rejects.toMatchObject({
    code: 'POSTGRES_UNAVAILABLE',
    message: expect.stringContaining('did not start'),
  });
  await first.stop();
});

it('starts where a crash left a pid file with the number of another process', async () => {
  const before = await start('one');
  await before.stop();
  writeFileSync(
    join(stagedFolder, 'data', 'postmaster.pid'),
    `${process.pid}\n${stagedFolder}/data\n0\n${before.port}\n`,
  );
  const after = await start('one');
  expect(after.adopted).toBe(false);
  await after.stop();
});
