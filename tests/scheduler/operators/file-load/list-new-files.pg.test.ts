import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../../connectors/object-store.js';
import { type LoadPlace, listNewFiles, loadBatch } from '../../../../scheduler/operators/file-load/index.js';
import { changeEvent, eventTime, jsonl } from '../../../support/change-events.js';
import { testLake } from '../../../support/lake.js';

const minute = 60_000;
const day = 24 * 60 * minute;

describe('listing new files', () => {
  it('finds all pages at first and only what is new later', async () => {
    const lake = await testLake();
    const keys = Array.from({ length: 1203 }, (_, index) => keyOf('2026-01-15', index));
    await put(lake, ...keys);
    const first = await listNewFiles(lake, { now: eventTime });
    expect(first).toMatchObject({ listed: 1203, full: true, more: false });
    expect(first.files.map((file) => file.key)).toEqual(keys);
    await loadBatch(lake, first.files, { runId: 'run' });

    await put(lake, keyOf('2026-01-15', 5000));
    const second = await listNewFiles(lake, { now: eventTime + minute, full: false });
    expect(second).toMatchObject({ listed: 1, full: false });
    expect(second.files.map((file) => file.key)).toEqual([keyOf('2026-01-15', 5000)]);
  }, 60_000);

  it('finds what came after midnight, for the days before, and in folders that are new', async () => {
    const lake = await testLake();
    await put(lake, keyOf('2026-01-10', 1), keyOf('2026-01-14', 1), keyOf('2026-01-15', 1));
    await loadAll(lake);
    await put(
      lake,
      keyOf('2026-01-16', 2),
      keyOf('2026-01-14', 2),
      keyOf('2025-12-01', 2),
      'accounts/a.jsonl/b/c.jsonl',
    );
    const { files } = await listNewFiles(lake, { now: eventTime + day, full: false });
    expect(files.map((file) => file.key)).toEqual([
      'accounts/a.jsonl/b/c.jsonl',
      keyOf('2025-12-01', 2),
      keyOf('2026-01-14', 2),
      keyOf('2026-01-16', 2),
    ]);
  });

  it('finds late files between known keys of old days as soon as a full comparison is cheap, and within a day', async () => {
    const lake = await testLake();
    await put(lake, keyOf('2026-01-02', 1), keyOf('2026-01-02', 3));
    await loadAll(lake);
    await put(lake, keyOf('2026-01-02', 2));
    expect((await listNewFiles(lake, { now: eventTime, full: false })).files).toEqual([]);

    await lake.warehouse.query('update millrace.load_scan set full_ms = 3000');
    expect((await listNewFiles(lake, { now: eventTime + 4 * minute })).full).toBe(false);
    const cheap = await listNewFiles(lake, { now: eventTime + 5 * minute });
    expect(cheap.files.map((file) => file.key)).toEqual([keyOf('2026-01-02', 2)]);

    await lake.warehouse.query(`update millrace.load_scan set full_ms = 1e9, full_at = to_timestamp($1 / 1000.0)`, [
      eventTime,
    ]);
    expect((await listNewFiles(lake, { now: eventTime + day - 1 })).full).toBe(false);
    expect((await listNewFiles(lake, { now: eventTime + day })).full).toBe(true);
  });

  it('gives again what was listed and not loaded, even below keys that were', async () => {
    const lake = await testLake();
    await put(lake, keyOf('2026-01-15', 1), keyOf('2026-01-15', 2), keyOf('2026-01-15', 3));
    const { files } = await listNewFiles(lake, { now: eventTime });
    await loadBatch(lake, files.slice(1), { runId: 'run' });
    const again = await listNewFiles(lake, { now: eventTime, full: false });
    expect(again.files).toEqual(files.slice(0, 1));
    await loadBatch(lake, again.files, { runId: 'run' });
    expect((await listNewFiles(lake, { now: eventTime, full: true })).files).toEqual([]);
  });

  it('takes a bounded number of files a run and leaves none behind', async () => {
    const lake = await testLake();
    const keys = Array.from({ length: 25 }, (_, index) => keyOf('2026-01-15', index + 1));
    await put(lake, ...keys);
    const seen: string[] = [];
    for (let run = 0; run < 3; run++) {
      const listed = await listNewFiles(lake, { now: eventTime, filesMax: 10 });
      expect(listed).toMatchObject({ more: run < 2, full: run === 2 });
      seen.push(...listed.files.map((file) => file.key));
      await loadBatch(lake, listed.files, { runId: 'run' });
    }
    expect(seen).toEqual(keys);
  });

  it('takes a replaced object again', async () => {
    const lake = await testLake();
    await put(lake, keyOf('2026-01-15', 1));
    await loadAll(lake);
    await lake.store.put(keyOf('2026-01-15', 1), Buffer.from(jsonl([event(1), event(2)])));
    const { files } = await listNewFiles(lake, { now: eventTime + day });
    expect(await loadBatch(lake, files, { runId: 'run' })).toMatchObject({ tables: [{ rows: 1, skippedRows: 1 }] });
  });

  it('does not read the whole bucket to find what is new', async () => {
    const lake = await testLake();
    for (let date = 10; date < 16; date++) {
      await put(lake, ...Array.from({ length: 20 }, (_, index) => keyOf(`2026-01-${date}`, date * 100 + index)));
    }
    await loadAll(lake);
    const asked: string[] = [];
    const counting: ObjectStore = {
      ...lake.store,
      list(prefix, options) {
        asked.push(`${prefix} after ${options?.startAfter}`);
        return lake.store.list(prefix, options);
      },
    };
    expect(await listNewFiles({ ...lake, store: counting }, { now: eventTime, full: false })).toMatchObject({
      listed: 0,
    });
    expect(asked).toEqual(
      [13, 14, 15].map((date) => `customers/date=2026-01-${date}/ after ${keyOf(`2026-01-${date}`, date * 100 + 19)}`),
    );
  });
});

function event(lsn: number) {
  return changeEvent({ lsn, after: { id: lsn } });
}

function keyOf(date: string, lsn: number): string {
  return `customers/date=${date}/customers-${String(lsn).padStart(6, '0')}.jsonl`;
}

async function put(lake: LoadPlace, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    await lake.store.put(key, Buffer.from(jsonl([event(Number(/(\d+)\.jsonl$/.exec(key)?.[1] ?? 9))])));
  }
}

async function loadAll(lake: LoadPlace): Promise<void> {
  const { files } = await listNewFiles(lake, { now: eventTime, full: true });
  await loadBatch(lake, files, { runId: 'run' });
}
