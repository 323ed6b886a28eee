import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
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
