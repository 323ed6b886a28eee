import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../connectors/object-store-file.js';
import { openPostgres } from '../connectors/postgres.js';
import { ensureWarehouse, type LoadPlace, listNewFiles, loadBatch } from '../scheduler/operators/file-load/index.js';
import { copyOptions } from '../scheduler/operators/file-load/json-lines.js';
import { type Bench, type BenchRow, measureAgainst } from './bench.js';
import { withPostgres } from './postgres.js';

const filesInAll = 4;
const eventsPerFile = 50_000;
const events = filesInAll * eventsPerFile;
const goalRatio = 0.9;

/**
 * Rows a second from JSON lines in a store into `raw`, ledger included, on one connection and on two; against
 * `psql \copy` of the same lines into the same table (or COPY on the bare protocol where psql is missing).
 */
export const bench: Bench = (say) =>
  withPostgres(async (url) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-load-'));
    const warehouse = openPostgres(url, { max: 4 });
    try {
      await ensureWarehouse(warehouse);
      const place = { store: await openFileStore(join(folder, 'raw')), warehouse };
      say(`writing ${events.toLocaleString('en-US')} events`);
      const paths = await writeEvents(place, folder);
      const hasPsql = await canRun('psql');
      const baseline = {
        name: hasPsql ? 'psql \\copy' : 'bare COPY',
        measure: () => rate(place, () => (hasPsql ? copyByPsql(url, paths) : copyBare(place, paths))),
      };
      const rows: BenchRow[] = [];
      for (const connections of [1, 2]) {
        const row = await measureAgainst(
          {
            name: `load/${connections === 1 ? 'one connection' : 'two connections'}`,
            unit: 'rows/s',
            goal: null,
            better: 'higher',
            measure: () => rate(place, () => load(place, connections)),
            baseline,
          },
          say,
        );
        rows.push({ ...row, goal: goalRatio * (row.baseline?.value ?? 0) });
      }
      return rows;
    } finally {
      await warehouse.end();
      await rm(folder, { recursive: true, force: true });
    }
  });

/** Empties the tables, does the work, and counts what it brought. */
async function rate({ warehouse }: LoadPlace, work: () => Promise<void>): Promise<number> {
  await warehouse.query(
    'truncate raw.accounts, millrace.load_ledger, millrace.load_pending, millrace.load_quarantine, millrace.load_scan',
  );
  await warehouse.query('checkpoint');
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { rows } = await warehouse.query<{ count: number }>('select count(*) from raw.accounts');
  if (rows[0]?.count !== events) throw new Error(`${rows[0]?.count} rows arrived instead of ${events}`);
  return events / seconds;
}

async function load(place: LoadPlace, connections: number): Promise<void> {
  const { files } = await listNewFiles(place, { now: Date.now(), full: true });
  const lanes = Array.from({ length: connections }, (_, lane) => files.filter((_, at) => at % connections === lane));
  await Promise.all(lanes.map((lane) => loadBatch(place, lane, { runId: 'bench' })));
}

/** `file_id` has no value outside a load: for the baseline it comes from the session. */
const session = 'set millrace.file_id = 0;';

function copyByPsql(url: string, paths: string[]): Promise<void> {
  const copies = paths.flatMap((path) => ['-c', `\\copy raw.accounts (payload) from '${path}' with ${copyOptions}`]);
  return run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-c', session, ...copies, url]);
}

async function copyBare({ warehouse }: LoadPlace, paths: string[]): Promise<void> {
  await warehouse.transaction(async (connection) => {
    await connection.query(session);
    for (const path of paths) {
      await connection.copyFrom(
        'raw.accounts (payload)',
        createReadStream(path, { highWaterMark: 65_536 }),
        copyOptions,
      );
    }
  });
}

/** The same lines as objects of the store and as plain files for the baseline. */
async function writeEvents(place: LoadPlace, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (let file = 0; file < filesInAll; file++) {
    const lines = Array.from({ length: eventsPerFile }, (_, index) => line(file * eventsPerFile + index)).join('');
    const path = join(folder, `${file}.jsonl`);
    await writeFile(path, lines);
    await place.store.put(`accounts/date=2026-01-01/accounts-${file}.jsonl`, Buffer.from(lines));
    paths.push(path);
  }
  return paths;
}

/** An update of an account with both of its images, about 960 bytes. */
function line(number: number): string {
  const id = 1 + (number % 1000);
  const time = '2026-01-01T04:03:51.582371Z';
  const row = (balance: number) => ({
    id,
    account_number: `AC${1_000_000_000 + id}`,
    customer_id: id % 500,
    account_type: 'SAVINGS',
    status: 'ACTIVE',
    balance: `${balance}.00`,
    interest_rate: '0.00',
    currency: 'USD',
    opened_at: time,
    closed_at: null,
    created_at: time,
    updated_at: time,
  });
  const lsn = 26_757_400 + Math.floor(number / 5) * 800;
  const event = {
    before: row(1000 + number),
    after: row(1001 + number),
    source: {
      version: '0.1.0',
      connector: 'postgresql',
      name: 'bank',
      ts_ms: 1_761_883_436_407 + number,
      snapshot: 'false',
      db: 'bank',
      sequence: JSON.stringify([String(lsn - 900), String(lsn - 3)]),
      schema: 'public',
      table: 'accounts',
      txId: 743 + number,
      lsn: lsn - 3,
      xmin: null,
      commit_lsn: lsn,
      seq: number % 5,
    },
    op: 'u',
    ts_ms: 1_761_883_436_611,
    transaction: null,
  };
  return `${JSON.stringify(event)}\n`;
}

function canRun(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

function run(program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${errors}`)),
    );
  });
}
