import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import type { ObjectStore } from '../../../connectors/object-store.js';
import { openFileStore } from '../../../connectors/object-store-file.js';
import { systemClock } from '../../../kernel/time.js';
import { type Capture, type CaptureOptions, startCapture } from '../../../sources/cdc/capture.js';
import { readCheckpoint } from '../../../sources/cdc/checkpoint.js';
import { type ChangeEvent, parseObjectKey } from '../../../sources/cdc/envelope.js';
import type { CdcStatus } from '../../../sources/cdc/status.js';
import { testDatabase } from '../../support/postgres.js';

/** A database, an empty store and what is needed to capture the one into the other; gone after the test. */
export interface Bench {
  url: string;
  client: pg.Client;
  store: ObjectStore;
  folder: string;
  options: CaptureOptions;
  statuses: CdcStatus[];
  warnings: string[];
}

let slots = 0;

export async function captureBench(tables: string[], overrides: Partial<CaptureOptions> = {}): Promise<Bench> {
  const url = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-cdc-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  const slot = `test_${process.pid}_${slots++}`;
  onTestFinished(async () => {
    await dropSlot(client, slot);
    await client.end();
  });
  const store = await openFileStore(join(folder, 'lake'));
  const statuses: CdcStatus[] = [];
  const warnings: string[] = [];
  const options: CaptureOptions = {
    sourceUrl: url,
    store,
    slot,
    publication: slot,
    tables,
    stateFolder: join(folder, 'state'),
    rotation: { rows: 100_000, bytes: 64 * 1024 * 1024, ageMs: 100 },
    gzip: true,
    clock: systemClock,
    onStatus: (status) => statuses.push(status),
    onWarning: (warning) => warnings.push(warning),
    ...overrides,
  };
  return { url, client, store, folder, options, statuses, warnings };
}

/** Starts capture; it is stopped after the test at the latest. */
export function capture(options: CaptureOptions): Capture {
  const running = startCapture(options);
  onTestFinished(() => running.stop().catch(() => {}));
  return running;
}

/** Waits until everything that is committed now is durable in the store. */
export async function caughtUp(bench: Bench, timeoutMs = 20_000): Promise<void> {
  const { rows } = await bench.client.query('select pg_current_wal_insert_lsn() as lsn');
  await eventually(async () => {
    const { rowCount } = await bench.client.query(
      'select from pg_replication_slots where slot_name = $1 and active and confirmed_flush_lsn >= $2',
      [bench.options.slot, rows[0].lsn],
    );
    // A slot confirms its own beginning before the rows of the snapshot are durable.
    return rowCount === 1 && (await readCheckpoint(bench.options.stateFolder))?.snapshot === 'done';
  }, timeoutMs);
}

export async function eventually(condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`did not come true within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** All events of a table in the store, in the order of its keys. */
export async function eventsOf(store: ObjectStore, table: string): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = [];
  for await (const { key } of store.list(`${table}/`)) {
    for (const line of await linesOf(store, key)) events.push(JSON.parse(line));
  }
  return events;
}

export async function linesOf(store: ObjectStore, key: string): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of await store.get(key)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const text = (key.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').slice(0, -1);
}

export async function keysOf(store: ObjectStore, table: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${table}/`)) keys.push(key);
  return keys;
}

/** Throws unless the keys say what the objects hold, and every position occurs once, in order. */
export async function checkPositions(store: ObjectStore, table: string): Promise<void> {
  let previous = { lsn: -1, seq: -1 };
  const keys = await keysOf(store, table);
  for (const text of keys) {
    const key = parseObjectKey(text);
    const events = (await linesOf(store, text)).map((line) => JSON.parse(line) as ChangeEvent);
    const places = events.map(({ source }) => ({ lsn: source.commit_lsn, seq: source.seq }));
    const [first, last] = [places[0], places.at(-1)];
    if (!key || !first || !last) throw new Error(`${text} is empty or not named as it should be`);
    if (Number(key.first.lsn) !== first.lsn || key.first.seq !== first.seq) throw new Error(`${text}: first`);
    if (Number(key.last.lsn) !== last.lsn || key.last.seq !== last.seq) throw new Error(`${text}: last`);
    for (const place of places) {
      const isLater = place.lsn > previous.lsn || (place.lsn === previous.lsn && place.seq > previous.seq);
      if (!isLater)
        throw new Error(`${text}: ${JSON.stringify(place)} does not come after ${JSON.stringify(previous)}`);
      previous = place;
    }
    const dates = new Set(events.map(({ source }) => new Date(source.ts_ms).toISOString().slice(0, 10)));
    if (dates.size !== 1 || !dates.has(key.date)) throw new Error(`${text} holds events of ${[...dates]}`);
  }
}

/** Rows as the events tell them, by the JSON of their key. */
export function replay(events: ChangeEvent[], key: string): Map<string, Record<string, unknown>> {
  const rows = new Map<string, Record<string, unknown>>();
  for (const { op, before, after } of events) {
    if (op === 't') rows.clear();
    else if (op === 'd') rows.delete(JSON.stringify(before?.[key]));
    else if (after) rows.set(JSON.stringify(after[key]), after);
  }
  return rows;
}

/** Events whose row before is not the row that the events until then tell: a version is missing, or told twice. */
export function brokenLinks(events: ChangeEvent[], key: string): ChangeEvent[] {
  const rows = new Map<string, string>();
  return events.filter(({ op, before, after }) => {
    const id = JSON.stringify((after ?? before)?.[key]);
    const known = rows.get(id);
    if (op === 't') rows.clear();
    else if (op === 'd') rows.delete(id);
    else rows.set(id, JSON.stringify(after));
    if (op === 'u' || op === 'd') return known !== JSON.stringify(before);
    return op === 'c' && known !== undefined;
  });
}

async function dropSlot(client: pg.Client, slot: string): Promise<void> {
  await eventually(async () => {
    const { rows } = await client.query(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active`,
      [slot],
    );
    if (rows.length > 0) return true;
    return (await client.query('select from pg_replication_slots where slot_name = $1', [slot])).rowCount === 0;
  });
}
