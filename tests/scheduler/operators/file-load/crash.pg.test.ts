import { expect, it } from 'vitest';
import type { Postgres, PostgresSession } from '../../../../connectors/postgres.js';
import { type LoadPlace, listNewFiles, loadBatch } from '../../../../scheduler/operators/file-load/index.js';
import { changeEvent, eventObject, eventTime } from '../../../support/change-events.js';
import { testLake } from '../../../support/lake.js';

/** Ends the connection before the n-th step (or, at the very end of a transaction, after its commit), like a crash. */
function crashing(warehouse: Postgres, crashAt: number): { warehouse: Postgres; steps: () => number } {
  let steps = 0;
  const step = async (session: PostgresSession | undefined) => {
    steps += 1;
    if (steps < crashAt) return;
    if (session) await session.query('select pg_terminate_backend(pg_backend_pid())').catch(() => {});
    throw new Error('crash');
  };
  const sessionOf = (session: PostgresSession, own: PostgresSession | undefined): PostgresSession => ({
    async query(sql, parameters) {
      await step(own);
      return session.query(sql, parameters);
    },
    async copyFrom(target, source, options) {
      await step(own);
      return session.copyFrom(target, source, options);
    },
  });
  return {
    steps: () => steps,
    warehouse: {
      ...warehouse,
      ...sessionOf(warehouse, undefined),
      async transaction(work) {
        const result = await warehouse.transaction(async (session) => {
          const done = await work(sessionOf(session, session));
          await step(session);
          return done;
        });
        await step(undefined);
        return result;
      },
    },
  };
}

it('loads every event exactly once, wherever it crashes', async () => {
  const lake = await testLake();
  const event = (lsn: number) => changeEvent({ lsn, after: { id: lsn } });
  const objects = [
    eventObject([event(1), event(2)]),
    eventObject([event(2), event(3)]),
    { key: 'customers/date=2026-01-15/customers-bad.jsonl', body: Buffer.from('{') },
    eventObject([event(4), event(5), event(6)]),
  ];
  let trials = 0;
  for (let crashAt = 1; ; crashAt++) {
    for (const { key, body } of objects) await lake.store.put(key, body);
    const attempt = crashing(lake.warehouse, crashAt);
    const crashed = await work({ ...lake, warehouse: attempt.warehouse }).then(
      () => false,
      () => true,
    );
    await work(lake);
    await expectEachOnce(lake);
    await forget(lake);
    trials += 1;
    if (!crashed) break;
  }
  expect(trials).toBeGreaterThan(40);
}, 120_000);

async function work(lake: LoadPlace): Promise<void> {
  const { files } = await listNewFiles(lake, { now: eventTime });
  await loadBatch(lake, files, { runId: 'run' });
}

async function expectEachOnce({ warehouse }: LoadPlace): Promise<void> {
  expect((await warehouse.query('select lsn from raw.customers order by lsn')).rows).toEqual(
    [1, 2, 3, 4, 5, 6].map((lsn) => ({ lsn })),
  );
  const { rows } = await warehouse.query(
    `select (select count(*) from millrace.load_ledger) as ledger,
            (select sum(rows - skipped_rows)::int from millrace.load_ledger) as events,
            (select count(*) from millrace.load_ledger where load_seq is null) as unnumbered,
            (select count(*) from millrace.load_quarantine) as quarantined,
            (select count(*) from millrace.load_pending) as pending,
            (select count(*) from raw.customers where file_id not in (select file_id from millrace.load_ledger)) as strays`,
  );
  expect(rows).toEqual([{ ledger: 3, events: 6, unnumbered: 0, quarantined: 1, pending: 0, strays: 0 }]);
}

async function forget({ warehouse }: LoadPlace): Promise<void> {
  await warehouse.query(
    'truncate raw.customers, millrace.load_ledger, millrace.load_quarantine, millrace.load_pending, millrace.load_scan',
  );
}
