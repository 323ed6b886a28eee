import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Dag, type LoadFilesOptions, testDag } from 'millrace';
import { expect, it, onTestFinished } from 'vitest';
import { openObjectStore } from '../../../connectors/open-object-store.js';
import { openPostgres } from '../../../connectors/postgres.js';
import { testDatabase } from '../../support/postgres.js';

async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-load-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lake = pathToFileURL(folder).href;
  const warehouse = await testDatabase();
  const store = await openObjectStore(lake);
  const database = openPostgres(warehouse);
  onTestFinished(() => database.end());
  return {
    put: (key: string, text: string | Buffer) => store.put(key, Buffer.from(text)),
    store,
    query: async (sql: string) => (await database.query(sql)).rows,
    async load(options: LoadFilesOptions) {
      const dag = new Dag('d');
      dag.loadFiles('t', options);
      const run = await testDag(dag, { connections: { lake, warehouse } });
      return run.tasks['t'];
    },
  };
}

it('loads each file once, plain and gzip, and what comes later', async () => {
  const { put, load, query } = await setUp();
  await put('in/a.jsonl', '{"n":1}\n{"n":2}\n');
  await put('in/b.jsonl.gz', gzipSync('{"n":3}\n'));
  await put('other/c.jsonl', '{"n":9}\n');
  const options = { prefix: 'in/', into: 'raw.numbers' };
  expect((await load(options))?.returnValue).toEqual({ files: 2, rows: 3, quarantined: [] });
  expect((await load(options))?.returnValue).toEqual({ files: 0, rows: 0, quarantined: [] });
  await put('in/c.jsonl', '{"n":4}');
  expect((await load(options))?.returnValue).toEqual({ files: 1, rows: 1, quarantined: [] });
  expect(await query("select sum((payload->>'n')::int)::int as sum from raw.numbers")).toEqual([{ sum: 10 }]);
});

it('loads CSV with a header into a table that is there', async () => {
  const { put, load, query } = await setUp();
  await query('create table prices (day date, price numeric)');
  await put('p.csv', 'day,price\n2026-01-01,1.50\n');
  expect((await load({ into: 'prices', format: 'csv' }))?.returnValue).toMatchObject({ rows: 1 });
  expect(await query('select price from prices')).toEqual([{ price: '1.50' }]);
});

it('puts a file that cannot be loaded aside, once, and goes on', async () => {
  const { put, load, query, store } = await setUp();
  await put('in/a.jsonl', '{"n":1}\nnonsense\n');
  await put('in/b.jsonl', '{"n":2}\n');
  const options = { prefix: 'in/', into: 'raw.numbers', quarantine: 'bad' };
  const first = await load(options);
  expect(first?.returnValue).toMatchObject({ files: 1, rows: 1, quarantined: [{ key: 'in/a.jsonl' }] });
  expect(await store.head('bad/in/a.jsonl')).not.toBeNull();
  expect((await load(options))?.returnValue).toMatchObject({ files: 0, quarantined: [] });
  expect(await query('select count(*)::int as n from raw.numbers')).toEqual([{ n: 1 }]);
});

it('fails for such a file without a quarantine, and leaves nothing of it', async () => {
  const { put, load, query } = await setUp();
  await put('a.jsonl', '{"n":1}\nnonsense\n');
  expect(await load({ into: 'numbers' })).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('json') },
  });
  expect(await query('select count(*)::int as n from numbers')).toEqual([{ n: 0 }]);
});

it.each([{ into: 'a; drop table b' }, { into: '' }, { into: 'a', format: 'xml' as never }])(
  'refuses %j',
  async (options) => {
    const { load } = await setUp();
    expect(await load(options)).toMatchObject({ state: 'failed', error: { type: 'TASK_FAILED' } });
  },
);
