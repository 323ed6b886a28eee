import { expect, it } from 'vitest';
import { chain, dag } from '../support/dag-builder.js';
import { type Harness, startHarness, tester } from '../support/scheduler-harness.js';

it('goes through a turn thing by thing when the store refuses it as a whole', async () => {
  const h = await startHarness();
  await h.declare(dag({ dagId: 'd', tasks: chain(3) }));
  const transact = h.store.transact.bind(h.store);
  let refusesNext = true;
  let refusals = 0;
  h.store.transact = async (scripts) => {
    if (!refusesNext) return transact(scripts);
    refusesNext = false;
    refusals += 1;
    return [{ ok: false, error: new Error('refused') }];
  };
  // The reports of each attempt arrive together, and are refused together.
  h.executor.behaviour = () => {
    refusesNext = true;
    return { outcome: { state: 'success' } };
  };
  const runId = await h.trigger('d');
  expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'success', t2: 'success' });
  expect(refusals).toBe(4);
  expect(h.executor.submitted.map((one) => one.taskId)).toEqual(['t0', 't1', 't2']);
});

const full = new Error('database or disk is full');
const wish = (runId: string) => ({
  dagId: 'd',
  runId,
  logicalDate: null,
  dataInterval: null,
  runAfter: null,
  conf: {},
  note: null,
});

/** A store whose disk is full until `empty` is called. */
function fillDisk(h: Harness): { empty(): Promise<void> } {
  const transact = h.store.transact.bind(h.store);
  h.store.transact = async () => {
    throw full;
  };
  return {
    async empty() {
      h.store.transact = transact;
      await turns();
      h.reports.length = 0;
      h.clock.advanceBy(1_000);
      await h.settled();
    },
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it('refuses commands on a full disk with a clear error, and goes on by itself', async () => {
  const h = await startHarness();
  await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
  const disk = fillDisk(h);
  const refusal = { code: 'STORE_UNWRITABLE', status: 503, message: expect.stringContaining('disk is full') };
  // Those of one turn, and those that come while it is tried again.
  const asked = [
    h.scheduler.commands.triggerDagRun(wish('a'), tester),
    h.scheduler.commands.triggerDagRun(wish('b'), tester),
  ];
  const answers = Promise.allSettled(asked);
  await turns();
  expect(await answers).toMatchObject([{ reason: refusal }, { reason: refusal }]);
  for (let second = 0; second < 3; second++) {
    await expect(h.scheduler.commands.triggerDagRun(wish(`c${second}`), tester)).rejects.toMatchObject(refusal);
    await turns();
    expect(h.scheduler.status()).toMatchObject({ isHealthy: false, storeError: 'database or disk is full' });
    h.clock.advanceBy(1_000);
  }
  expect(h.reports.length).toBeGreaterThan(0);
  await disk.empty();
  expect(h.scheduler.status()).toMatchObject({ isHealthy: true, storeError: null });
  expect(await h.rows('select run_id from dag_run')).toEqual([]);
  await h.scheduler.commands.triggerDagRun(wish('d'), tester);
  await h.settled();
  expect(await h.runState('d', 'd')).toBe('success');
});

it('keeps what a task reports while the disk is full, whoever is refused beside it', async () => {
  const h = await startHarness({ behaviour: () => 'hold' });
  await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
  const runId = await h.trigger('d');
  await h.settled();
  const disk = fillDisk(h);
  h.executor.finish('t0');
  const refused = expect(h.scheduler.commands.triggerDagRun(wish('a'), tester)).rejects.toMatchObject({
    code: 'STORE_UNWRITABLE',
  });
  await turns();
  await refused;
  expect((await h.states('d', runId))['t0']).toBe('running');
  await disk.empty();
  expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'running' });
  expect(h.executor.submitted.map(({ taskId }) => taskId)).toEqual(['t0', 't1']);
});
