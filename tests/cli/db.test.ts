import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeHome } from '../../cli/home.js';
import { packageRoot } from '../../kernel/paths.js';
import { faultsOf } from '../../scheduler/store/damage.js';
import { schemaVersion } from '../../scheduler/store/migrate.js';
import { openSqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { chain, dag } from '../support/dag-builder.js';
import { startHarness } from '../support/scheduler-harness.js';

/** Whole programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-db-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

function millrace(args: string[], home = folder, env: Record<string, string> = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [join(packageRoot, 'cli/bin.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, MILLRACE_HOME: home, ...env },
    encoding: 'utf8',
    input: '',
  });
  return { status, signal, output: stdout + stderr };
}

/** A home with some finished runs, whose server has ended. */
async function usedHome(): Promise<string> {
  const home = join(folder, 'home');
  makeHome(home);
  const harness = await startHarness({ path: join(home, 'millrace.db') });
  const tasks = Array.from({ length: 30 }, (_, at) => ({ taskId: `task_${at}` }));
  await harness.declare(dag({ dagId: 'd', tasks }));
  for (let i = 0; i < 40; i++) await harness.trigger('d', { runId: `manual__${i}` });
  await harness.settled();
  mkdirSync(join(home, 'bundles'), { recursive: true });
  writeFileSync(join(home, 'bundles', 'hash.mjs'), '');
  await harness.scheduler.stop(0);
  await harness.store.close();
  return home;
}

describe('millrace db migrate', () => {
  /** Kills the program at the so-manieth statement of the migrations. */
  const killer = `import Database from 'better-sqlite3';
const exec = Database.prototype.exec;
let left = Number(process.env.KILL_AT);
Database.prototype.exec = function (sql) {
  if (/^\\s*(create|insert|alter|update)/i.test(sql) && --left === 0) process.kill(process.pid, 'SIGKILL');
  return exec.call(this, sql);
};`;

  it('is all or nothing, wherever it is killed', () => {
    const preload = join(packageRoot, 'dist', `killer-${process.pid}.mjs`);
    writeFileSync(preload, killer);
    onTestFinished(() => rmSync(preload, { force: true }));
    const options = { NODE_OPTIONS: `--import=${pathToFileURL(preload).href}` };
    for (const at of [1, 2, 9, 25, 40]) {
      const home = join(folder, `killed-${at}`);
      const killed = millrace(['db', 'migrate'], home, { ...options, KILL_AT: `${at}` });
      expect([at, killed.signal]).toEqual([at, 'SIGKILL']);
      const file = new Database(join(home, 'millrace.db'));
      const tables = file.prepare('select count(*) from sqlite_master').pluck().get();
      expect([file.pragma('user_version', { simple: true }), tables]).toEqual([0, 0]);
      file.close();
      expect(millrace(['db', 'migrate'], home)).toMatchObject({ status: 0 });
      expect(millrace(['db', 'check'], home)).toMatchObject({ status: 0 });
    }
  });

  it('refuses what a newer program has made, and changes nothing', async () => {
    const home = await usedHome();
    const path = join(home, 'millrace.db');
    const file = new Database(path);
    file.pragma(`user_version = ${schemaVersion + 1}`);
    file.close();
    const before = readFileSync(path);
    expect(millrace(['db', 'migrate'], home)).toMatchObject({
      status: 1,
      output: expect.stringMatching(/newer .*STORE_TOO_NEW/),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe('damage of the metadata file', () => {
  it('is refused at the start or found by the check, and points to the backup', async () => {
    const home = await usedHome();
    const path = join(home, 'millrace.db');
    new Database(path).pragma('wal_checkpoint(truncate)');
    const sound = readFileSync(path);
    const pages = sound.length / 4096;
    let found = 0;
    const hits = [20, 100, ...Array.from({ length: 6 }, (_, at) => Math.floor((pages * (at + 1)) / 8) * 4096 + 3)];
    for (const at of hits) {
      const damaged = Buffer.from(sound);
      // The head of a page: what kind it is, how many cells it has, where they begin.
      damaged.fill(0xa5, at, at + 6);
      writeFileSync(path, damaged);
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
      const check = millrace(['db', 'check'], home);
      if (check.status === 0) continue;
      found += 1;
      expect(check.output).toMatch(/STORE_(UNUSABLE|FOREIGN|TOO_NEW)/);
      if (/UNUSABLE/.test(check.output)) expect(check.output).toMatch(/millrace restore/);
    }
    expect(found).toBe(hits.length);
    writeFileSync(
      path,
      'this is no database at all, but a text that is longer than a header of a hundred bytes'.repeat(9),
    );
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE' }));
  });

  it('is none when the -shm file is gone, and a cut -wal loses the last commits and no more', async () => {
    const home = await usedHome();
    const path = join(home, 'millrace.db');
    const writer = new Database(path);
    writer.pragma('wal_autocheckpoint = 0');
    const insert = writer.prepare(`insert into setting (key, value_json, updated_at) values (?, '1', 0)`);
    for (let i = 0; i < 50; i++) insert.run(`k${String(i).padStart(2, '0')}`);
    // As a crash leaves them: nobody has closed the file.
    const copy = join(folder, 'copy.db');
    for (const suffix of ['', '-wal']) writeFileSync(copy + suffix, readFileSync(path + suffix));
    writer.close();
    const keys = () => {
      const store = new Database(copy);
      try {
        expect(faultsOf(store)).toEqual([]);
        return store.prepare(`select key from setting where key like 'k%' order by key`).pluck().all() as string[];
      } finally {
        store.close();
      }
    };
    truncateSync(`${copy}-wal`, Math.floor(statSync(`${copy}-wal`).size / 2));
    const kept = keys();
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(50);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `k${String(i).padStart(2, '0')}`));
  });

  it('of what rows say of each other is found as well', async () => {
    const home = await usedHome();
    expect(millrace(['db', 'check'], home)).toMatchObject({ status: 0, output: expect.stringContaining('is sound') });
    const file = new Database(join(home, 'millrace.db'));
    file.pragma('foreign_keys = off');
    file.exec(
      `update task_instance set state = 'deferred' where id = 1; delete from dag_run where run_id = 'manual__3'`,
    );
    file.exec(`update dag_run set state = 'running', ended_at = null where run_id = 'manual__5'`);
    file.close();
    mkdirSync(join(home, 'logs', 'tasks', 'd', '999'), { recursive: true });
    const references = millrace(['db', 'check'], home);
    expect(references).toMatchObject({ status: 1, output: expect.stringContaining('dag_run that does not exist') });
    const again = new Database(join(home, 'millrace.db'));
    again.exec(`delete from task_instance where dag_run_id not in (select id from dag_run)`);
    again.close();
    rmSync(join(home, 'bundles', 'hash.mjs'));
    const states = millrace(['db', 'check'], home);
    expect(states.status).toBe(1);
    expect(states.output).toMatch(/1 task instances are queued, running or deferred in a run that is over/);
    expect(states.output).toMatch(/1 runs are running and have no task instance that is not over/);
    expect(states.output).toMatch(/1 bundles of DAG files are missing/);
  });
});

describe('millrace db clean', () => {
  it('counts, asks, and deletes what is older and over', async () => {
    const home = await usedHome();
    const logs = join(home, 'logs', 'tasks', 'd', '1');
    mkdirSync(logs, { recursive: true });
    utimesSync(logs, 0, 0);
    const counted = millrace(['db', 'clean', '--before', '2026-06-01', '--dry-run'], home);
    expect(counted).toMatchObject({ status: 0, output: expect.stringMatching(/dag_run +40/) });
    expect(counted.output).toMatch(/task_log +1/);
    expect(millrace(['db', 'clean', '--before', '2026-06-01'], home)).toMatchObject({
      status: 1,
      output: expect.stringContaining('--yes'),
    });
    expect(rows(home, 'dag_run')).toBe(40);
    const events = rows(home, 'event_log');
    const some = millrace(['db', 'clean', '--before', '2026-06-01', '--tables', 'dag_run,task_log', '--yes'], home);
    expect(some).toMatchObject({ status: 0, output: expect.stringContaining('40 dag_run, 1 task_log') });
    expect([rows(home, 'dag_run'), rows(home, 'task_instance'), rows(home, 'event_log')]).toEqual([0, 0, events]);
    expect(millrace(['db', 'clean', '--before', '2025-01-01', '-y'], home).output).toMatch(/nothing to delete/);
    expect(millrace(['db', 'clean', '--before', 'soon'], home)).toMatchObject({ status: 2 });
    expect(millrace(['db', 'clean', '--before', '2026-06-01', '--tables', 'dag'], home)).toMatchObject({ status: 1 });
    millrace(['db', 'clean', '--before', '2026-06-01', '-y'], home);
    expect(rows(home, 'event_log')).toBe(0);
    expect(millrace(['db', 'check'], home)).toMatchObject({ status: 0 });
    // Ids that were given are not given again: a log of an old run never becomes that of a new one.
    const harness = await startHarness({ path: join(home, 'millrace.db') });
    await harness.declare(dag({ dagId: 'e', tasks: chain(1) }));
    const runId = await harness.trigger('e');
    expect(await harness.rows('select id from dag_run where run_id = ?', runId)).toEqual([{ id: 41 }]);
  });
});

function rows(home: string, table: string): number {
  const file = new Database(join(home, 'millrace.db'), { readonly: true });
  try {
    return file.prepare(`select count(*) from ${table}`).pluck().get() as number;
  } finally {
    file.close();
  }
}
