import { expect, it } from 'vitest';
import { chain, dag } from '../support/dag-builder.js';
import { startHarness } from '../support/scheduler-harness.js';

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

it('waits for a full disk, says so, and goes on by itself', async () => {
  const h = await startHarness();
  await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
  const transact = h.store.transact.bind(h.store);
  h.store.transact = async () => {
    throw new Error('database or disk is full');
  };
  const wish = { dagId: 'd', runId: 'r', logicalDate: null, dataInterval: null, runAfter: null, conf: {}, note: null };
  let isAnswered = false;
  const asked = h.scheduler.commands.triggerDagRun(wish, { user: 'x', via: 'test' }).then(() => {
    isAnswered = true;
  });
  for (let second = 0; second < 3; second++) {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(h.scheduler.status()).toMatchObject({ isHealthy: false, storeError: 'database or disk is full' });
    h.clock.advanceBy(1_000);
  }
  expect(isAnswered).toBe(false);
  expect(h.reports.length).toBeGreaterThan(0);
  h.reports.length = 0;
  h.store.transact = transact;
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  h.reports.length = 0;
  h.clock.advanceBy(1_000);
  await asked;
  await h.settled();
  expect(await h.runState('d', 'r')).toBe('success');
  expect(h.scheduler.status()).toMatchObject({ isHealthy: true, storeError: null });
});
