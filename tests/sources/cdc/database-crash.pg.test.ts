import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { makeHome, postgresFolders } from '../../../cli/home.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../connectors/embedded-postgres.js';
import { openFileStore } from '../../../connectors/object-store-file.js';
import { silentLog } from '../../../kernel/log.js';
import { systemClock } from '../../../kernel/time.js';
import type { CdcStatus } from '../../../sources/cdc/status.js';
import { brokenLinks, capture, checkPositions, eventsOf, eventually, replay } from './captured.js';

it('keeps every committed change when the database itself is killed', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-'));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let server = await start(folder, 0);
  onTestFinished(() => server.stop());
  const url = server.url('crash');
  await query(
    url,
    'create table pets (id int primary key, n int not null default 0); alter table pets replica identity full',
  );
  const store = await openFileStore(join(folder, 'lake'));
  const statuses: CdcStatus[] = [];
  capture({
    sourceUrl: url,
    store,
    slot: 'crash',
    publication: 'crash',
    tables: ['pets'],
    stateFolder: join(folder, 'state'),
    rotation: { rows: 100_000, bytes: 1 << 26, ageMs: 300 },
    gzip: true,
    clock: systemClock,
    onStatus: (status) => statuses.push(status),
  });
  const acknowledged = new Map<number, number>();
  let isWriting = true;
  const writing = write(url, acknowledged, () => isWriting);
  for (let crash = 0; crash < 3; crash++) {
    const written = acknowledged.size;
    await eventually(async () => statuses.at(-1)?.state === 'streaming' && acknowledged.size > written + 200, 60_000);
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    server = await start(folder, server.port);
  }
  await eventually(async () => statuses.at(-1)?.state === 'streaming', 60_000);
  isWriting = false;
  await writing;
  const [{ lsn } = { lsn: '' }] = await query(url, 'select pg_current_wal_insert_lsn() as lsn');
  await eventually(async () => {
    const [row] = await query(url, `select confirmed_flush_lsn >= '${lsn}' as passed from pg_replication_slots`);
    return row?.['passed'] === true;
  });
  await checkPositions(store, 'pets');
  const events = await eventsOf(store, 'pets');
  expect(brokenLinks(events, 'id')).toEqual([]);
  const rows = replay(events, 'id');
  expect([...rows.values()].sort((a, b) => Number(a['id']) - Number(b['id']))).toEqual(
    await query(url, 'select id, n from pets order by id'),
  );
  // What the database said to have committed is there; it may hold more, whose answer was lost.
  for (const [id, n] of acknowledged) expect(Number(rows.get(String(id))?.['n'])).toBeGreaterThanOrEqual(n);
});

function start(folder: string, port: number): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    ...postgresFolders(makeHome(join(folder, 'home'))),
    port,
    portMayMove: port === 0,
    password: 'crash',
    databases: ['crash'],
    logPath: join(folder, 'postgres.log'),
    clock: systemClock,
    log: silentLog,
  });
}

/** Inserts and updates rows one commit at a time, over crashes, noting what was answered. */
async function write(url: string, acknowledged: Map<number, number>, goesOn: () => boolean): Promise<void> {
  let id = 0;
  while (goesOn()) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      while (goesOn()) {
        id++;
        await client.query('insert into pets values ($1)', [id]);
        acknowledged.set(id, 0);
        await client.query('update pets set n = n + 1 where id = $1', [id]);
        acknowledged.set(id, 1);
      }
    } catch (error) {
      // The server is down or starts again: that is what this test is about. Anything else is a fault.
      if (error instanceof pg.DatabaseError && !/^(57|08)/.test(error.code ?? '')) throw error;
    } finally {
      await client.end().catch(() => {});
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query(sql);
    return Array.isArray(result) ? [] : result.rows;
  } finally {
    await client.end();
  }
}
