import { describe, expect, it } from 'vitest';
import type { AttemptRequest } from '../../scheduler/model/attempt.js';
import type { ExpandSpec, SerializedDag } from '../../scheduler/model/dag.js';
import { chain, dag } from '../support/dag-builder.js';
import { type Behaviour, failed, returned, startHarness, tester } from '../support/scheduler-harness.js';

const minute = 60_000;
const success: ReturnType<typeof returned> = { outcome: { state: 'success' } };
const failing =
  (...taskIds: string[]): Behaviour =>
  (request) =>
    taskIds.includes(request.taskId) ? failed() : success;

const clearRequest = {
  mapIndexes: null,
  onlyFailed: false,
  onlyRunning: false,
  includeUpstream: false,
  includeDownstream: false,
  includePast: false,
  includeFuture: false,
  resetDagRuns: true,
  runOnLatestVersion: false,
  dryRun: false,
};

describe('the state of a run', () => {
  it('is that of its leaves: an inner failure is forgiven when the leaf does not mind', async () => {
    const h = await startHarness();
    h.executor.behaviour = failing('a');
    await h.declare(
      dag({ dagId: 'd', tasks: [{ taskId: 'a' }, { taskId: 'b', upstream: ['a'], triggerRule: 'all_done' }] }),
    );
    expect(await h.runState('d', await h.trigger('d'))).toBe('success');
  });

  it('forgives a failed teardown, but not one that says otherwise', async () => {
    for (const onFailureFailDagrun of [false, true]) {
      const h = await startHarness();
      h.executor.behaviour = failing('down');
      await h.declare(
        dag({
          dagId: 'd',
          tasks: [
            { taskId: 'up', isSetup: true },
            { taskId: 'work', upstream: ['up'] },
            {
              taskId: 'down',
              upstream: ['work'],
              setups: ['up'],
              isTeardown: true,
              triggerRule: 'all_done_setup_success',
              onFailureFailDagrun,
            },
          ],
        }),
      );
      expect(await h.runState('d', await h.trigger('d'))).toBe(onFailureFailDagrun ? 'failed' : 'success');
    }
  });

  it('tears down after a failure, and fails because of the work', async () => {
    const h = await startHarness();
    h.executor.behaviour = failing('work');
    await h.declare(
      dag({
        dagId: 'd',
        failFast: true,
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
        ],
      }),
    );
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({ up: 'success', work: 'failed', more: 'skipped', down: 'success' });
    expect(await h.runState('d', runId)).toBe('failed');
  });

  it('is failed by a timeout, which skips what has not ended', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => 'hold';
    await h.declare(dag({ dagId: 'd', tasks: chain(2), dagrunTimeoutMs: 10 * minute }));
    const runId = await h.trigger('d');
    await h.advanceBy(10 * minute);
    expect(await h.runState('d', runId)).toBe('failed');
    expect(await h.states('d', runId)).toEqual({ t0: 'skipped', t1: 'skipped' });
    expect(h.executor.cancelled).toHaveLength(1);
  });
});

describe('branches', () => {
  const branching = dag({
    dagId: 'd',
    tasks: [
      { taskId: 'choose', branches: ['a', 'b'] },
      { taskId: 'a', upstream: ['choose'] },
      { taskId: 'b', upstream: ['choose'] },
      { taskId: 'join', upstream: ['a', 'b', 'choose'], triggerRule: 'none_failed_min_one_success' },
    ],
  });
  const choosing: Behaviour = (request) =>
    request.taskId === 'choose' ? { ...success, effects: { skip: { followed: ['a'] } } } : success;

  it('skip what was not chosen, and run the join', async () => {
    const h = await startHarness();
    h.executor.behaviour = choosing;
    await h.declare(branching);
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({ choose: 'success', a: 'success', b: 'skipped', join: 'success' });
  });

  it('skip again what was skipped when it is cleared alone, also after a restart', async () => {
    let h = await startHarness();
    h.executor.behaviour = choosing;
    await h.declare(branching);
    const runId = await h.trigger('d');
    h = await h.crash();
    await h.scheduler.commands.clearTaskInstances({ ...clearRequest, dagId: 'd', runId, taskIds: ['b'] }, tester);
    await h.settled();
    expect(await h.states('d', runId)).toMatchObject({ b: 'skipped' });
    expect(h.executor.submitted.map((one) => one.taskId)).toEqual([]);
  });

  it.each([
    [true, { gate: 'success', a: 'skipped', b: 'skipped', after: 'skipped' }],
    [false, { gate: 'success', a: 'skipped', b: 'skipped', after: 'success' }],
  ])('a short circuit that ignores trigger rules (%s) skips %o', async (ignoreTriggerRules, expected) => {
    const h = await startHarness();
    h.executor.behaviour = (request) =>
      request.taskId === 'gate' ? { ...success, effects: { skip: { skipped: ['a'], ignoreTriggerRules } } } : success;
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'gate' },
          { taskId: 'a', upstream: ['gate'] },
          { taskId: 'b', upstream: ['a'] },
          { taskId: 'after', upstream: ['b'], triggerRule: 'all_done' },
        ],
      }),
    );
    expect(await h.states('d', await h.trigger('d'))).toEqual(expected);
  });
});

describe('limits', () => {
  const peak = async (wish: Parameters<typeof dag>[0], runs = 1, settings = {}) => {
    const h = await startHarness({ settings });
    h.executor.behaviour = () => 'hold';
    await h.declare(dag(wish));
    for (let run = 0; run < runs; run++) await h.trigger(wish.dagId);
    let most = 0;
    for (let left = 100; left > 0 && h.executor.running.size > 0; left--) {
      most = Math.max(most, h.executor.running.size);
      const one = [...h.executor.running.values()][0] as AttemptRequest;
      h.executor.finish(one.taskId, success, one.mapIndex);
      await h.settled();
    }
    const rows = await h.rows<{ state: string }>('select distinct state from task_instance');
    expect(rows).toEqual([{ state: 'success' }]);
    return most;
  };
  const wide = (length: number, wish = {}) => Array.from({ length }, (_, at) => ({ ...wish, taskId: `t${at}` }));

  it('hold the number of attempts to the parallelism', async () => {
    expect(await peak({ dagId: 'd', tasks: wide(9) }, 1, { parallelism: 3 })).toBe(3);
  });
  it('hold the task instances of a run to max_active_tasks', async () => {
    expect(await peak({ dagId: 'd', tasks: wide(9), maxActiveTasks: 4 })).toBe(4);
  });
  it('hold the runs of a DAG to max_active_runs', async () => {
    expect(await peak({ dagId: 'd', tasks: wide(1), maxActiveRuns: 2 }, 5)).toBe(2);
  });
  it('hold the instances of a task to max_active_tis_per_dag, over all runs', async () => {
    expect(await peak({ dagId: 'd', tasks: wide(1, { maxActiveTisPerDag: 2 }) }, 5)).toBe(2);
  });
  it('hold the instances of a mapped task to max_active_tis_per_dagrun', async () => {
    const expand: ExpandSpec = { kind: 'product', over: { x: { literal: [1, 2, 3, 4, 5, 6] } } };
    expect(await peak({ dagId: 'd', tasks: [{ taskId: 'm', expand, maxActiveTisPerDagrun: 3 }] })).toBe(3);
  });

  it('let a small task pass one that needs more slots of the pool than are free', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => 'hold';
    await h.scheduler.commands.setPool({ name: 'narrow', slots: 3, description: null, includeDeferred: false }, tester);
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'first', pool: 'narrow', poolSlots: 2, priorityWeight: 9 },
          { taskId: 'large', pool: 'narrow', poolSlots: 2, priorityWeight: 5 },
          { taskId: 'small', pool: 'narrow', poolSlots: 1 },
          { taskId: 'never', pool: 'narrow', poolSlots: 4 },
        ],
      }),
    );
    const runId = await h.trigger('d');
    expect([...h.executor.running.values()].map((one) => one.taskId)).toEqual(['first', 'small']);
    const why = (taskId: string) => h.scheduler.explain({ dagId: 'd', runId, taskId, mapIndex: -1 });
    expect((await why('large')).summary).toBe(
      'it waits for a slot: 3 of 3 slots of the pool narrow are taken, and it needs 2',
    );
    expect((await why('never')).summary).toMatch(/needs 4 slots, and the pool narrow has 3/);
    h.executor.finish('first');
    await h.settled();
    expect([...h.executor.running.values()].map((one) => one.taskId)).toEqual(['small', 'large']);
  });

  it('start the weightier first, where the weight of what follows counts', async () => {
    const h = await startHarness({ settings: { parallelism: 1 } });
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'light' },
          { taskId: 'heavy' },
          { taskId: 'x', upstream: ['heavy'] },
          { taskId: 'y', upstream: ['x'] },
        ],
      }),
    );
    await h.trigger('d');
    expect(h.executor.submitted.map((one) => one.taskId)).toEqual(['heavy', 'x', 'light', 'y']);
  });
});

describe('mapping', () => {
  it('skips a task that is mapped over nothing', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => returned([]);
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'list' },
          { taskId: 'm', upstream: ['list'], expand: { kind: 'records', over: { ref: 'list' } } },
          { taskId: 'after', upstream: ['m'] },
        ],
      }),
    );
    expect(await h.states('d', await h.trigger('d'))).toEqual({ list: 'success', m: 'skipped', after: 'skipped' });
  });

  it.each([
    [{ kind: 'product', over: { a: { literal: [1, 2] }, b: { literal: ['x', 'y', 'z'] } } }, 6, { a: 2, b: 'x' }, 3],
    [
      { kind: 'zip', over: { a: { literal: [1, 2] }, b: { literal: ['x'] } }, longest: false, fill: null },
      1,
      { a: 1, b: 'x' },
      0,
    ],
    [
      { kind: 'zip', over: { a: { literal: [1, 2] }, b: { literal: ['x'] } }, longest: true, fill: '-' },
      2,
      { a: 2, b: '-' },
      1,
    ],
    [{ kind: 'records', over: { literal: [{ a: 1 }, { a: 2, b: 3 }] } }, 2, { a: 2, b: 3 }, 1],
  ] as const)('%j makes %i instances', async (expand, length, inputs, mapIndex) => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'm', expand: structuredClone(expand) as never }] }));
    await h.trigger('d');
    expect(h.executor.submitted).toHaveLength(length);
    expect(h.executor.submitted.find((one) => one.mapIndex === mapIndex)?.inputs).toEqual(inputs);
  });

  it('fails a task whose return value others cannot be mapped over', async () => {
    for (const value of ['text', Array.from({ length: 1_025 }, () => 0)]) {
      const h = await startHarness();
      h.executor.behaviour = () => returned(value);
      await h.declare(
        dag({
          dagId: 'd',
          tasks: [
            { taskId: 'list' },
            { taskId: 'm', upstream: ['list'], expand: { kind: 'records', over: { ref: 'list' } } },
          ],
        }),
      );
      expect(await h.states('d', await h.trigger('d'))).toEqual({ list: 'failed', m: 'upstream_failed' });
    }
  });

  it('runs a mapped group depth first, each index by itself, and hands each its element', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) => {
      if (request.taskId === 'g.a' && request.mapIndex === 1) return failed();
      return returned(request.taskId === 'g.a' ? `a${request.inputs['x']}` : null);
    };
    await h.declare(
      dag({
        dagId: 'd',
        groups: [
          {
            groupId: 'g',
            displayName: 'g',
            parentId: null,
            tooltip: null,
            expand: { kind: 'product', over: { x: { literal: [10, 20, 30] } } },
          },
        ],
        tasks: [
          { taskId: 'g.a', groupId: 'g', inputs: { x: { mapped: 'g', name: 'x' } } },
          { taskId: 'g.b', groupId: 'g', upstream: ['g.a'], inputs: { y: { ref: 'g.a' } } },
          { taskId: 'end', upstream: ['g.b'], triggerRule: 'all_done', inputs: { all: { ref: 'g.a' } } },
        ],
      }),
    );
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({
      'g.a[0]': 'success',
      'g.a[1]': 'failed',
      'g.a[2]': 'success',
      'g.b[0]': 'success',
      'g.b[1]': 'upstream_failed',
      'g.b[2]': 'success',
      end: 'success',
    });
    expect(h.executor.submitted.filter((one) => one.taskId === 'g.b').map((one) => one.inputs)).toEqual([
      { y: 'a10' },
      { y: 'a30' },
    ]);
    expect(h.executor.submitted.at(-1)?.inputs).toEqual({ all: ['a10', 'a30'] });
  });

  it('removes the instances beyond a list that got shorter, and brings them back when it grows', async () => {
    const h = await startHarness();
    let list: number[] = [1, 2, 3];
    h.executor.behaviour = (request) => returned(request.taskId === 'list' ? list : (request.inputs['x'] ?? null));
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'list' },
          { taskId: 'm', upstream: ['list'], expand: { kind: 'product', over: { x: { ref: 'list' } } } },
          { taskId: 'sum', upstream: ['m'], inputs: { all: { ref: 'm' } } },
        ],
      }),
    );
    const runId = await h.trigger('d');
    for (const [length, states] of [
      [1, ['success', 'removed', 'removed']],
      [2, ['success', 'success', 'removed']],
    ] as const) {
      list = list.concat([4]).slice(0, length);
      await h.scheduler.commands.clearDagRun({ dagId: 'd', runId, onlyFailed: false, dryRun: false }, tester);
      await h.settled();
      expect(
        Object.values(await h.states('d', runId))
          .slice(1, 2)
          .concat(Object.values(await h.states('d', runId)).slice(3)),
      ).toEqual(states);
      expect(h.executor.submitted.at(-1)?.inputs['all']).toHaveLength(length);
      expect(await h.runState('d', runId)).toBe('success');
    }
  });
});

describe('the past', () => {
  const daily = {
    schedule: { kind: 'cron' as const, crons: ['0 0 * * *'], interval: false, summary: 'daily' },
    catchup: true,
    startDate: Date.UTC(2026, 0, 1),
  } satisfies Partial<SerializedDag>;

  it('holds a task back until it has succeeded in the run before', async () => {
    let h = await startHarness({ now: Date.UTC(2026, 0, 3) });
    h.executor.behaviour = () => 'hold';
    await h.declare(dag({ dagId: 'd', ...daily, tasks: [{ taskId: 'a', dependsOnPast: true }] }));
    expect(h.executor.running.size).toBe(1);
    h.executor.finish('a');
    await h.settled();
    expect(h.executor.submitted).toHaveLength(2);
    h = await h.crash();
    expect(
      (await h.rows<{ state: string }>('select state from dag_run order by logical_date')).map((row) => row.state),
    ).toEqual(['success', 'running', 'running']);
  });

  it('waits for what follows it there, when told to', async () => {
    const h = await startHarness({ now: Date.UTC(2026, 0, 2) });
    h.executor.behaviour = (request) => (request.taskId === 'b' ? 'hold' : success);
    await h.declare(
      dag({
        dagId: 'd',
        ...daily,
        tasks: [
          { taskId: 'a', waitForDownstream: true },
          { taskId: 'b', upstream: ['a'] },
        ],
      }),
    );
    expect(h.executor.submitted.map((one) => one.taskId)).toEqual(['a', 'b']);
    const why = await h.scheduler.explain({
      dagId: 'd',
      runId: 'scheduled__2026-01-02T00:00:00+00:00',
      taskId: 'a',
      mapIndex: -1,
    });
    expect(why.summary).toBe('wait_for_downstream: b has not succeeded in the previous run');
    h.executor.finish('b');
    await h.settled();
    expect(h.executor.submitted.map((one) => one.taskId)).toEqual(['a', 'b', 'a', 'b']);
  });
});

describe('clear and mark', () => {
  it('run a cleared task again with new retries, and its run with it', async () => {
    const h = await startHarness();
    h.executor.behaviour = failing('t1');
    await h.declare(dag({ dagId: 'd', tasks: chain(3) }));
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'failed', t2: 'upstream_failed' });
    h.executor.behaviour = () => success;
    const cleared = await h.scheduler.commands.clearDagRun(
      { dagId: 'd', runId, onlyFailed: true, dryRun: false },
      tester,
    );
    expect(cleared.map((one) => one.taskId)).toEqual(['t1', 't2']);
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'success', t2: 'success' });
    expect(await h.runState('d', runId)).toBe('success');
    const [row] = await h.rows('select try_number, max_tries from task_instance where task_id = ?', 't1');
    expect(row).toEqual({ try_number: 2, max_tries: 1 });
    expect(await h.rows('select clear_number from dag_run')).toEqual([{ clear_number: 1 }]);
  });

  it('say what would be cleared and change nothing, in a dry run', async () => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const runId = await h.trigger('d');
    const would = await h.scheduler.commands.clearTaskInstances(
      { ...clearRequest, dagId: 'd', runId, taskIds: ['t0'], includeDownstream: true, dryRun: true },
      tester,
    );
    expect(would).toHaveLength(2);
    expect(await h.runState('d', runId)).toBe('success');
  });

  it('end a running attempt before the task runs again: never two at a time', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => 'hold';
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    const stubborn = [...h.executor.running.values()][0] as AttemptRequest;
    h.executor.cancel = (attemptId) => void h.executor.cancelled.push(attemptId);
    await h.scheduler.commands.clearDagRun({ dagId: 'd', runId, onlyFailed: false, dryRun: false }, tester);
    await h.settled();
    expect(h.executor.cancelled).toEqual([stubborn.attemptId]);
    expect(await h.states('d', runId)).toEqual({ t0: 'restarting' });
    expect(h.executor.submitted).toHaveLength(1);
    h.executor.lose('t0', false);
    await h.settled();
    expect(h.executor.submitted).toHaveLength(2);
  });

  it('hold a marked and cleared task back until its old attempt has ended', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => 'hold';
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    h.executor.cancel = () => {};
    const mark = {
      mapIndex: null,
      dryRun: false,
      includeUpstream: false,
      includeDownstream: false,
      includePast: false,
      includeFuture: false,
    };
    await h.scheduler.commands.markTaskInstances(
      { ...mark, dagId: 'd', runId, taskId: 't0', state: 'success' },
      tester,
    );
    await h.settled();
    expect(await h.runState('d', runId)).toBe('success');
    await h.scheduler.commands.clearDagRun({ dagId: 'd', runId, onlyFailed: false, dryRun: false }, tester);
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'scheduled' });
    expect(h.executor.submitted).toHaveLength(1);
    h.executor.lose('t0', false);
    await h.settled();
    expect(h.executor.submitted).toHaveLength(2);
  });

  it('let what failed because of a task run again when the task is marked success', async () => {
    const h = await startHarness();
    h.executor.behaviour = failing('t0');
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const runId = await h.trigger('d');
    const mark = {
      mapIndex: null,
      dryRun: false,
      includeUpstream: false,
      includeDownstream: false,
      includePast: false,
      includeFuture: false,
    };
    await h.scheduler.commands.markTaskInstances(
      { ...mark, dagId: 'd', runId, taskId: 't0', state: 'success' },
      tester,
    );
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'success' });
    expect(await h.runState('d', runId)).toBe('success');
  });

  it('mark a whole run', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => 'hold';
    await h.declare(dag({ dagId: 'd', tasks: chain(3) }));
    const runId = await h.trigger('d');
    await h.scheduler.commands.setDagRunState('d', runId, 'failed', tester);
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'failed', t1: 'skipped', t2: 'skipped' });
    await h.scheduler.commands.setDagRunState('d', runId, 'success', tester);
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'success', t2: 'success' });
  });
});

describe('a DAG that changes', () => {
  it('keeps the version that a run began with, and gives new runs the new one', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => 'hold';
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const before = await h.trigger('d');
    await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'other' }] }));
    h.executor.behaviour = () => success;
    const after = await h.trigger('d');
    h.executor.finish('t0');
    await h.settled();
    expect(await h.states('d', before)).toEqual({ t0: 'success', t1: 'success' });
    expect(await h.states('d', after)).toEqual({ other: 'success' });
    expect(await h.rows('select version_number from dag_version order by 1')).toEqual([
      { version_number: 1 },
      { version_number: 2 },
    ]);
  });

  it('gets no new version when its file is imported again unchanged', async () => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    expect(await h.rows('select count(*) as n from dag_version')).toEqual([{ n: 1 }]);
  });

  it('takes a cleared run over to its latest version when asked', async () => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const runId = await h.trigger('d');
    await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 't0' }, { taskId: 'new', upstream: ['t0'] }] }));
    await h.scheduler.commands.clearTaskInstances(
      { ...clearRequest, dagId: 'd', runId, taskIds: [], runOnLatestVersion: true },
      tester,
    );
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'removed', new: 'success' });
    expect(await h.runState('d', runId)).toBe('success');
  });

  it('starts nothing while it is paused, and the latest missed tick when it goes on', async () => {
    const h = await startHarness({ now: Date.UTC(2026, 0, 1, 0, 0, 1) });
    await h.declare(
      dag({
        dagId: 'd',
        isPausedUponCreation: true,
        startDate: Date.UTC(2025, 0, 1),
        schedule: { kind: 'cron', crons: ['0 * * * *'], interval: false, summary: 'hourly' },
        tasks: chain(1),
      }),
    );
    await h.advanceBy(150 * minute);
    expect(await h.rows('select run_id from dag_run')).toEqual([]);
    await h.scheduler.commands.setPaused('d', false, tester);
    await h.settled();
    expect(await h.rows('select run_id, state from dag_run')).toEqual([
      { run_id: 'scheduled__2026-01-01T02:00:00+00:00', state: 'success' },
    ]);
  });

  it('is paused after as many failed runs in a row as it allows', async () => {
    let h = await startHarness();
    h.executor.behaviour = failing('t0');
    await h.declare(dag({ dagId: 'd', tasks: chain(1), maxConsecutiveFailedDagRuns: 3 }));
    for (let run = 0; run < 2; run++) await h.trigger('d');
    h = await h.crash();
    expect(await h.rows('select is_paused from dag')).toEqual([{ is_paused: 0 }]);
    await h.trigger('d');
    expect(await h.rows('select is_paused from dag')).toEqual([{ is_paused: 1 }]);
  });
});

describe('waiting without a worker', () => {
  it('reschedules a sensor: the same try goes on, and its start stays', async () => {
    const h = await startHarness();
    const began = h.clock.now();
    let looks = 0;
    h.executor.behaviour = () => {
      looks += 1;
      return looks < 3 ? { outcome: { state: 'up_for_reschedule', at: h.clock.now() + minute } } : success;
    };
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({ t0: 'up_for_reschedule' });
    await h.advanceBy(2 * minute);
    expect(await h.rows('select state, try_number, started_at from task_instance')).toEqual([
      { state: 'success', try_number: 1, started_at: began },
    ]);
    expect(h.executor.submitted[2]?.context.firstStartedAt).toBe(began);
  });

  it('defers until the trigger fires, and goes on with its event; a crash loses nothing', async () => {
    let h = await startHarness();
    const behaviour: Behaviour = (request) =>
      request.context.event === undefined
        ? { outcome: { state: 'deferred', trigger: { kind: 'http', url: 'x' }, timeoutAt: null } }
        : returned(request.context.event);
    h.executor.behaviour = behaviour;
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({ t0: 'deferred' });
    h = await h.crash();
    const [task] = h.scheduler.deferrals.waiting();
    expect(task).toMatchObject({ taskId: 't0', trigger: { kind: 'http', url: 'x' } });
    expect(await h.scheduler.deferrals.fire({ taskInstanceId: task?.taskInstanceId ?? 0, attemptId: 'stale' }, 1)).toBe(
      false,
    );
    expect(await h.scheduler.deferrals.fire(task as NonNullable<typeof task>, { status: 200 })).toBe(true);
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ t0: 'success' });
    expect(await h.rows('select value_json from xcom')).toEqual([{ value_json: '{"status":200}' }]);
    expect(h.scheduler.deferrals.waiting()).toEqual([]);
  });

  it('fails a deferred task whose patience is over', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => ({
      outcome: { state: 'deferred', trigger: { kind: 'http' }, timeoutAt: h.clock.now() + minute },
    });
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    await h.advanceBy(minute);
    expect(await h.states('d', runId)).toEqual({ t0: 'failed' });
    expect(await h.rows('select error from task_instance')).toEqual([
      { error: 'TaskDeferralTimeout: its trigger did not fire in time' },
    ]);
  });

  it('goes on with the answer of a person, once, and only with one that was offered', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) =>
      request.context.event === undefined
        ? {
            outcome: {
              state: 'awaiting_input',
              request: { options: ['Approve', 'Reject'], multiple: false, defaults: null, params: { n: { value: 1 } } },
              timeoutAt: null,
            },
          }
        : returned(request.context.event);
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    const key = { dagId: 'd', runId, taskId: 't0', mapIndex: -1 };
    const { commands } = h.scheduler;
    await expect(
      commands.answerInput(key, { chosenOptions: ['Perhaps'], paramsInput: {} }, tester),
    ).rejects.toMatchObject({
      code: 'ANSWER_INVALID',
    });
    await commands.answerInput(key, { chosenOptions: ['Approve'], paramsInput: { n: 2 } }, tester);
    await h.settled();
    const [row] = await h.rows<{ value_json: string }>('select value_json from xcom');
    expect(JSON.parse(row?.value_json ?? '')).toMatchObject({
      chosen_options: ['Approve'],
      params_input: { n: 2 },
      responded_by_user: { id: 'tester' },
    });
    await expect(
      commands.answerInput(key, { chosenOptions: ['Reject'], paramsInput: {} }, tester),
    ).rejects.toMatchObject({
      code: 'ANSWER_UNWANTED',
    });
  });
});

describe('assets', () => {
  const asset = (name: string) => ({ name, uri: `s3://${name}` });
  it('wake a DAG when its condition holds, with the events that did', async () => {
    let h = await startHarness();
    const consumer = dag({
      dagId: 'reader',
      schedule: {
        kind: 'assets',
        condition: { all: [{ asset: asset('x') }, { any: [{ asset: asset('y') }, { asset: asset('z') }] }] },
      },
      tasks: chain(1),
    });
    const writer = (name: string) => dag({ dagId: `write_${name}`, tasks: [{ taskId: 'w', outlets: [asset(name)] }] });
    await h.declare(consumer, writer('x'), writer('z'));
    await h.trigger('write_x');
    await h.trigger('write_x');
    h = await h.crash();
    expect(await h.rows("select run_id from dag_run where dag_id = 'reader'")).toEqual([]);
    await h.trigger('write_z');
    const runs = await h.rows("select state, run_type, logical_date from dag_run where dag_id = 'reader'");
    expect(runs).toEqual([{ state: 'success', run_type: 'asset_triggered', logical_date: null }]);
    expect(await h.rows('select count(*) as n from asset_event_dag_run')).toEqual([{ n: 3 }]);
    expect(await h.rows('select count(*) as n from asset_dag_run_queue')).toEqual([{ n: 0 }]);
    await h.trigger('write_z');
    expect(await h.rows("select count(*) as n from dag_run where dag_id = 'reader'")).toEqual([{ n: 1 }]);
  });
});

describe('a backfill', () => {
  const daily = dag({
    dagId: 'd',
    schedule: { kind: 'cron', crons: ['0 0 * * *'], interval: false, summary: 'daily' },
    tasks: chain(1),
  });
  const request = {
    dagId: 'd',
    from: Date.UTC(2026, 0, 1),
    to: Date.UTC(2026, 0, 7),
    conf: { backfill: true },
    runBackwards: false,
    reprocess: 'none' as const,
    maxActiveRuns: 2,
    dryRun: false,
  };
  const start = async () => {
    const h = await startHarness({ now: Date.UTC(2026, 0, 20, 12) });
    await h.declare(daily);
    for (const [day, state] of [
      [5, 'success'],
      [6, 'failed'],
      [7, 'hold'],
    ] as const) {
      h.executor.behaviour = () => (state === 'hold' ? 'hold' : state === 'failed' ? failed() : success);
      await h.trigger('d', { logicalDate: Date.UTC(2026, 0, day), runId: `day${day}` });
    }
    return h;
  };

  it.each([
    ['none', 4],
    ['failed', 5],
    ['completed', 6],
  ] as const)('that reprocesses %s runs %i dates of seven', async (reprocess, runs) => {
    const h = await start();
    const plan = await h.scheduler.commands.createBackfill({ ...request, reprocess, dryRun: true }, tester);
    expect(plan.runs.filter((one) => one.skipped === null)).toHaveLength(runs);
    expect(plan.runs.at(-1)?.skipped).toBe('in flight');
    expect(await h.rows('select count(*) as n from backfill')).toEqual([{ n: 0 }]);
  });

  it('keeps to its own limit and order, and is complete when the last run is over', async () => {
    const h = await start();
    const order: (number | null)[] = [];
    h.executor.behaviour = (one) => {
      order.push(one.context.logicalDate);
      return 'hold';
    };
    await h.scheduler.commands.createBackfill({ ...request, reprocess: 'failed', runBackwards: true }, tester);
    await h.settled();
    const days = () => order.map((instant) => new Date(instant ?? 0).getUTCDate());
    expect(days()).toEqual([4, 6]);
    await expect(h.scheduler.commands.createBackfill(request, tester)).rejects.toMatchObject({
      code: 'BACKFILL_ACTIVE',
    });
    for (let left = 0; left < 5; left++) {
      const one = [...h.executor.running.values()].find((attempt) => attempt.runId !== 'day7') as AttemptRequest;
      h.executor.running.delete(one.attemptId);
      h.scheduler.listener.onEvent({
        kind: 'finished',
        attemptId: one.attemptId,
        at: h.clock.now(),
        outcome: { state: 'success' },
        effects: { xcoms: [], emails: [], triggers: [], assetEvents: [], skip: null, rendered: {}, details: {} },
      });
      await h.settled();
    }
    expect(days()).toEqual([4, 6, 3, 2, 1]);
    const [row] = await h.rows<{ completed_at: number | null }>('select completed_at from backfill');
    expect(row?.completed_at).toBe(h.clock.now());
    expect(await h.rows("select run_type, conf_json from dag_run where run_id = 'day6'")).toEqual([
      { run_type: 'backfill', conf_json: '{"backfill":true}' },
    ]);
  });
});

describe('notices', () => {
  it('puts the e-mail about a failure into the outbox with the failure, once', async () => {
    const h = await startHarness();
    h.executor.behaviour = failing('t0');
    await h.declare(
      dag({
        dagId: 'd',
        email: ['ops@example.org'],
        tasks: chain(1, { retries: 1, retryDelayMs: minute, emailOnFailure: true, emailOnRetry: true }),
      }),
    );
    await h.trigger('d');
    await h.advanceBy(minute);
    const rows = await h.rows<{ subject: string; state: string; message_id: string }>(
      'select subject, state, message_id from email order by id',
    );
    expect(rows.map((row) => row.subject)).toEqual([
      'Millrace: d.t0 failed and will be tried again',
      'Millrace: d.t0 failed',
    ]);
    expect(new Set(rows.map((row) => row.message_id)).size).toBe(2);
    expect(h.events.filter((event) => event.kind === 'email')).toHaveLength(2);
  });

  it('calls the callback of a run that ended, again when that failed, also over a crash', async () => {
    let h = await startHarness();
    h.executor.behaviour = (request) => (request.task.operator === 'dag_callback' ? 'hold' : failed());
    await h.declare(
      dag({ dagId: 'd', callbacks: { onSuccess: true, onFailure: true, onRetry: false }, tasks: chain(1) }),
    );
    await h.trigger('d');
    expect(h.executor.submitted.at(-1)?.task.options).toMatchObject({
      callback: 'onFailure',
      context: { dagRun: { state: 'failed' }, taskInstances: [{ taskId: 't0', state: 'failed' }] },
    });
    h = await h.crash(() => success);
    expect(h.executor.submitted.map((one) => one.task.operator)).toEqual(['dag_callback']);
    await h.settled();
    expect(await h.rows('select count(*) as n from callback_request')).toEqual([{ n: 0 }]);
  });

  it('tells of a run that misses its deadline, once', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => 'hold';
    const notify = { kind: 'email', to: ['ops@example.org'] };
    await h.declare(dag({ dagId: 'd', deadline: { after: 'queued', seconds: 600, notify }, tasks: chain(1) }));
    await h.trigger('d');
    await h.advanceBy(30 * minute);
    expect(await h.rows('select subject from email')).toEqual([{ subject: 'Millrace: d has missed its deadline' }]);
  });
});

describe('what is refused', () => {
  it.each([
    [{ dagId: 'none' }, 'DAG_NOT_FOUND'],
    [{ dagId: 'd', runId: 'a b' }, 'RUN_ID_INVALID'],
    [{ dagId: 'd', runId: 'scheduled__2026' }, 'RUN_ID_INVALID'],
    [{ dagId: 'd', runId: 'taken' }, 'DAG_RUN_EXISTS'],
    [{ dagId: 'd', conf: { n: 'text' } }, 'PARAMS_INVALID'],
  ])('%j: %s', async (wish, code) => {
    const h = await startHarness();
    const paramsSchema = { type: 'object', properties: { n: { type: 'integer', default: 3 } } };
    await h.declare(dag({ dagId: 'd', paramsSchema, tasks: chain(1) }));
    await h.trigger('d', { runId: 'taken' });
    expect(h.executor.submitted[0]?.context.params).toEqual({ n: 3 });
    await expect(h.trigger(wish.dagId, wish)).rejects.toMatchObject({ code });
  });

  it('makes fifty runs of fifty simultaneous requests, and one of fifty for the same id', async () => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const wish = { dagId: 'd', logicalDate: null, dataInterval: null, runAfter: null, conf: {}, note: null };
    const many = (runId: string | null) =>
      Promise.allSettled(
        Array.from({ length: 50 }, () => h.scheduler.commands.triggerDagRun({ ...wish, runId }, tester)),
      );
    expect((await many(null)).filter((one) => one.status === 'fulfilled')).toHaveLength(50);
    expect((await many('same')).filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    await h.settled();
    expect(await h.rows('select count(*) as n from dag_run')).toEqual([{ n: 51 }]);
  });

  it('charges nothing for attempts that an orderly stop interrupts, however often', async () => {
    let h = await startHarness({ behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const runId = await h.trigger('d');
    for (let stops = 0; stops < 6; stops++) {
      await h.scheduler.stop(0);
      expect(await h.states('d', runId)).toEqual({ t0: 'scheduled' });
      h = await h.crash();
      expect(await h.states('d', runId)).toEqual({ t0: 'running' });
    }
    expect(await h.rows('select try_number, lost_count from task_instance')).toEqual([
      { try_number: 1, lost_count: 0 },
    ]);
  });

  it('fails a task that has been lost with its server too often', async () => {
    let h = await startHarness({ behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', tasks: chain(1, { retries: 5 }) }));
    const runId = await h.trigger('d');
    for (let lost = 1; lost <= 4; lost++) {
      expect(await h.runState('d', runId)).toBe('running');
      h = await h.crash();
    }
    expect(await h.runState('d', runId)).toBe('failed');
    const [row] = await h.rows<{ error: string; try_number: number }>('select error, try_number from task_instance');
    expect(row).toMatchObject({ try_number: 1, error: expect.stringContaining('lost 4 times in a row') });
  });
});
