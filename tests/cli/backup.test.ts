import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { backUp } from '../../cli/backup/back-up.js';
import { restore } from '../../cli/backup/restore.js';
import { lockHome, makeHome } from '../../cli/home.js';
import { endProcess } from '../../connectors/process-life.js';
import { packageRoot } from '../../kernel/paths.js';
import { ManualClock, systemClock } from '../../kernel/time.js';
import { database } from '../../scheduler/store/database.js';
import { applyOne, run } from '../../scheduler/store/driver.js';
import { openSqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { addEmail } from '../../scheduler/store/transitions/write-email.js';
import { runMillrace } from '../support/run-millrace.js';

/** Whole programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 300_000 });

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'millrace-backup-'));
});
afterAll(async () => {
  for (const name of readdirSync(parent)) await endPostmaster(join(parent, name));
  rmSync(parent, { recursive: true, force: true });
});

/** What a killed server leaves running on purpose. */
async function endPostmaster(home: string): Promise<void> {
  const link = join(home, 'postgres');
  if (!existsSync(link)) return;
  const folder = realpathSync(link);
  const file = join(folder, 'data', 'postmaster.pid');
  if (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    await endProcess(pid, { signal: 'SIGQUIT', graceMs: 5_000, clock: systemClock });
  }
  rmSync(folder, { recursive: true, force: true });
}

const never = new AbortController().signal;
const facts = { embeddedUrl: null, objectStoreUrl: 'file:///x', hasOwnLake: true, hasOwnKey: true, settings: {} };

function smallHome(name: string) {
  const home = makeHome(join(parent, name));
  writeFileSync(join(home.folder, 'secret.key'), 'the key\n');
  mkdirSync(join(home.lakeFolder, 'customers'));
  writeFileSync(join(home.lakeFolder, 'customers', 'one.jsonl'), '{}\n');
  writeFileSync(join(home.lakeFolder, 'customers', 'half.tmp'), '{');
  const store = openSqliteStore(home.storePath);
  return { home, store, copyStore: (path: string) => store.backup(path) };
}

describe('a backup without databases', () => {
  it('is restored with the key and the objects, and sends no e-mail that may have been sent since', async () => {
    const { home, store, copyStore } = smallHome('small');
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    for (const state of ['waiting', 'sending', 'sent'] as const) await applyOne(store, email(state));
    const file = join(parent, 'small.tar.gz');
    const done = await backUp({ home, facts, copyStore, clock }, file, never);
    expect(done).toMatchObject({ runs: 0, objects: 1, cluster: null });
    await store.close();

    const to = join(parent, 'small-restored');
    const restored = await restore(file, to, clock);
    expect(restored).toMatchObject({ runs: 0, heldEmails: 2 });
    expect(readFileSync(join(to, 'secret.key'), 'utf8')).toBe('the key\n');
    expect(readdirSync(join(to, 'lake', 'customers'))).toEqual(['one.jsonl']);
    const rows = new Database(join(to, 'millrace.db')).prepare('select state, error from email order by id').all();
    expect(rows).toEqual([
      { state: 'kept', error: expect.stringContaining('2026-01-01T00:00:00') },
      { state: 'kept', error: expect.stringContaining('may have been sent') },
      { state: 'sent', error: null },
    ]);
    await expect(restore(file, to, clock)).rejects.toMatchObject({ code: 'HOME_UNWRITABLE' });
    await expect(restore(file, home.folder, clock)).rejects.toMatchObject({ code: 'HOME_UNWRITABLE' });
  });

  it('that is damaged is not restored at all, and one that was interrupted is no home until it is restored again', async () => {
    const { home, store, copyStore } = smallHome('damaged');
    const file = join(parent, 'damaged.tar.gz');
    await backUp({ home, facts, copyStore, clock: systemClock }, file, never);
    await store.close();
    const bytes = readFileSync(file);
    const cut = join(parent, 'cut.tar.gz');
    writeFileSync(cut, bytes.subarray(0, bytes.length - 100));
    const to = join(parent, 'damaged-restored');
    await expect(restore(cut, to, systemClock)).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    expect(existsSync(to)).toBe(false);

    mkdirSync(to);
    writeFileSync(join(to, 'restoring'), '');
    writeFileSync(join(to, 'millrace.db'), 'half');
    expect(() => makeHome(to)).toThrow(/interrupted/);
    await restore(file, to, systemClock);
    lockHome(makeHome(to)).release();
  });

  it('leaves no file behind when it is interrupted, or when the disk takes no more', async () => {
    const { home, store, copyStore } = smallHome('interrupted');
    const file = join(parent, 'interrupted.tar.gz');
    const stop = new AbortController();
    const interrupting = async (path: string) => {
      await copyStore(path);
      stop.abort(new Error('interrupted'));
    };
    await expect(
      backUp({ home, facts, copyStore: interrupting, clock: systemClock }, file, stop.signal),
    ).rejects.toThrow('interrupted');
    await store.close();
    writeFileSync(
      join(home.lakeFolder, 'noise'),
      Buffer.from(Array.from({ length: 600_000 }, () => Math.random() * 256)),
    );
    // The system refuses a file to grow beyond so many KiB, as a full disk does: the copy of the metadata, the archive.
    for (const kib of [100, 450]) {
      const limited = spawnSync(
        'bash',
        ['-c', `ulimit -f ${kib}; exec "${process.execPath}" cli/bin.js backup "${file}"`],
        {
          cwd: packageRoot,
          env: { ...process.env, MILLRACE_HOME: home.folder },
          encoding: 'utf8',
        },
      );
      expect([limited.status, limited.stderr]).toEqual([1, expect.stringContaining('BACKUP_FAILED')]);
    }
    expect(readdirSync(parent).filter((name) => name.startsWith('interrupted'))).toEqual(['interrupted']);
    expect(readdirSync(home.folder).filter((name) => name.startsWith('store-copy'))).toEqual([]);
  });
});

function* email(state: 'waiting' | 'sending' | 'sent') {
  const place = { dag_id: null, run_id: null, task_id: null, map_index: null };
  yield* addEmail({
    message_id: state,
    to_json: '[]',
    cc_json: '[]',
    subject: 's',
    text: 't',
    html: null,
    attachments_json: '[]',
    created_at: 1,
    ...place,
  });
  yield* run(database.updateTable('email').set({ state }).where('message_id', '=', state).compile());
}

/** MILLRACE_BACKUP_CYCLES sets how often. */
const cycles = Number(process.env['MILLRACE_BACKUP_CYCLES'] ?? 1);

describe('a backup of the living bank', () => {
  const timeout = 300_000 * (cycles + 1);
  it('is restored to a server that goes on: history is a prefix, and source and warehouse agree to the row', {
    timeout,
  }, async () => {
    const home = join(parent, 'bank');
    const live = { GENERATE_INTERVAL_SECONDS: '0.5', LOAD_SCHEDULE: '* * * * *' };
    const server = runMillrace(['standalone'], { MILLRACE_HOME: home, ...live });
    await server.says(/Bank_Data_Transformation .*: success/);
    const files: string[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      const file = join(parent, `bank-${cycle}.tar.gz`);
      const backup = runMillrace(['backup', file], { MILLRACE_HOME: home });
      expect([await backup.ended, backup.output()]).toEqual([0, expect.stringContaining('is whole')]);
      files.push(file);
    }
    server.process.kill('SIGTERM');
    await server.ended;
    const before = finished(home);
    for (const [cycle, file] of files.entries()) {
      const to = join(parent, `bank-restored-${cycle}`);
      const restoring = runMillrace(['restore', file], { MILLRACE_HOME: to });
      expect([await restoring.ended, restoring.output()]).toEqual([0, expect.stringContaining('Start it with')]);
      const restored = finished(to);
      expect(restored.length).toBeGreaterThan(0);
      expect(before).toEqual(expect.arrayContaining(restored));

      const again = runMillrace(['standalone'], { MILLRACE_HOME: to, ...live });
      await again.says(/ready in/);
      const reconciled = runMillrace(['reconcile', 'bank'], { MILLRACE_HOME: to });
      expect([await reconciled.ended, reconciled.output()]).toEqual([0, expect.stringContaining('No difference')]);
      // Capture went on where its slot was: a second snapshot would not know what had changed in between.
      expect(again.output()).not.toMatch(/new snapshot/);
      const check = runMillrace(['db', 'check'], { MILLRACE_HOME: to });
      expect(await check.ended).toBe(0);
      again.process.kill('SIGTERM');
      await again.ended;
      await endPostmaster(to);
    }
  });
});

/** Every try that is over: what must be the same in any later copy. */
function finished(home: string): unknown[] {
  const store = new Database(join(home, 'millrace.db'), { readonly: true });
  try {
    return store
      .prepare(
        `select run.dag_id, run.run_id, ti.task_id, ti.map_index, ti.try_number, ti.state, ti.started_at, ti.ended_at
         from task_instance ti join dag_run run on run.id = ti.dag_run_id
         where run.ended_at is not null and ti.ended_at is not null`,
      )
      .all();
  } finally {
    store.close();
  }
}
