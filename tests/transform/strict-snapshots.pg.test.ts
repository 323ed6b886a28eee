import { describe, expect, it } from 'vitest';
import { Bench, warehouses } from '../support/warehouses.js';
import { writeProject } from './projects.js';

const snapshot = (config: string) => ({
  'snapshots/s.sql': `{% snapshot s %}{{ config(unique_key='id', strategy='timestamp', updated_at='updated_at', strict=true, ${config}) }}select * from src{% endsnapshot %}`,
});

describe.each(warehouses)('strict snapshots on %s', (name, makeWarehouse) => {
  async function play(config: string, runs: string[]) {
    const bench = await Bench.open(writeProject(snapshot(config)), await makeWarehouse());
    await bench.rows('create table src (id int, v text, updated_at timestamp)');
    const messages: string[] = [];
    for (const rows of runs) {
      await replace(bench, rows);
      const { status, message } = await bench.run('s');
      messages.push(status === 'success' ? 'success' : message);
    }
    return { bench, messages };
  }

  it('refuse a key that stands twice, in the first run and later', async () => {
    const first = await play('', [`(1, 'a', '2026-01-01'), (1, 'b', '2026-01-02')`]);
    expect(first.messages[0]).toMatch(/the key \(id\) is missing or not unique in the source: \(1\) 2 times/);
    const later = await play('', [`(1, 'a', '2026-01-01')`, `(1, 'b', '2026-01-02'), (1, 'c', '2026-01-03')`]);
    expect(later.messages).toEqual(['success', expect.stringMatching(/not unique/)]);
    expect(await later.bench.rows('select v from s')).toEqual([['a']]);
  });

  it('refuse a row without a key', async () => {
    const { messages } = await play('', [
      `(1, 'a', '2026-01-01')`,
      `(1, 'a', '2026-01-01'), (null, 'x', '2026-01-01')`,
    ]);
    expect(messages[1]).toMatch(/\(NULL\) 1 times/);
  });

  it('refuse to close everything because the source is empty', async () => {
    const { bench, messages } = await play(`hard_deletes='invalidate'`, [`(1, 'a', '2026-01-01')`, '']);
    expect(messages[1]).toMatch(/the source no longer has 1 of 1 current keys/);
    expect(await bench.rows('select count(*) from s where dbt_valid_to is null')).toEqual([[1]]);
  });

  it('refuse to close more than the config allows', async () => {
    const runs = [`(1, 'a', '2026-01-01'), (2, 'b', '2026-01-01')`, `(1, 'a', '2026-01-01')`];
    const narrow = await play(`hard_deletes='invalidate', strict_deleted_percent_max=40`, runs);
    expect(narrow.messages[1]).toMatch(/1 of 2 current keys/);
    const wide = await play(`hard_deletes='invalidate', strict_deleted_percent_max=50`, runs);
    expect(wide.messages[1]).toBe('success');
  });

  it('begin a row without updated_at at the time of the run', async () => {
    const { bench } = await play('', [`(1, 'a', null)`, `(1, 'b', '2100-01-01')`]);
    const shown =
      'select v, dbt_valid_from is not null, cast(dbt_valid_to as varchar), length(dbt_scd_id) from s order by dbt_valid_from';
    expect(await bench.rows(shown)).toEqual([
      ['a', true, '2100-01-01 00:00:00', 32],
      ['b', true, null, 32],
    ]);
  });

  it('begin a key that returns where its last version ended, so that no two overlap', async () => {
    const row = `(1, 'a', '2026-01-01'), (2, 'x', '2026-01-01')`;
    const { bench } = await play(`hard_deletes='invalidate'`, [row, `(1, 'a', '2026-01-01')`, row]);
    const overlaps = `select count(*) from s a join s b on a.id = b.id and a.dbt_scd_id < b.dbt_scd_id
      and a.dbt_valid_from < coalesce(b.dbt_valid_to, timestamp '2200-01-01') and b.dbt_valid_from < coalesce(a.dbt_valid_to, timestamp '2200-01-01')`;
    expect(await bench.rows(overlaps)).toEqual([[0]]);
    expect(await bench.rows('select count(*), count(distinct dbt_scd_id) from s where id = 2')).toEqual([[2, 2]]);
  });

  it('find a second current row of a key that something else put there', async () => {
    const { bench } = await play('', [`(1, 'a', '2026-01-01')`]);
    const second = bench.rows('insert into s select * from s');
    if (name === 'PostgreSQL') return expect(second).rejects.toThrow(/duplicate key/);
    // DuckDB has no indexes of a part of a table: the next run looks.
    await second;
    expect((await bench.run('s')).message).toMatch(/several current versions of \(1\)/);
  });

  it('wait for each other, so that two runs at once open nothing twice', async () => {
    const { bench } = await play('', []);
    for (const values of [`(1, 'a', '2026-01-01')`, `(1, 'b', '2026-01-02'), (2, 'c', '2026-01-02')`]) {
      await replace(bench, values);
      const runs = await Promise.all([bench.run('s'), bench.run('s'), bench.run('s')]);
      expect(runs.map(({ status, message }) => (status === 'error' ? message : status))).toEqual(
        Array(3).fill('success'),
      );
    }
    expect(await bench.rows('select id, v from s order by id, dbt_valid_from')).toEqual([
      [1, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
  });

  it('keep the guards for a change log', async () => {
    const bench = await Bench.open(
      writeProject({
        'snapshots/s.sql': `{% snapshot s %}{{ config(unique_key='id', strategy='change_log', order_by='lsn', updated_at='t', op='op', strict=true) }}select * from src{% endsnapshot %}`,
      }),
      await makeWarehouse(),
    );
    await bench.rows('create table src (id int, lsn int, t int, op text)');
    for (const row of [`(1, 1, 1, 'c')`, `(1, 2, 2, 'u')`, `(1, 3, 3, 'd')`, `(1, 4, 4, 'c')`]) {
      await bench.rows(`insert into src values ${row}`);
      await bench.built('s');
    }
    expect(await bench.rows('select lsn, dbt_valid_to from s order by 1')).toEqual([
      [1, 2],
      [2, 3],
      [4, null],
    ]);
  });
});

async function replace(bench: Bench, rows: string): Promise<void> {
  await bench.rows('delete from src');
  if (rows !== '') await bench.rows(`insert into src values ${rows}`);
}
