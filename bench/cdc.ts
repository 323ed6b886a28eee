import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openFileStore } from '../connectors/object-store-file.js';
import { systemClock } from '../kernel/time.js';
import { startCapture } from '../sources/cdc/capture.js';
import { writeCheckpoint } from '../sources/cdc/checkpoint.js';
import { parseLsn } from '../sources/cdc/lsn.js';
import type { CdcStatus } from '../sources/cdc/status.js';
import { type Bench, measureAgainst } from './bench.js';
import { withPostgres } from './postgres.js';

const changes = 1_000_000;
const changesPerCommit = 25_000;

/**
 * Changes a second from a slot where a million wait, gzip and fsync on, until the last one is durable and acknowledged;
 * against `pg_recvlogical` to nothing, or the server's own decoding where that program is missing.
 */
export const bench: Bench = (say) =>
  withPostgres(async (url) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { systemIdentifier, startLsn, endLsn } = await prepare(client, say);
    const hasReceiver = await canRun('pg_recvlogical', ['--version']);
    const baseline = hasReceiver
      ? { name: 'pg_recvlogical to nothing', measure: () => receive(client, url, endLsn) }
      : { name: 'decoding in the server', measure: () => decode(client) };
    const row = await measureAgainst(
      {
        name: 'cdc/changes',
        unit: 'changes/s',
        goal: 100_000,
        better: 'higher',
        measure: () => capture(client, url, systemIdentifier, startLsn, endLsn),
        baseline,
      },
      say,
    );
    await client.end();
    return [row];
  });

async function prepare(client: pg.Client, say: (line: string) => void) {
  say(`preparing ${changes.toLocaleString('en-US')} changes`);
  await client.query(
    `create table transactions (id bigint primary key, account_id int, txn_type text, direction text,
       amount numeric(18,2), balance_after numeric(18,2), status text, description text, created_at timestamptz)`,
  );
  await client.query('alter table transactions replica identity full');
  await client.query('create publication bench for table transactions');
  await client.query(`select pg_create_logical_replication_slot('origin', 'pgoutput')`);
  const start = await client.query(
    `select confirmed_flush_lsn as lsn from pg_replication_slots where slot_name = 'origin'`,
  );
  for (let first = 0; first < changes; first += 2 * changesPerCommit) {
    await client.query(
      `insert into transactions
       select g, g % 1000, 'TRANSFER', 'DEBIT', (g % 100000)::numeric / 100, null, 'COMPLETED', 'Transfer to savings', clock_timestamp()
         from generate_series($1::int, $2::int) g`,
      [first, first + changesPerCommit - 1],
    );
    await client.query('update transactions set balance_after = amount + 1 where id between $1 and $2', [
      first,
      first + changesPerCommit - 1,
    ]);
  }
  const { rows } = await client.query(
    'select pg_current_wal_insert_lsn() as lsn, system_identifier::text as id from pg_control_system()',
  );
  // Some log behind the last commit, so that a receiver that stops at an LSN is past it.
  await client.query(`select pg_logical_emit_message(false, 'bench', 'end')`);
  return { systemIdentifier: rows[0].id, startLsn: parseLsn(start.rows[0].lsn), endLsn: rows[0].lsn as string };
}

async function capture(
  client: pg.Client,
  sourceUrl: string,
  systemIdentifier: string,
  startLsn: number,
  endLsn: string,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-lake-'));
  const slot = await copySlot(client);
  const store = await openFileStore(join(folder, 'lake'));
  const tables = { transactions: null };
  const checkpoint = { version: 1, systemIdentifier, slot, snapshot: 'done', durableLsn: startLsn, tables } as const;
  await writeCheckpoint(join(folder, 'state'), checkpoint);
  let last: CdcStatus | undefined;
  const startedAt = performance.now();
  const running = startCapture({
    sourceUrl,
    store,
    slot,
    publication: 'bench',
    tables: ['transactions'],
    stateFolder: join(folder, 'state'),
    rotation: { rows: 100_000, bytes: 64 * 1024 * 1024, ageMs: 1000 },
    gzip: true,
    clock: systemClock,
    onStatus: (status) => {
      last = status;
    },
  });
  await confirmed(client, slot, endLsn);
  const seconds = (performance.now() - startedAt) / 1000;
  await running.stop();
  if (last?.eventsTotal !== changes) throw new Error(`captured ${last?.eventsTotal} events instead of ${changes}`);
  await client.query('select pg_drop_replication_slot($1)', [slot]);
  await rm(folder, { recursive: true });
  return changes / seconds;
}

async function confirmed(client: pg.Client, slot: string, lsn: string): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2',
      [slot, lsn],
    );
    if (rowCount === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function receive(client: pg.Client, url: string, endLsn: string): Promise<number> {
  const slot = await copySlot(client);
  const startedAt = performance.now();
  await run('pg_recvlogical', [
    ...['--dbname', url, '--slot', slot, '--start', '--endpos', endLsn, '--no-loop', '--file', '/dev/null'],
    ...['--option', 'proto_version=1', '--option', 'publication_names=bench'],
  ]);
  const seconds = (performance.now() - startedAt) / 1000;
  await client.query('select pg_drop_replication_slot($1)', [slot]);
  return changes / seconds;
}

async function decode(client: pg.Client): Promise<number> {
  const slot = await copySlot(client);
  const startedAt = performance.now();
  const { rows } = await client.query(
    `select count(*) filter (where get_byte(data, 0) in (68, 73, 85))::int as n
       from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', 'bench')`,
    [slot],
  );
  const seconds = (performance.now() - startedAt) / 1000;
  if (rows[0].n !== changes) throw new Error(`decoded ${rows[0].n} changes instead of ${changes}`);
  await client.query('select pg_drop_replication_slot($1)', [slot]);
  return changes / seconds;
}

let slots = 0;

async function copySlot(client: pg.Client): Promise<string> {
  const slot = `bench_${slots++}`;
  await client.query(`select pg_copy_logical_replication_slot('origin', $1)`, [slot]);
  return slot;
}

function canRun(program: string, args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}

function run(program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${program} failed: ${errors}`))));
  });
}
