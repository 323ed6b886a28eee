import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openAdapter } from '../../transform/adapters/open.js';
import { adapterContract } from './adapter.contract.js';

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-adapter-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

adapterContract('a DuckDB file', (threads) =>
  openAdapter({ url: `duckdb:${join(folder, `db${++files}.duckdb`)}`, threads }),
);
adapterContract('DuckDB in memory', (threads) => openAdapter({ url: 'duckdb::memory:', threads }));

it('lets several sessions make the same schema of a DuckDB file at the same time', async () => {
  const adapter = await openAdapter({ url: `duckdb:${join(folder, `db${++files}.duckdb`)}`, threads: 6 });
  onTestFinished(() => adapter.close());
  for (let round = 0; round < 20; round++) {
    const make = () =>
      adapter.withConnection((connection) => connection.query(`create schema if not exists shared_${round}`));
    await Promise.all(Array.from({ length: 6 }, make));
  }
  const { rows } = await adapter.withConnection((connection) =>
    connection.query("select count(*) from duckdb_schemas() where schema_name like 'shared_%'"),
  );
  expect(rows).toEqual([[20]]);
});
