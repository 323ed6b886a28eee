import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../kernel/time.js';
import { createScheduler, type SchedulerDeps } from '../../../scheduler/loop.js';
import { database } from '../../../scheduler/store/database.js';
import { ask, isUniqueViolation, run, type Script, type StoreDriver } from '../../../scheduler/store/driver.js';
import { openPostgresStore } from '../../../scheduler/store/postgres-driver.js';
import { openSqliteStore } from '../../../scheduler/store/sqlite-driver.js';
import { createVault } from '../../../scheduler/store/vault.js';
import { chain, dag } from '../../support/dag-builder.js';
import { testDatabase } from '../../support/postgres.js';
import { noEffects, tester } from '../../support/scheduler-harness.js';

const stores: [name: string, open: () => Promise<StoreDriver>][] = [
  ['SQLite', openSqlite],
  ['PostgreSQL', async () => closing(await openPostgresStore(await testDatabase()))],
];

describe.each(stores)('the store on %s', (_name, open) => {
  const put = (key: string) =>
    database.insertInto('setting').values({ key, value_json: '"it?s"', updated_at: 1_700_000_000_000 }).compile();
  const all = database.selectFrom('setting').selectAll().orderBy('key').compile();
  function* write(...keys: string[]): Script<number> {
    let changed = 0;
    for (const key of keys) changed += yield* run(put(key));
    return changed + (yield* ask(all)).length;
  }

  it('commits a batch of scripts, but not what of it failed', async () => {
    const store = await open();
    const outcomes = await store.transact([write('a'), write('b', 'b'), write('c')]);
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.value : isUniqueViolation(outcome.error)))).toEqual([
      2,
      true,
      3,
    ]);
    expect(await store.read(all)).toEqual([
      { key: 'a', value_json: '"it?s"', updated_at: 1_700_000_000_000 },
      { key: 'c', value_json: '"it?s"', updated_at: 1_700_000_000_000 },
    ]);
  });

  it('gives new rows ids, and refuses states that do not exist', async () => {
    const store = await open();
    function* asset(): Script<number | undefined> {
      const made = yield* ask(
        database.insertInto('asset').values({ name: 'a', uri: 'u', created_at: 1 }).returning('id').compile(),
      );
      return made[0]?.id;
    }
    expect(await store.transact([asset()])).toEqual([{ ok: true, value: 1 }]);
    function* pool(): Script<number> {
      return yield* run(
        database.insertInto('pool').values({ name: 'p', slots: -5, description: null, include_deferred: 0 }).compile(),
      );
    }
    const [outcome] = await store.transact([pool()]);
    expect(outcome?.ok).toBe(false);
  });

  it('carries a scheduler from the trigger to the end of a run', async () => {
    const store = await open();
    const runs = await runOnce(store, systemClock);
    expect(runs).toEqual([{ state: 'success', done: 3 }]);
  });
});

describe('two schedulers on one PostgreSQL', () => {
  it('are refused: the second hears in one line who has it, until the first is gone', async () => {
    const url = await testDatabase();
    const first = await openPostgresStore(url, { owner: 'host-a:17' });
    const refusal = await openPostgresStore(url, { owner: 'host-b:18' }).then(
      () => undefined,
      (error) => error,
    );
    expect(refusal).toMatchObject({ code: 'SCHEDULER_ELSEWHERE' });
    expect(refusal.message).toMatch(
      /^the metadata database belongs to millrace scheduler host-a:17 \(.*since .* UTC\)$/,
    );
    await first.close();
    closing(await openPostgresStore(url, { owner: 'host-b:18' }));
  });

  it('never write both: whose session ends writes nothing more, stops, and ends what it runs', async () => {
    const url = await testDatabase();
    const first = closing(await openPostgresStore(url, { owner: 'first:1' }));
    const stopped: number[] = [];
    const reports: string[] = [];
    const scheduler = createScheduler({
      ...schedulerDeps(first, systemClock, reports),
      executor: {
        async start() {},
        submit: () => {},
        lookAhead: () => 0,
        cancel: () => {},
        stop: async (drainMs) => void stopped.push(drainMs),
      },
    });
    await scheduler.start();
    await first.transact([write('kept')]);
    function* slow(): Script<number> {
      const changed = yield* run(put('rolled back'));
      yield* ask(CompiledQuery.raw('select pg_sleep(30)'));
      return changed;
    }
    const inFlight = first.transact([slow()]).then(
      () => 'written',
      (error) => error.code,
    );
    await endSession(url, 'first:1');
    expect(await inFlight).toBe('SCHEDULER_ELSEWHERE');
    expect(await first.lost).toMatchObject({ code: 'SCHEDULER_ELSEWHERE' });
    await expect(first.transact([write('late')])).rejects.toMatchObject({ code: 'SCHEDULER_ELSEWHERE' });
    await expect(scheduler.commands.setPaused('d', true, tester)).rejects.toMatchObject({ status: expect.any(Number) });
    expect(stopped).toEqual([0]);
    expect(scheduler.status()).toMatchObject({ isHealthy: false });
    expect(reports).toEqual([expect.stringContaining('the scheduler stops')]);
    const second = closing(await openPostgresStore(url, { owner: 'second:2' }));
    const keys = await second.read(database.selectFrom('setting').select('key').orderBy('key').compile());
    expect(keys.map(({ key }) => key)).toContain('kept');
    expect(keys.map(({ key }) => key)).not.toContain('rolled back');
  });
});

const put = (key: string) =>
  database.insertInto('setting').values({ key, value_json: '1', updated_at: 1_700_000_000_000 }).compile();

function* write(...keys: string[]): Script<number> {
  let changed = 0;
  for (const key of keys) changed += yield* run(put(key));
  return changed;
}

/** Ends a session from outside, as an administrator, a failing host or a proxy does; waits until it has begun its work. */
async function endSession(url: string, owner: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let rowCount = 0; rowCount === 0; ) {
      ({ rowCount } = (await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%' || $1
         and state = 'active' and query like '%pg_sleep%'`,
        [owner],
      )) as { rowCount: number });
    }
  } finally {
    await client.end();
  }
}

async function openSqlite(): Promise<StoreDriver> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-contract-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return closing(openSqliteStore(join(folder, 'metadata.db')));
}

function closing<Store extends StoreDriver>(store: Store): Store {
  onTestFinished(() => store.close());
  return store;
}

async function runOnce(store: StoreDriver, clock: Clock): Promise<unknown[]> {
  const reports: string[] = [];
  const scheduler = createScheduler({
    ...schedulerDeps(store, clock, reports),
    executor: {
      async start() {},
      submit: ({ attemptId, taskId }) =>
        setImmediate(() => {
          const effects = { ...noEffects, xcoms: [{ key: 'return_value', value: taskId }], details: { rows: 1 } };
          const at = clock.now();
          scheduler.listener.onEvent({ kind: 'finished', attemptId, at, outcome: { state: 'success' }, effects });
        }),
      cancel() {},
      async stop() {},
    },
  });
  await scheduler.start();
  const ended = new Promise<void>((resolve) => {
    scheduler.events.listen((event) => {
      if (event.kind === 'dag_run' && (event.to === 'success' || event.to === 'failed')) resolve();
    });
  });
  const dags = [dag({ dagId: 'd', tasks: chain(3, { outlets: [{ name: 'a', uri: 's3://a' }] }) })];
  await scheduler.saveImports({
    files: [{ fileloc: 'd.ts', bundleHash: 'h', dags, source: '' }],
    errors: [],
    removed: [],
  });
  await scheduler.commands.triggerDagRun(
    { dagId: 'd', runId: null, logicalDate: 0, dataInterval: null, runAfter: null, conf: {}, note: null },
    tester,
  );
  await ended;
  await scheduler.stop(0);
  expect(reports).toEqual([]);
  const sql = `select r.state, count(*) as done from dag_run r join task_instance ti on ti.dag_run_id = r.id
    where ti.state = 'success' group by r.state`;
  return store.read(CompiledQuery.raw(sql));
}

function schedulerDeps(store: StoreDriver, clock: Clock, reports: string[]): Omit<SchedulerDeps, 'executor'> {
  return {
    store,
    clock,
    settings: {
      parallelism: 2,
      xcomBytesMax: 1_000,
      logFolder: '/logs',
      bundleFolder: '/bundles',
      taskMemoryMb: 1,
      baseUrl: null,
    },
    newId: () => `attempt-${Math.random()}`,
    hostname: 'test',
    soon: (callback) => setImmediate(callback),
    report: (error, about) => reports.push(`${about}: ${error}`),
    vault: createVault('a secret of at least thirty-two bytes'),
    isParanoid: true,
  };
}
