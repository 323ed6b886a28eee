import { describe, expect, it } from 'vitest';
import type { SerializedDag } from '../../../scheduler/model/dag.js';
import { chain, dag } from '../../support/dag-builder.js';
import { clearing, marking } from '../../support/requests.js';
import {
  type Behaviour,
  failed,
  type Harness,
  returned,
  startHarness,
  tester,
} from '../../support/scheduler-harness.js';

const success = returned(null);
const day = (number: number) => Date.UTC(2026, 0, number);
const failing =
  (...taskIds: string[]): Behaviour =>
  (request) =>
    taskIds.includes(request.taskId) ? failed() : success;

/** a > b > c, and a group g of g.x > g.y after c. */
const wide = dag({
  dagId: 'd',
  groups: [
    { groupId: 'g', displayName: 'g', parentId: null, tooltip: null, expand: null },
    { groupId: 'g.inner', displayName: 'inner', parentId: 'g', tooltip: null, expand: null },
  ],
  tasks: [
    { taskId: 'a' },
    { taskId: 'b', upstream: ['a'] },
    { taskId: 'c', upstream: ['b'] },
    { taskId: 'g.x', groupId: 'g', upstream: ['c'] },
    { taskId: 'g.inner.y', groupId: 'g.inner', upstream: ['g.x'] },
  ],
});

async function threeDays(declared: SerializedDag = wide): Promise<Harness> {
  const h = await startHarness({ now: day(10) });
  await h.declare(declared);
  for (const number of [1, 2, 3]) await h.trigger('d', { runId: `day${number}`, logicalDate: day(number) });
  return h;
}

const named = (cleared: { runId: string; taskId: string }[]) => cleared.map((one) => `${one.runId} ${one.taskId}`);

describe('a clear', () => {
  it.each([
    ['one task', { taskIds: ['b'] }, ['b']],
    ['with what is upstream', { taskIds: ['b'], includeUpstream: true }, ['a', 'b']],
    ['with what is downstream', { taskIds: ['b'], includeDownstream: true }, ['b', 'c', 'g.x', 'g.inner.y']],
    ['a group with the groups in it', { taskIds: ['g'] }, ['g.x', 'g.inner.y']],
    ['all tasks', {}, ['a', 'b', 'c', 'g.x', 'g.inner.y']],
  ])('%s', async (_what, wish, expected) => {
    const h = await threeDays();
    const cleared = await h.scheduler.commands.clearTaskInstances(clearing({ runId: 'day2', ...wish }), tester);
    expect(cleared.map((one) => one.taskId)).toEqual(expected);
    await h.settled();
    expect(h.executor.submitted.slice(15).map((one) => `${one.runId} ${one.taskId}`)).toEqual(
      expected.map((taskId) => `day2 ${taskId}`),
    );
    expect(await h.rows('select distinct clear_number from dag_run where run_id <> ?', 'day2')).toEqual([
      { clear_number: 0 },
    ]);
  });

  it('of the past and the future reaches the runs of the DAG by their logical dates', async () => {
    const h = await threeDays();
    const clear = (wish: object) =>
      h.scheduler.commands.clearTaskInstances(
        clearing({ runId: 'day2', taskIds: ['b'], dryRun: true, ...wish }),
        tester,
      );
    expect(named(await clear({ includePast: true }))).toEqual(['day1 b', 'day2 b']);
    expect(named(await clear({ includeFuture: true }))).toEqual(['day2 b', 'day3 b']);
    expect(named(await clear({ runId: null }))).toEqual(['day1 b', 'day2 b', 'day3 b']);
    const undated = await h.trigger('d');
    await expect(clear({ runId: undated, includePast: true })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('of what runs or what failed leaves the rest alone', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) => (request.taskId === 'b' ? 'hold' : request.taskId === 'a' ? failed() : success);
    await h.declare(
      dag({ dagId: 'd', tasks: [{ taskId: 'a' }, { taskId: 'b' }, { taskId: 'c' }, { taskId: 'd', upstream: ['a'] }] }),
    );
    const runId = await h.trigger('d');
    const clear = (wish: object) => h.scheduler.commands.clearTaskInstances(clearing({ runId, ...wish }), tester);
    expect((await clear({ onlyRunning: true, dryRun: true })).map((one) => one.taskId)).toEqual(['b']);
    expect((await clear({ onlyFailed: true, dryRun: true })).map((one) => one.taskId)).toEqual(['a', 'd']);
    const [before] = await h.rows<{ started_at: number }>('select started_at, state from dag_run');
    await h.advanceBy(1_000);
    await clear({ taskIds: ['c'] });
    await h.settled();
    // A run that goes on keeps its state and its start; that it was queued again is noted.
    expect(await h.rows('select started_at, state, queued_at, clear_number from dag_run')).toEqual([
      { ...before, queued_at: h.clock.now(), clear_number: 1 },
    ]);
  });

  it('names the task or group that the version does not have', async () => {
    const h = await threeDays();
    await expect(
      h.scheduler.commands.clearTaskInstances(clearing({ runId: 'day1', taskIds: ['nowhere'] }), tester),
    ).rejects.toMatchObject({ code: 'TASK_INSTANCE_NOT_FOUND' });
  });

  it('keeps each try that it ends, and gives the task all of its retries again', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => failed();
    await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'a', retries: 2, retryDelayMs: 1_000 }] }));
    const runId = await h.trigger('d');
    await h.scheduler.commands.clearDagRun({ dagId: 'd', runId, onlyFailed: false, dryRun: false }, tester);
    await h.advanceBy(60_000);
    // Airflow's table: cleared at try 1 with 2 retries, the last try is the third from there.
    expect(await h.rows('select try_number, max_tries from task_instance')).toEqual([{ try_number: 4, max_tries: 3 }]);
    expect(await h.rows('select try_number, state from task_instance_history order by try_number')).toEqual([
      { try_number: 1, state: 'up_for_retry' },
      { try_number: 2, state: 'up_for_retry' },
      { try_number: 3, state: 'up_for_retry' },
    ]);
  });

  it('of work also clears the setups and teardowns in whose scope it is', async () => {
    const h = await startHarness();
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'up', isSetup: true },
          { taskId: 'work', upstream: ['up'] },
          { taskId: 'more', upstream: ['work'] },
          {
            taskId: 'down',
            upstream: ['more'],
            setups: ['up'],
            isTeardown: true,
            triggerRule: 'all_done_setup_success',
          },
          { taskId: 'outside', upstream: ['down'] },
        ],
      }),
    );
    const runId = await h.trigger('d');
    const cleared = await h.scheduler.commands.clearTaskInstances(clearing({ runId, taskIds: ['work'] }), tester);
    expect(cleared.map((one) => one.taskId)).toEqual(['up', 'work', 'down']);
    await h.settled();
    expect(h.executor.submitted.slice(5).map((one) => one.taskId)).toEqual(['up', 'work', 'down']);
  });
});

describe('a mark', () => {
  it('of a task failed lets what follows be decided anew', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) => (request.taskId === 'slow' ? 'hold' : failing('b')(request));
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'a' },
          { taskId: 'slow' },
          { taskId: 'b', upstream: ['a'] },
          { taskId: 'c', upstream: ['b', 'slow'] },
        ],
      }),
    );
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toMatchObject({ b: 'failed', c: 'upstream_failed' });
    await h.scheduler.commands.markTaskInstances(marking({ runId, taskId: 'a', state: 'failed' }), tester);
    await h.settled();
    // What had failed below is cleared, and now fails because of `a`; that `slow` runs changes nothing.
    expect(await h.states('d', runId)).toEqual({
      a: 'failed',
      slow: 'running',
      b: 'upstream_failed',
      c: 'upstream_failed',
    });
    h.executor.finish('slow');
    await h.settled();
    expect(await h.runState('d', runId)).toBe('failed');
  });

  it('of a running task ends its attempt, and what it still reports is not taken', async () => {
    const h = await startHarness({ behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const runId = await h.trigger('d');
    h.executor.cancel = (attemptId) => void h.executor.cancelled.push(attemptId);
    await h.scheduler.commands.markTaskInstances(marking({ runId, taskId: 't0', state: 'failed' }), tester);
    await h.settled();
    expect(h.executor.cancelled).toHaveLength(1);
    expect(await h.runState('d', runId)).toBe('failed');
    h.executor.finish('t0', returned('late'));
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'failed', t1: 'upstream_failed' });
    expect(await h.rows('select * from xcom')).toEqual([]);
  });

  it.each([
    ['one task', { taskId: 'b' }, ['day2 b']],
    ['a group', { taskId: 'g' }, ['day2 g.x', 'day2 g.inner.y']],
    ['with what is upstream', { taskId: 'b', includeUpstream: true }, ['day2 b', 'day2 a']],
    ['with what is downstream', { taskId: 'c', includeDownstream: true }, ['day2 c', 'day2 g.x', 'day2 g.inner.y']],
    ['in past runs', { taskId: 'b', includePast: true }, ['day1 b', 'day2 b']],
    ['in future runs', { taskId: 'b', includeFuture: true }, ['day2 b', 'day3 b']],
  ])('%s', async (_what, wish, expected) => {
    const h = await threeDays();
    const request = marking({ runId: 'day2', state: 'failed', ...wish });
    const would = await h.scheduler.commands.markTaskInstances({ ...request, dryRun: true }, tester);
    expect(named(would)).toEqual(expected);
    expect(await h.rows("select * from task_instance where state = 'failed'")).toEqual([]);
    await h.scheduler.commands.markTaskInstances(request, tester);
    const rows = await h.rows<{ run_id: string; task_id: string }>(
      `select run_id, task_id from task_instance ti join dag_run r on r.id = ti.dag_run_id where ti.state = 'failed'`,
    );
    expect(rows.map((row) => `${row.run_id} ${row.task_id}`).sort()).toEqual([...expected].sort());
  });

  it('keeps when a task ran, and forgets an error that is none any more', async () => {
    const h = await startHarness({ behaviour: () => failed('no rows') });
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    const began = h.clock.now();
    await h.advanceBy(60_000);
    const row = async () => (await h.rows('select started_at, ended_at, error from task_instance'))[0];
    expect(await row()).toEqual({ started_at: began, ended_at: began, error: 'Error: no rows' });
    await h.scheduler.commands.markTaskInstances(marking({ runId, taskId: 't0', state: 'success' }), tester);
    expect(await row()).toEqual({ started_at: began, ended_at: began, error: null });
  });

  it('of one index of a mapped task leaves the others alone', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => failed();
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'm', expand: { kind: 'product', over: { x: { literal: [1, 2] } } } },
          { taskId: 'after', upstream: ['m'], triggerRule: 'one_success' },
        ],
      }),
    );
    const runId = await h.trigger('d');
    h.executor.behaviour = () => success;
    await h.scheduler.commands.markTaskInstances(
      marking({ runId, taskId: 'm', mapIndex: 1, state: 'success' }),
      tester,
    );
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ 'm[0]': 'failed', 'm[1]': 'success', after: 'success' });
  });

  const scoped = dag({
    dagId: 'd',
    tasks: [
      { taskId: 'up', isSetup: true },
      { taskId: 'work', upstream: ['up'] },
      { taskId: 'end', upstream: ['work'] },
      { taskId: 'down', upstream: ['end'], setups: ['up'], isTeardown: true, triggerRule: 'all_done_setup_success' },
    ],
  });

  it.each([
    ['success', { up: 'success', work: 'success', end: 'success', down: 'success' }],
    ['failed', { up: 'success', work: 'failed', end: 'failed', down: 'success' }],
  ] as const)('of a run as %s lets its teardowns run, and then ends it so', async (state, expected) => {
    const h = await startHarness();
    h.executor.behaviour = (request) => (request.taskId === 'work' ? 'hold' : success);
    await h.declare(scoped);
    const runId = await h.trigger('d');
    h.executor.behaviour = () => 'hold';
    await h.scheduler.commands.setDagRunState('d', runId, state, tester);
    await h.settled();
    expect(await h.runState('d', runId)).toBe('running');
    h.executor.finish('down');
    await h.settled();
    expect(await h.states('d', runId)).toEqual(expected);
    expect(await h.runState('d', runId)).toBe(state);
  });

  it('of a run as failed ends it as failed also when nothing of it ran at that moment', async () => {
    let h = await startHarness();
    h.executor.behaviour = (request) =>
      request.taskId === 'work' ? { outcome: { state: 'up_for_reschedule', at: h.clock.now() + 60_000 } } : success;
    await h.declare(scoped);
    const runId = await h.trigger('d');
    h.executor.behaviour = () => 'hold';
    await h.scheduler.commands.setDagRunState('d', runId, 'failed', tester);
    h = await h.crash(() => success);
    expect(await h.states('d', runId)).toEqual({ up: 'success', work: 'failed', end: 'failed', down: 'success' });
    expect(await h.runState('d', runId)).toBe('failed');
  });

  it('of a run as queued only lets it go on: nothing is cleared', async () => {
    const h = await startHarness({ behaviour: failing('t1') });
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const runId = await h.trigger('d');
    await h.advanceBy(60_000);
    await h.scheduler.commands.setDagRunState('d', runId, 'queued', tester);
    await h.settled();
    // Nothing was left to do: it ends as before, with a new start and end.
    expect(await h.runState('d', runId)).toBe('failed');
    expect(await h.rows('select started_at, ended_at from dag_run')).toEqual([
      { started_at: h.clock.now(), ended_at: h.clock.now() },
    ]);
    expect(h.executor.submitted).toHaveLength(2);
    expect(await h.rows('select clear_number from dag_run')).toEqual([{ clear_number: 0 }]);
  });
});

describe('a note', () => {
  it('is set, changed and removed, on runs that are alive and runs that are over', async () => {
    const h = await startHarness({ behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d', { note: 'from the start' });
    const { setNote } = h.scheduler.commands;
    const notes = async () => [
      ...(await h.rows('select note from dag_run')),
      ...(await h.rows('select note from task_instance')),
    ];
    expect(await notes()).toEqual([{ note: 'from the start' }, { note: null }]);
    await setNote({ dagId: 'd', runId }, 'watch this', tester);
    await setNote({ dagId: 'd', runId, taskId: 't0' }, 'slow today', tester);
    h.executor.finish('t0');
    await h.settled();
    expect(await notes()).toEqual([{ note: 'watch this' }, { note: 'slow today' }]);
    await setNote({ dagId: 'd', runId }, null, tester);
    expect(await notes()).toEqual([{ note: null }, { note: 'slow today' }]);
    await expect(setNote({ dagId: 'd', runId: 'none' }, 'x', tester)).rejects.toMatchObject({
      code: 'DAG_RUN_NOT_FOUND',
    });
    await expect(setNote({ dagId: 'd', runId, taskId: 'none' }, 'x', tester)).rejects.toMatchObject({
      code: 'TASK_INSTANCE_NOT_FOUND',
    });
  });
});
