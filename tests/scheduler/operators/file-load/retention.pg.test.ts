import { expect, it } from 'vitest';
import {
  deleteLoadedObjects,
  deleteOldEvents,
  type LoadPlace,
  listNewFiles,
  loadBatch,
} from '../../../../scheduler/operators/file-load/index.js';
import { changeEvent, eventObject, eventTime } from '../../../support/change-events.js';
import { testLake } from '../../../support/lake.js';

const day = 24 * 3600 * 1000;

it('deletes what was loaded long ago, and only that', async () => {
  const lake = await testLake();
  const [old, truncate, bad, fresh] = [
    eventObject([changeEvent({ lsn: 1, after: { id: 1 } })]),
    eventObject([changeEvent({ lsn: 2, op: 't' })]),
    { key: 'customers/date=2026-01-15/customers-bad.jsonl', body: Buffer.from('{') },
    eventObject([changeEvent({ lsn: 3, after: { id: 3 } })]),
  ] as const;
  for (const { key, body } of [old, truncate, bad]) await lake.store.put(key, body);
  await loadAll(lake);
  await lake.warehouse.query(`update millrace.load_ledger set loaded_at = loaded_at - interval '10 days'`);
  await lake.store.put(fresh.key, fresh.body);
  await loadAll(lake);

  expect(await deleteLoadedObjects(lake, Date.now() - 20 * day)).toBe(0);
  // The objects themselves are as old as this test: what counts is when they were loaded.
  expect(await deleteLoadedObjects(lake, Date.now() - day)).toBe(0);
  await lake.warehouse.query(`update millrace.load_ledger set loaded_at = now() + interval '3 days' where key = $1`, [
    fresh.key,
  ]);
  expect(await deleteLoadedObjects(lake, Date.now() + day)).toBe(2);
  const left: string[] = [];
  for await (const object of lake.store.list('')) left.push(object.key);
  expect(left.sort()).toEqual([bad.key, fresh.key].sort());

  expect(await deleteOldEvents(lake.warehouse, Date.now() - day)).toBe(1);
  expect(await deleteOldEvents(lake.warehouse, Date.now() - day)).toBe(0);
  const { rows } = await lake.warehouse.query('select lsn, op from raw.customers order by lsn');
  expect(rows).toEqual([
    { lsn: 2, op: 't' },
    { lsn: 3, op: 'c' },
  ]);
  expect((await listNewFiles(lake, { now: eventTime, full: true })).files).toEqual([]);
});

async function loadAll(lake: LoadPlace): Promise<void> {
  const { files } = await listNewFiles(lake, { now: eventTime, full: true });
  await loadBatch(lake, files, { runId: 'run' });
}
