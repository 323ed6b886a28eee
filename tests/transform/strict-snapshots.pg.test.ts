import { describe, expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.js';
import { build, rowsOf, writeProject } from './projects.js';

const snapshot = (config: string) => ({
  'snapshots/s.sql': `{% snapshot s %}{{ config(target_schema='public', unique_key='id', strategy='timestamp', updated_at='updated_at', strict=true, ${config}) }}select * from src{% endsnapshot %}`,
});

async function play(config: string, runs: string[]) {
  const url = await testDatabase();
  const dir = writeProject(snapshot(config));
  await rowsOf(url, 'create table src (id int, v text, updated_at timestamp)');
  const messages: string[] = [];
  for (const rows of runs) {
    await rowsOf(url, `truncate src${rows === '' ? '' : `; insert into src values ${rows}`}`);
    for (const result of (await build(dir, url)).values())
      messages.push(result.status === 'success' ? 'success' : result.message);
  }
  return { url, messages };
}

describe('strict snapshots', () => {
  it('refuse a key that stands twice, in the first run and later', async () => {
    const first = await play('', [`(1, 'a', '2026-01-01'), (1, 'b', '2026-01-02')`]);
    expect(first.messages[0]).toMatch(/the key \(id\) is missing or not unique in the source: \(1\) 2 times/);
    const later = await play('', [`(1, 'a', '2026-01-01')`, `(1, 'b', '2026-01-02'), (1, 'c', '2026-01-03')`]);
    expect(later.messages).toEqual(['success', expect.stringMatching(/not unique/)]);
    expect(await rowsOf(later.url, 'select v from s')).toEqual([['a']]);
  });

  it('refuse a row without a key', async () => {
    const { messages } = await play('', [
      `(1, 'a', '2026-01-01')`,
      `(1, 'a', '2026-01-01'), (null, 'x', '2026-01-01')`,
    ]);
    expect(messages[1]).toMatch(/\(NULL\) 1 times/);
  });

  it('refuse to close everything because the source is empty', async () => {
    const { url, messages } = await play(`hard_deletes='invalidate'`, [`(1, 'a', '2026-01-01')`, '']);
    expect(messages[1]).toMatch(/the source no longer has 1 of 1 current keys/);
    expect(await rowsOf(url, 'select count(*) from s where dbt_valid_to is null')).toEqual([[1]]);
  });

  it('refuse to close more than the config allows', async () => {
    const runs = [`(1, 'a', '2026-01-01'), (2, 'b', '2026-01-01')`, `(1, 'a', '2026-01-01')`];
    const narrow = await play(`hard_deletes='invalidate', strict_deleted_percent_max=40`, runs);
    expect(narrow.messages[1]).toMatch(/1 of 2 current keys/);
    const wide = await play(`hard_deletes='invalidate', strict_deleted_percent_max=50`, runs);
    expect(wide.messages[1]).toBe('success');
  });

  it('begin a row without updated_at at the time of the run', async () => {
    const { url } = await play('', [`(1, 'a', null)`, `(1, 'b', '2100-01-01')`]);
    expect(
      await rowsOf(url, 'select v, dbt_valid_from is not null, dbt_valid_to::text from s order by dbt_valid_from'),
    ).toEqual([
      ['a', true, '2100-01-01 00:00:00'],
      ['b', true, null],
    ]);
  });

  it('begin a key that returns where its last version ended, so that no two overlap', async () => {
    const row = `(1, 'a', '2026-01-01'), (2, 'x', '2026-01-01')`;
    const { url } = await play(`hard_deletes='invalidate'`, [row, `(1, 'a', '2026-01-01')`, row]);
    const overlaps = `select count(*) from s a join s b on a.id = b.id and a.ctid < b.ctid and tsrange(a.dbt_valid_from, a.dbt_valid_to) && tsrange(b.dbt_valid_from, b.dbt_valid_to)`;
    expect(await rowsOf(url, overlaps)).toEqual([[0]]);
    expect(await rowsOf(url, 'select count(*), count(distinct dbt_scd_id) from s where id = 2')).toEqual([[2, 2]]);
  });

  it('let the database keep one current row per key', async () => {
    const { url } = await play('', [`(1, 'a', '2026-01-01')`]);
    await expect(rowsOf(url, 'insert into s select * from s')).rejects.toThrow(/duplicate key/);
  });

  it('wait for each other, so that two runs at once open nothing twice', async () => {
    const { url } = await play('', [`(1, 'a', '2026-01-01')`]);
    await rowsOf(url, `truncate src; insert into src values (1, 'b', '2026-01-02'), (2, 'c', '2026-01-02')`);
    const dir = writeProject(snapshot(''));
    const runs = await Promise.all([build(dir, url), build(dir, url), build(dir, url)]);
    expect(runs.map((run) => run.get('s')?.message).sort()).toEqual(['INSERT 0 0', 'INSERT 0 0', 'INSERT 0 2']);
  });
});
