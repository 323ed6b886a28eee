import { describe, expect, it } from 'vitest';
import { capture, captureBench, caughtUp, checkPositions, eventsOf, eventually, keysOf, replay } from './captured.js';

const table = `create table pets (id int primary key, name text, weight numeric(18,2), born timestamptz);
               alter table pets replica identity full`;

describe('change capture', () => {
  it('reads the rows that are there, then every change, without a gap', async () => {
    const bench = await captureBench(['pets']);
    await bench.client.query(table);
    await bench.client.query(
      `insert into pets values (1, 'Ada', 3.50, '2020-01-02 03:04:05+00'), (2, 'Bo', 1e15, null)`,
    );
    capture(bench.options);
    await eventually(async () => bench.statuses.some(({ state }) => state === 'streaming'));
    await bench.client.query(`insert into pets values (3, 'Cy "the" cat', 0.1, '2020-01-02 03:04:05.6+02')`);
    await bench.client.query(`update pets set name = 'Ada II' where id = 1`);
    await bench.client.query('delete from pets where id = 2');
    await caughtUp(bench);
    const events = await eventsOf(bench.store, 'pets');
    expect(events.map(({ op, before, after }) => ({ op, before, after }))).toEqual([
      { op: 'r', before: null, after: { id: 1, name: 'Ada', weight: '3.50', born: '2020-01-02T03:04:05.000000Z' } },
      { op: 'r', before: null, after: { id: 2, name: 'Bo', weight: '1000000000000000.00', born: null } },
      {
        op: 'c',
        before: null,
        after: { id: 3, name: 'Cy "the" cat', weight: '0.10', born: '2020-01-02T01:04:05.600000Z' },
      },
      {
        op: 'u',
        before: { id: 1, name: 'Ada', weight: '3.50', born: '2020-01-02T03:04:05.000000Z' },
        after: { id: 1, name: 'Ada II', weight: '3.50', born: '2020-01-02T03:04:05.000000Z' },
      },
      { op: 'd', before: { id: 2, name: 'Bo', weight: '1000000000000000.00', born: null }, after: null },
    ]);
    expect(events.map(({ source }) => source.snapshot)).toEqual(['true', 'last', 'false', 'false', 'false']);
    expect(events.slice(0, 2).map(({ source }) => source.seq)).toEqual([0, 1]);
    await checkPositions(bench.store, 'pets');
  });

  it('continues after a stop where it ended, and replaces no object', async () => {
    const bench = await captureBench(['pets']);
    await bench.client.query(table);
    for (let run = 0; run < 3; run++) {
      const running = capture(bench.options);
      await bench.client.query(`insert into pets select g, 'p' || g from generate_series($1::int, $1::int + 9) g`, [
        run * 10,
      ]);
      await bench.client.query('update pets set weight = 1 where id % 2 = 0');
      await caughtUp(bench);
      await running.stop();
      await bench.client.query('update pets set weight = 2 where id % 3 = 0');
    }
    await capture(bench.options);
    await caughtUp(bench);
    await checkPositions(bench.store, 'pets');
    const { rows } = await bench.client.query('select id, name, weight from pets order by id');
    const replayed = replay(await eventsOf(bench.store, 'pets'), 'id');
    expect([...replayed.values()].map(({ id, name, weight }) => ({ id, name, weight })).sort(byId)).toEqual(rows);
    expect((await keysOf(bench.store, 'pets')).length).toBeGreaterThan(3);
  });
});

function byId(a: { id: unknown }, b: { id: unknown }): number {
  return Number(a.id) - Number(b.id);
}
