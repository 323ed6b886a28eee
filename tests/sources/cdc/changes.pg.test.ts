import { describe, expect, it } from 'vitest';
import { type Bench, capture, captureBench, caughtUp, checkPositions, eventsOf, eventually } from './captured.js';

async function streaming(tables: string[], schema: string, overrides = {}): Promise<Bench> {
  const bench = await captureBench(tables, overrides);
  await bench.client.query(schema);
  capture(bench.options);
  await eventually(async () => bench.statuses.some(({ state }) => state === 'streaming'));
  return bench;
}

const told = async (bench: Bench, table: string) =>
  (await eventsOf(bench.store, table)).map(({ op, before, after }) => ({ op, before, after }));

describe('what a change says', () => {
  it('has the whole row before under REPLICA IDENTITY FULL, values in TOAST included', async () => {
    const bench = await streaming(
      ['docs'],
      `create table docs (id int primary key, body text, n int);
       alter table docs replica identity full; alter table docs alter body set storage external`,
    );
    const body = 'x'.repeat(20_000);
    await bench.client.query('insert into docs values (1, $1, 1)', [body]);
    await bench.client.query('update docs set n = 2');
    await bench.client.query('delete from docs');
    await caughtUp(bench);
    expect(await told(bench, 'docs')).toEqual([
      { op: 'c', before: null, after: { id: 1, body, n: 1 } },
      { op: 'u', before: { id: 1, body, n: 1 }, after: { id: 1, body, n: 2 } },
      { op: 'd', before: { id: 1, body, n: 2 }, after: null },
    ]);
  });

  it('has the key before a delete and a placeholder for values in TOAST under REPLICA IDENTITY DEFAULT', async () => {
    const bench = await streaming(
      ['docs'],
      'create table docs (id int primary key, body text, n int); alter table docs alter body set storage external',
    );
    const body = 'x'.repeat(20_000);
    await bench.client.query('insert into docs values (1, $1, 1)', [body]);
    await bench.client.query('update docs set n = 2');
    await bench.client.query('delete from docs');
    await caughtUp(bench);
    expect(await told(bench, 'docs')).toEqual([
      { op: 'c', before: null, after: { id: 1, body, n: 1 } },
      { op: 'u', before: null, after: { id: 1, body: '__debezium_unavailable_value', n: 2 } },
      { op: 'd', before: { id: 1 }, after: null },
    ]);
  });

  it.each(['full', 'default'])(
    'makes a delete and a create of a changed key (REPLICA IDENTITY %s)',
    async (identity) => {
      const bench = await streaming(
        ['pets'],
        `create table pets (name text, id int primary key); alter table pets replica identity ${identity}`,
      );
      await bench.client.query(`insert into pets values ('Ada', 1)`);
      await bench.client.query('update pets set id = 2');
      await bench.client.query(`update pets set name = 'Bo', id = id`);
      await caughtUp(bench);
      const isFull = identity === 'full';
      expect(await told(bench, 'pets')).toEqual([
        { op: 'c', before: null, after: { name: 'Ada', id: 1 } },
        { op: 'd', before: isFull ? { name: 'Ada', id: 1 } : { id: 1 }, after: null },
        { op: 'c', before: null, after: { name: 'Ada', id: 2 } },
        { op: 'u', before: isFull ? { name: 'Ada', id: 2 } : null, after: { name: 'Bo', id: 2 } },
      ]);
      await checkPositions(bench.store, 'pets');
    },
  );

  it('tells a truncate of several tables in each of them', async () => {
    const bench = await streaming(
      ['parents', 'children'],
      `create table parents (id int primary key); create table children (id int primary key references parents)`,
    );
    await bench.client.query('insert into parents values (1); insert into children values (1)');
    await bench.client.query('truncate parents cascade');
    await caughtUp(bench);
    for (const table of ['parents', 'children']) {
      expect(await told(bench, table)).toEqual([
        { op: 'c', before: null, after: { id: 1 } },
        { op: 't', before: null, after: null },
      ]);
    }
    const places = [...(await eventsOf(bench.store, 'parents')), ...(await eventsOf(bench.store, 'children'))]
      .filter(({ op }) => op === 't')
      .map(({ source }) => `${source.commit_lsn}.${source.seq}`);
    expect(new Set(places).size).toBe(2);
  });

  it('follows the schema: columns added, removed, renamed and of another type', async () => {
    const bench = await streaming(
      ['pets'],
      'create table pets (id int primary key, n int); alter table pets replica identity full; insert into pets values (1, 1)',
    );
    await bench.client.query("alter table pets add note text default 'new'; insert into pets values (2, 2)");
    await bench.client.query(
      'begin; alter table pets drop n; alter table pets rename note to remark; insert into pets values (3); commit',
    );
    await bench.client.query(
      "create domain money_text as numeric(10,2); alter table pets add paid money_text[]; update pets set paid = '{1.5}' where id = 3",
    );
    await caughtUp(bench);
    expect(await told(bench, 'pets')).toEqual([
      { op: expect.stringMatching(/r|c/), before: null, after: { id: 1, n: 1 } },
      { op: 'c', before: null, after: { id: 2, n: 2, note: 'new' } },
      { op: 'c', before: null, after: { id: 3, remark: 'new' } },
      { op: 'u', before: { id: 3, remark: 'new', paid: null }, after: { id: 3, remark: 'new', paid: ['1.50'] } },
    ]);
  });

  it('carries rows of ten megabytes', { timeout: 60_000 }, async () => {
    const bench = await streaming(
      ['docs'],
      'create table docs (id int primary key, body text); alter table docs replica identity full',
    );
    const line = 'a "quoted"\nline\t';
    await bench.client.query('insert into docs values (1, repeat($1, 700000)), (2, $1)', [line]);
    await bench.client.query('update docs set id = 3 where id = 1');
    await caughtUp(bench, 50_000);
    const events = await told(bench, 'docs');
    expect(events.map(({ op }) => op)).toEqual(['c', 'c', 'd', 'c']);
    expect(events[3]?.after?.['body'] === line.repeat(700_000)).toBe(true);
    expect(events[1]?.after).toEqual({ id: 2, body: line });
  });

  it('orders the changes of concurrent transactions by commit, and those of one by their place', async () => {
    const bench = await streaming(
      ['pets'],
      'create table pets (id int primary key, n int); alter table pets replica identity full',
    );
    const { Client } = (await import('pg')).default;
    const other = new Client({ connectionString: bench.url });
    await other.connect();
    await bench.client.query('begin; insert into pets select g, 1 from generate_series(1, 3) g');
    await other.query('begin; insert into pets values (10, 2)');
    await other.query('commit');
    await bench.client.query('update pets set n = 3 where id = 1; commit');
    await other.end();
    await caughtUp(bench);
    const events = await eventsOf(bench.store, 'pets');
    expect(events.map(({ op, after, source }) => [op, after?.['id'], source.seq])).toEqual([
      ['c', 10, 0],
      ['c', 1, 0],
      ['c', 2, 1],
      ['c', 3, 2],
      ['u', 1, 3],
    ]);
    const [first, second] = events;
    expect(second?.source.sequence).toBe(`["${first?.source.commit_lsn}","${second?.source.lsn}"]`);
    expect(second?.source).toMatchObject({
      connector: 'postgresql',
      name: 'banking_server',
      schema: 'public',
      table: 'pets',
      snapshot: 'false',
      xmin: null,
      txId: expect.any(Number),
      ts_ms: expect.any(Number),
    });
  });

  it('takes tables of other schemas, with quotes in names, and leaves generated columns out', async () => {
    const bench = await captureBench(['odd.Some "Table"']);
    await bench.client.query(`create schema odd;
      create table odd."Some ""Table""" ("Id" int primary key, "a""b" text, twice int generated always as ("Id" * 2) stored);
      insert into odd."Some ""Table""" values (1, 'x')`);
    capture(bench.options);
    await eventually(async () => bench.statuses.some(({ state }) => state === 'streaming'));
    await bench.client.query(`insert into odd."Some ""Table""" values (2, 'y')`);
    await caughtUp(bench);
    expect(await told(bench, 'Some "Table"')).toEqual([
      { op: 'r', before: null, after: { Id: 1, 'a"b': 'x' } },
      { op: 'c', before: null, after: { Id: 2, 'a"b': 'y' } },
    ]);
  });
});
