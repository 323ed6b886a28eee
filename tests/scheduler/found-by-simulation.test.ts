import { describe, expect, it } from 'vitest';
import type { SerializedSchedule } from '../../scheduler/model/dag.js';
import { dag } from '../support/dag-builder.js';
import { type Harness, returned, startHarness, tester } from '../support/scheduler-harness.js';

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

async function clear(harness: Harness, runId: string, taskIds: string[]): Promise<void> {
  const only = { mapIndexes: null, onlyFailed: false, onlyRunning: false };
  const around = { includeUpstream: false, includeDownstream: false, includePast: false, includeFuture: false };
  const rest = { resetDagRuns: true, runOnLatestVersion: false, dryRun: false };
  await harness.scheduler.commands.clearTaskInstances(
    { dagId: 'd', runId, taskIds, ...only, ...around, ...rest },
    tester,
  );
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
