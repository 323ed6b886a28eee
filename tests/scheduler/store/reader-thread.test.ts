import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { applyOne } from '../../../scheduler/store/driver.js';
import { readInThread } from '../../../scheduler/store/reader-thread.js';
import { openSqliteStore } from '../../../scheduler/store/sqlite-driver.js';
import { ensureBuilt, testFolder } from '../../support/pool.js';

beforeAll(ensureBuilt);

describe('the thread that reads', () => {
  it('sees what was committed before it was asked', async () => {
    const { store } = openStores();
    for (let round = 1; round <= 20; round++) {
      await applyOne(
        store,
        (function* () {
          yield CompiledQuery.raw(`insert into setting (key, value_json, updated_at) values (?, ?, 0)`, [
            `k${round}`,
            '1',
          ]);
        })(),
      );
      expect(await store.read(count)).toEqual([{ n: round }]);
    }
  });

  it('leaves this thread to others while it works', async () => {
    const { store } = openStores();
    await store.read(count);
    let isDone = false;
    let turns = 0;
    const long = store
      .read(
        CompiledQuery.raw(
          `with recursive n(x) as (select 1 union all select x + 1 from n where x < 3000000) select max(x) from n`,
        ),
      )
      .then(() => {
        isDone = true;
      });
    while (!isDone) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await long;
    expect(turns).toBeGreaterThan(10);
  });

  it('gives each question its own answer, and goes on after a fault', async () => {
    const { store } = openStores();
    const answers = await Promise.allSettled([
      store.read(CompiledQuery.raw('select ? as x', [1])),
      store.read(CompiledQuery.raw('select * from no_such_table')),
      store.read(CompiledQuery.raw('select ? as x', ['two'])),
    ]);
    expect(answers).toMatchObject([
      { status: 'fulfilled', value: [{ x: 1 }] },
      { status: 'rejected', reason: { message: expect.stringContaining('no_such_table') } },
      { status: 'fulfilled', value: [{ x: 'two' }] },
    ]);
  });

  it('cannot write', async () => {
    const { store } = openStores();
    const write = CompiledQuery.raw(`insert into setting (key, value_json, updated_at) values ('k', '1', 0)`);
    await expect(store.read(write)).rejects.toThrow(/readonly|query_only|read.only/i);
  });

  it('refuses what it is asked when it is closed', async () => {
    const { store } = openStores();
    const late = store.read(count).catch((error: Error) => error);
    await store.close();
    expect(await late).toBeInstanceOf(Error);
    await expect(store.read(count)).rejects.toThrow('the store is closed');
  });
});

const count = CompiledQuery.raw('select count(*) as n from setting');

function openStores() {
  const path = join(testFolder(), 'metadata.db');
  const written = openSqliteStore(path);
  const store = readInThread(written, path);
  onTestFinished(async () => {
    await store.close();
    await written.close();
  });
  return { store };
}
