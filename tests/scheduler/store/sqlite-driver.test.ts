import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { CompiledQuery } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, run, type Script } from '../../../scheduler/store/driver.js';
import { schemaVersion } from '../../../scheduler/store/migrate.js';
import { openSqliteStore } from '../../../scheduler/store/sqlite-driver.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-store-'));
  path = join(folder, 'metadata.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const setting = (key: string) =>
  CompiledQuery.raw('insert into setting (key, value_json, updated_at) values (?, ?, ?)', [key, '1', 0]);
const settings = CompiledQuery.raw('select key from setting order by key');

function* write(...keys: string[]): Script<number> {
  let changed = 0;
  for (const key of keys) changed += yield* run(setting(key));
  return changed;
}

describe('the SQLite store', () => {
  it('keeps what was committed, in WAL with full synchronisation', async () => {
    const store = openSqliteStore(path);
    expect(await store.transact([write('a', 'b')])).toEqual([{ ok: true, value: 2 }]);
    await store.close();
    const again = openSqliteStore(path);
    expect(await again.read(settings)).toEqual([{ key: 'a' }, { key: 'b' }]);
    await again.close();
    const raw = new Database(path);
    expect(raw.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(raw.pragma('user_version', { simple: true })).toBe(schemaVersion);
    raw.close();
  });

  it('rolls back a script that fails, and keeps the others of its batch', async () => {
    const store = openSqliteStore(path);
    const outcomes = await store.transact([write('a'), write('b', 'b'), write('c')]);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true]);
    expect(await store.read(settings)).toEqual([{ key: 'a' }, { key: 'c' }]);
    await store.close();
  });

  it('rolls back a script that is alone and fails', async () => {
    const store = openSqliteStore(path);
    const [outcome] = await store.transact([write('a', 'a')]);
    expect(outcome?.ok).toBe(false);
    expect(await store.read(settings)).toEqual([]);
    await store.close();
  });

  it('hands the rows of a question back to the script that asked', async () => {
    const store = openSqliteStore(path);
    function* script(): Script<string[]> {
      yield* write('x', 'y');
      return (yield* ask(settings as CompiledQuery<{ key: string }>)).map((row) => row.key);
    }
    expect(await store.transact([script()])).toEqual([{ ok: true, value: ['x', 'y'] }]);
    await store.close();
  });

  it('refuses states that do not exist', async () => {
    const store = openSqliteStore(path);
    function* script(): Script<void> {
      yield CompiledQuery.raw(
        `insert into dag (dag_id, fileloc, display_name, owner, tags_json, schedule_summary, timezone, is_paused, is_stale,
           max_active_runs, max_active_tasks, created_at) values ('d', 'd.ts', 'd', 'o', '[]', '', 'UTC', 2, 0, 1, 1, 0)`,
      );
    }
    const [outcome] = await store.transact([script()]);
    expect(outcome).toMatchObject({ ok: false, error: { message: expect.stringContaining('CHECK') } });
    await store.close();
  });

  it('does not write through the connection that reads', async () => {
    const store = openSqliteStore(path);
    await expect(store.read(setting('a'))).rejects.toThrow(/readonly/);
    await store.close();
  });

  it('takes no change any more after the disk has failed one, and says so once', async () => {
    const told: unknown[] = [];
    const store = openSqliteStore(path, { onBroken: (error) => told.push(error) });
    await store.transact([write('a')]);
    // biome-ignore lint/correctness/useYield: it fails in its first step, as a commit whose fsync fails does
    function* failing(): Script<number> {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_FSYNC');
    }
    const broken = { code: 'STORE_BROKEN', message: expect.stringContaining('disk I/O error') };
    await expect(store.transact([write('b'), failing()])).rejects.toMatchObject(broken);
    await expect(store.transact([write('c')])).rejects.toMatchObject(broken);
    expect(told).toEqual([expect.objectContaining(broken)]);
    expect(await store.read(settings)).toEqual([{ key: 'a' }]);
    await store.close();
  });

  it('goes on after a full disk', async () => {
    const told: unknown[] = [];
    const store = openSqliteStore(path, { onBroken: (error) => told.push(error) });
    // biome-ignore lint/correctness/useYield: it fails in its first step
    function* failing(): Script<number> {
      throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    }
    expect(await store.transact([write('a'), failing()])).toMatchObject([{ ok: true }, { ok: false }]);
    expect(await store.transact([write('b')])).toEqual([{ ok: true, value: 1 }]);
    expect(told).toEqual([]);
    await store.close();
  });

  it('refuses a file of another program and a schema from the future', () => {
    const other = new Database(path);
    other.exec('create table theirs (x)');
    other.close();
    expect(() => openSqliteStore(path)).toThrow(/another program/);

    const future = join(folder, 'future.db');
    void openSqliteStore(future).close();
    const raw = new Database(future);
    raw.pragma('user_version = 999');
    raw.close();
    expect(() => openSqliteStore(future)).toThrow(/newer/);
  });
});
