import { describe, expect, it } from 'vitest';
import type { SerializedSchedule } from '../../scheduler/model/dag.js';
import { dag } from '../support/dag-builder.js';
import { failed, type Harness, returned, startHarness, tester } from '../support/scheduler-harness.js';

// What the simulation has found in the product, each as the shortest story that shows it.

const hourMs = 3_600_000;
const cron = (text: string, interval: boolean): SerializedSchedule => ({
  kind: 'cron',
  crons: [text],
  interval,
  summary: text,
});
const noon = Date.UTC(2026, 0, 5, 12);
const hourly = (interval: boolean, wish = {}) =>
  dag({
    dagId: 'd',
    tasks: [{ taskId: 't' }],
    schedule: cron('0 * * * *', interval),
    startDate: noon,
    catchup: true,
    ...wish,
  });

const runIds = async (harness: Harness) =>
  (await harness.rows<{ run_id: string }>('select run_id from dag_run order by id')).map((row) =>
    row.run_id.slice(-31),
  );

function backfill(harness: Harness, from: number, to: number, reprocess: 'none' | 'completed') {
  const conf = {};
  const request = { dagId: 'd', from, to, conf, runBackwards: false, reprocess, maxActiveRuns: 9, dryRun: false };
  return harness.scheduler.commands.createBackfill(request, tester);
}

const clearing = {
  dagId: 'd',
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

async function clear(harness: Harness, runId: string, taskIds: string[]): Promise<void> {
  await harness.scheduler.commands.clearTaskInstances({ ...clearing, runId, taskIds }, tester);
  await harness.settled();
}

describe('a schedule that changes', () => {
  it('goes on after the latest run, also when a backfill has taken that over and the server started anew', async () => {
    const harness = await startHarness({ now: noon });
    await harness.declare(hourly(true));
    await harness.advanceTo(noon + 2 * hourMs);
    await backfill(harness, noon, noon + hourMs, 'completed');
    await harness.settled();
    await harness.scheduler.commands.setPaused('d', true, tester);
    const again = await harness.crash();
    await again.declare(hourly(false));
    await again.scheduler.commands.setPaused('d', false, tester);
    await again.settled();
    await again.advanceTo(noon + 3 * hourMs);
    // 14:00 has been due already, under the other timetable: the next is 15:00.
    expect(await runIds(again)).toEqual([
      expect.stringContaining('T13:00'),
      expect.stringContaining('T14:00'),
      expect.stringContaining('T15:00'),
    ]);
    await again.store.close();
  });

  it('does not come back to a date that has its run, however many runs there were since', async () => {
    const harness = await startHarness({ now: noon + 12 * hourMs - 60_000 });
    const tasks = [{ taskId: 't', operator: 'empty' }];
    const everyMinute = { schedule: cron('* * * * *', false), maxActiveRuns: 1_000, tasks };
    await harness.declare(dag({ ...hourly(true), ...everyMinute }));
    await harness.advanceBy(1_000);
    await harness.declare(hourly(true, { schedule: cron('0 0,12 * * *', true) }));
    await harness.advanceTo(noon + 25 * hourMs);
    const [twice] = await harness.rows<{ runs: number }>(
      'select count(*) as runs from dag_run where logical_date = ?',
      noon,
    );
    expect(twice).toEqual({ runs: 1 });
    expect((await runIds(harness)).at(-1)).toContain('2026-01-06T12:00');
    await harness.store.close();
  });

  it('lets a backfill make runs whose usual ids are taken', async () => {
    const harness = await startHarness({ now: noon + 9 * hourMs });
    await harness.declare(hourly(false, { catchup: false }));
    await backfill(harness, noon, noon + hourMs, 'none');
    await harness.settled();
    await harness.declare(hourly(true, { catchup: false }));
    // 11:00 to 12:00 runs after 12:00, as the run of 12:00 did.
    await backfill(harness, noon - hourMs, noon - hourMs, 'none');
    await harness.settled();
    expect((await runIds(harness)).at(-1)).toMatch(/12:00:00\+00:00_2$/);
    await harness.store.close();
  });
});

describe('a mapped task whose list gets shorter', () => {
  it('ends the attempts of the elements that are gone', async () => {
    const harness = await startHarness();
    const list = { taskId: 'list' };
    const each = { taskId: 'each', upstream: ['list'], expand: { kind: 'records', over: { ref: 'list' } } } as const;
    await harness.declare(dag({ dagId: 'd', tasks: [list, { ...each, upstream: ['list'] }] }));
    let length = 3;
    harness.executor.behaviour = (request) =>
      request.taskId === 'list' ? returned(Array.from({ length }, (_, at) => at)) : 'hold';
    const runId = await harness.trigger('d');
    expect(harness.executor.running.size).toBe(3);
    length = 1;
    await clear(harness, runId, ['list']);
    expect(await harness.states('d', runId)).toMatchObject({ 'each[1]': 'removed', 'each[2]': 'removed' });
    expect(harness.executor.cancelled).toHaveLength(2);
    await harness.store.close();
  });
});

describe('a setup that is cleared with what is further down, and not with what lies between', () => {
  it('lets that go on when it has succeeded', async () => {
    const harness = await startHarness();
    const tasks = [
      { taskId: 'setup', isSetup: true },
      { taskId: 'between', upstream: ['setup'] },
      { taskId: 'after', upstream: ['between'] },
    ];
    await harness.declare(dag({ dagId: 'd', tasks }));
    const runId = await harness.trigger('d');
    harness.executor.behaviour = ({ taskId }) => (taskId === 'setup' ? 'hold' : returned(1));
    await clear(harness, runId, ['setup', 'after']);
    expect(await harness.states('d', runId)).toEqual({ setup: 'running', between: 'success', after: null });
    harness.executor.finish('setup');
    await harness.settled();
    expect(await harness.states('d', runId)).toEqual({ setup: 'success', between: 'success', after: 'success' });
    await harness.store.close();
  });
});

describe('a pool that is changed', () => {
  it.each([true, false])('counts what is deferred anew when include_deferred becomes %s', async (included) => {
    const harness = await startHarness({ settings: { parallelism: 9 } });
    const pool = (includeDeferred: boolean) =>
      harness.scheduler.commands.setPool({ name: 'p', slots: 1, description: null, includeDeferred }, tester);
    await pool(!included);
    const tasks = [
      { taskId: 'waits', pool: 'p', priorityWeight: 9 },
      { taskId: 'follows', upstream: ['waits'], triggerRule: 'always' as const, pool: 'p' },
    ];
    await harness.declare(dag({ dagId: 'd', tasks }));
    harness.executor.behaviour = (request) =>
      request.taskId === 'waits' && request.context.event === undefined
        ? { outcome: { state: 'deferred', trigger: { kind: 'x' }, timeoutAt: null } }
        : 'hold';
    const runId = await harness.trigger('d');
    expect((await harness.states('d', runId))['follows']).toBe(included ? 'running' : 'scheduled');
    await pool(included);
    await harness.settled();
    // Now the deferred task holds the slot as well, or no longer does.
    expect((await harness.states('d', runId))['follows']).toBe('running');
    for (const task of harness.scheduler.deferrals.waiting()) await harness.scheduler.deferrals.fire(task, {});
    await harness.settled();
    if (!included) harness.executor.finish('follows');
    await harness.settled();
    if (included) harness.executor.finish('follows');
    await harness.settled();
    expect(await harness.states('d', runId)).toEqual({ waits: 'running', follows: 'success' });
    await harness.store.close();
  });
});

describe('a run that was over and is marked by hand', () => {
  it.each(['run', 'task'])('lets the run after it go on, that depends on its past: %s', async (what) => {
    const harness = await startHarness({ now: noon });
    const tasks = [{ taskId: 't', dependsOnPast: true, ignoreFirstDependsOnPast: true }];
    harness.executor.behaviour = (request) => (request.context.logicalDate === noon ? failed() : returned(1));
    await harness.declare(dag({ ...hourly(false), tasks: dag({ dagId: 'd', tasks }).tasks }));
    await harness.advanceTo(noon + hourMs);
    const [first, second] = (await harness.rows<{ run_id: string }>('select run_id from dag_run order by id')) as [
      { run_id: string },
      { run_id: string },
    ];
    expect(await harness.states('d', second.run_id)).toEqual({ t: null });
    const around = { includeUpstream: false, includeDownstream: false, includePast: false, includeFuture: false };
    const mark = { dagId: 'd', runId: first.run_id, taskId: 't', mapIndex: null, dryRun: false, ...around };
    if (what === 'run') await harness.scheduler.commands.setDagRunState('d', first.run_id, 'success', tester);
    else await harness.scheduler.commands.markTaskInstances({ ...mark, state: 'success' }, tester);
    await harness.settled();
    expect(await harness.states('d', second.run_id)).toEqual({ t: 'success' });
    await harness.store.close();
  });
});

describe('a run that is taken over to another version of its DAG', () => {
  const one = [{ taskId: 'kept' }, { taskId: 'gone' }];
  const toLatest = (harness: Harness, runId: string) =>
    harness.scheduler.commands.clearTaskInstances(
      { ...clearing, runId, taskIds: [], runOnLatestVersion: true },
      tester,
    );

  it('has a task again that an earlier version had', async () => {
    const harness = await startHarness();
    await harness.declare(dag({ dagId: 'd', tasks: one }));
    const runId = await harness.trigger('d');
    await harness.declare(dag({ dagId: 'd', tasks: one.slice(0, 1) }));
    await toLatest(harness, runId);
    await harness.settled();
    expect(await harness.states('d', runId)).toEqual({ kept: 'success', gone: 'removed' });
    const again = await harness.crash();
    await again.declare(dag({ dagId: 'd', description: 'as before', tasks: one }));
    await toLatest(again, runId);
    await again.settled();
    expect(await again.states('d', runId)).toEqual({ kept: 'success', gone: 'success' });
    await again.store.close();
  });

  it('waits for its past from then on, when that version does', async () => {
    const harness = await startHarness({ behaviour: () => 'hold' });
    await harness.declare(dag({ dagId: 'd', tasks: one }));
    const runId = await harness.trigger('d', { logicalDate: noon });
    const tasks = [{ taskId: 'kept' }, { taskId: 'gone', dependsOnPast: true }];
    await harness.declare(dag({ dagId: 'd', tasks }));
    await toLatest(harness, runId);
    await harness.settled();
    expect(await harness.states('d', runId)).toEqual({ kept: 'running', gone: 'running' });
    await harness.store.close();
  });

  it('keeps what has happened to it at the same moment', async () => {
    const harness = await startHarness({ behaviour: () => 'hold' });
    await harness.declare(dag({ dagId: 'd', tasks: one }));
    const runId = await harness.trigger('d');
    await harness.declare(dag({ dagId: 'd', tasks: [...one, { taskId: 'new' }] }));
    // In one turn: the report of an attempt, and the change of version that replaces what the report was about.
    harness.executor.finish('kept');
    const only = { ...clearing, runId, taskIds: ['new'], runOnLatestVersion: true };
    await harness.scheduler.commands.clearTaskInstances(only, tester);
    await harness.settled();
    expect(await harness.states('d', runId)).toEqual({ kept: 'success', gone: 'running', new: 'running' });
    harness.executor.finish('gone');
    harness.executor.finish('new');
    await harness.settled();
    expect(await harness.runState('d', runId)).toBe('success');
    await harness.store.close();
  });
});

describe('a clock that is set back', () => {
  it('does not make a retry forget its time that fell due while its DAG was paused', async () => {
    const harness = await startHarness({ now: noon });
    harness.executor.behaviour = (request) => (request.tryNumber === 1 ? failed() : returned(1));
    await harness.declare(dag({ dagId: 'd', tasks: [{ taskId: 't', retries: 1, retryDelayMs: 60_000 }] }));
    const runId = await harness.trigger('d');
    await harness.scheduler.commands.setPaused('d', true, tester);
    await harness.advanceBy(2 * 60_000);
    harness.setClockBy(-60 * 60_000);
    await harness.scheduler.commands.setPaused('d', false, tester);
    await harness.settled();
    await harness.advanceBy(2 * hourMs);
    expect(await harness.states('d', runId)).toEqual({ t: 'success' });
    await harness.store.close();
  });

  it('does not make a run forget its time that fell due while another had its place', async () => {
    const harness = await startHarness({ now: noon, behaviour: () => 'hold' });
    await harness.declare(dag({ dagId: 'd', maxActiveRuns: 1, tasks: [{ taskId: 't' }] }));
    await harness.trigger('d');
    const runId = await harness.trigger('d', { runAfter: noon + hourMs });
    await harness.advanceBy(2 * hourMs);
    harness.setClockBy(-90 * 60_000);
    harness.executor.finish('t');
    await harness.settled();
    await harness.advanceBy(hourMs);
    expect(await harness.runState('d', runId)).toBe('running');
    await harness.store.close();
  });

  it('does not make a DAG forget a tick that was due while its runs were as many as may be', async () => {
    const harness = await startHarness({ now: noon, behaviour: () => 'hold' });
    await harness.declare(hourly(false, { maxActiveRuns: 1 }));
    await harness.advanceBy(hourMs);
    harness.setClockBy(-30 * 60_000);
    harness.executor.finish('t');
    await harness.settled();
    await harness.advanceBy(hourMs);
    expect(await runIds(harness)).toHaveLength(2);
    await harness.store.close();
  });
});

describe('a run that waits for one of another version, in which nothing looks back', () => {
  it('goes on when that is over', async () => {
    const harness = await startHarness({ now: noon, behaviour: () => 'hold' });
    await harness.declare(hourly(false));
    await harness.declare(
      dag({ ...hourly(false), tasks: dag({ dagId: 'd', tasks: [{ taskId: 't', dependsOnPast: true }] }).tasks }),
    );
    await harness.advanceBy(hourMs);
    harness.executor.finish('t');
    await harness.settled();
    expect(harness.executor.running.size).toBe(1);
    harness.executor.finish('t');
    await harness.settled();
    expect(await harness.rows('select state from dag_run')).toEqual([{ state: 'success' }, { state: 'success' }]);
    await harness.store.close();
  });
});

describe('a question about a run', () => {
  it('does not take the report of an attempt away from it', async () => {
    const harness = await startHarness({ now: noon, behaviour: () => 'hold' });
    await harness.declare(dag({ dagId: 'd', tasks: [{ taskId: 't' }] }));
    const runId = await harness.trigger('d');
    await harness.scheduler.explain({ dagId: 'd', runId, taskId: 'removed', mapIndex: -1 });
    harness.executor.finish('t');
    await harness.settled();
    expect(await harness.runState('d', runId)).toBe('success');
    await harness.store.close();
  });
});
