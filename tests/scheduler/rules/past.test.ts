import { describe, expect, it } from 'vitest';
import type { SerializedTask } from '../../../scheduler/model/dag.js';
import { chain, dag } from '../../support/dag-builder.js';
import { marking } from '../../support/requests.js';
import {
  type Behaviour,
  failed,
  type Harness,
  returned,
  startHarness,
  tester,
} from '../../support/scheduler-harness.js';

const day = (number: number) => Date.UTC(2026, 0, number);
const success = returned(null);
const skipped: ReturnType<Behaviour> = { outcome: { state: 'skipped', reason: 'nothing new' } };

/** Two runs of `a`; what became of the first decides whether the second begins. */
async function secondRun(first: ReturnType<Behaviour>, wish: Partial<SerializedTask> = {}): Promise<Harness> {
  const h = await startHarness({ now: day(10) });
  h.executor.behaviour = (request) => (request.runId === 'first' ? first : success);
  await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'a', dependsOnPast: true, ...wish }] }));
  await h.trigger('d', { runId: 'first', logicalDate: day(1) });
  await h.trigger('d', { runId: 'second', logicalDate: day(2) });
  return h;
}

describe('depends_on_past', () => {
  it.each([
    ['success', success, 'success'],
    ['skipped', skipped, 'success'],
    ['failed', failed(), null],
    ['running', 'hold', null],
  ] as const)('after a run in which the task is %s', async (_state, first, expected) => {
    const h = await secondRun(first);
    expect(await h.states('d', 'second')).toEqual({ a: expected });
    expect(await h.runState('d', 'second')).toBe(expected === null ? 'running' : 'success');
  });

  it.each<[string, (h: Harness) => Promise<unknown>]>([
    ['is marked', (h) => h.scheduler.commands.setDagRunState('d', 'first', 'success', tester)],
    [
      'has its task marked',
      (h) => h.scheduler.commands.markTaskInstances(marking({ runId: 'first', taskId: 'a', state: 'success' }), tester),
    ],
    [
      'runs again',
      (h) => h.scheduler.commands.clearDagRun({ dagId: 'd', runId: 'first', onlyFailed: true, dryRun: false }, tester),
    ],
    ['is deleted', (h) => h.scheduler.commands.deleteDagRun('d', 'first', tester)],
  ])('lets the task go on when the run before %s', async (_what, change) => {
    const h = await secondRun(failed());
    expect(await h.states('d', 'second')).toEqual({ a: null });
    h.executor.behaviour = () => success;
    await change(h);
    await h.settled();
    expect(await h.states('d', 'second')).toEqual({ a: 'success' });
  });

  it('passes where there is no run before, or the run has no logical date', async () => {
    const h = await startHarness({ now: day(10) });
    await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'a', dependsOnPast: true }] }));
    expect(await h.runState('d', await h.trigger('d', { logicalDate: day(1) }))).toBe('success');
    expect(await h.runState('d', await h.trigger('d'))).toBe('success');
  });

  it.each([
    [false, 'a manual run before it counts', null],
    [true, 'a manual run before it does not count with catchup', 'success'],
  ] as const)('catchup %s: %s', async (catchup, _what, expected) => {
    const h = await startHarness({ now: day(2) });
    h.executor.behaviour = (request) => (request.context.runType === 'manual' ? 'hold' : success);
    const schedule = { kind: 'cron' as const, crons: ['0 0 * * *'], interval: false, summary: 'daily' };
    await h.declare(
      dag({
        dagId: 'd',
        schedule: { kind: 'none' },
        startDate: day(1),
        tasks: [{ taskId: 'a', dependsOnPast: true }],
      }),
    );
    await h.trigger('d', { logicalDate: day(1) + 3_600_000 });
    await h.declare(
      dag({ dagId: 'd', schedule, catchup, startDate: day(2), tasks: [{ taskId: 'a', dependsOnPast: true }] }),
    );
    expect(await h.states('d', 'scheduled__2026-01-02T00:00:00+00:00')).toEqual({ a: expected });
  });

  it('with catchup, a run before the start date of the task does not count', async () => {
    const h = await startHarness({ now: day(1) });
    h.executor.behaviour = (request) => (request.context.logicalDate === day(1) ? failed() : success);
    const schedule = { kind: 'cron' as const, crons: ['0 0 * * *'], interval: false, summary: 'daily' };
    const a = { taskId: 'a', dependsOnPast: true };
    await h.declare(dag({ dagId: 'd', schedule, catchup: true, startDate: day(1), tasks: [a] }));
    await h.declare(dag({ dagId: 'd', schedule, catchup: true, startDate: day(2), tasks: [a] }));
    await h.advanceTo(day(2));
    expect(await h.runState('d', 'scheduled__2026-01-02T00:00:00+00:00')).toBe('success');
  });

  it('of a task that the run before did not have passes only when that is ignored', async () => {
    for (const [ignoreFirstDependsOnPast, expected] of [
      [false, null],
      [true, 'success'],
    ] as const) {
      const h = await startHarness({ now: day(10) });
      const fresh = { taskId: 'new', dependsOnPast: true, ignoreFirstDependsOnPast };
      await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'old' }] }));
      await h.trigger('d', { logicalDate: day(2) });
      await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'old' }, fresh] }));
      const runId = await h.trigger('d', { logicalDate: day(3) });
      expect(await h.states('d', runId)).toEqual({ old: 'success', new: expected });
    }
  });

  it('looks at none before the first run of a backfill, and at the run before from the second on', async () => {
    const h = await startHarness({
      now: day(10),
      behaviour: (request) => (request.runId.startsWith('backfill') ? 'hold' : failed()),
    });
    await h.declare(
      dag({
        dagId: 'd',
        schedule: { kind: 'cron', crons: ['0 0 * * *'], interval: false, summary: 'daily' },
        isPausedUponCreation: true,
        tasks: [{ taskId: 'a', dependsOnPast: true }],
      }),
    );
    await h.scheduler.commands.setPaused('d', false, tester);
    await h.trigger('d', { logicalDate: day(1) });
    await h.scheduler.commands.createBackfill(
      {
        dagId: 'd',
        from: day(2),
        to: day(4),
        conf: {},
        runBackwards: false,
        reprocess: 'failed',
        maxActiveRuns: 10,
        dryRun: false,
      },
      tester,
    );
    await h.settled();
    const running = () => [...h.executor.running.values()].map((one) => one.runId);
    expect(running()).toEqual(['backfill__2026-01-02T00:00:00+00:00']);
    h.executor.finish('a');
    await h.settled();
    expect(running()).toEqual(['backfill__2026-01-03T00:00:00+00:00']);
  });

  it('does not mind instances that a shorter list has removed', async () => {
    const h = await startHarness({ now: day(10) });
    let list = [1, 2];
    h.executor.behaviour = (request) => (request.taskId === 'list' ? returned(list) : success);
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'list' },
          {
            taskId: 'm',
            upstream: ['list'],
            dependsOnPast: true,
            expand: { kind: 'product', over: { x: { ref: 'list' } } },
          },
        ],
      }),
    );
    const first = await h.trigger('d', { logicalDate: day(1) });
    list = [1];
    await h.scheduler.commands.clearDagRun({ dagId: 'd', runId: first, onlyFailed: false, dryRun: false }, tester);
    await h.settled();
    expect(await h.states('d', first)).toMatchObject({ 'm[1]': 'removed' });
    expect(await h.runState('d', await h.trigger('d', { logicalDate: day(2) }))).toBe('success');
  });
});

describe('dates of a task', () => {
  it('keep it out of runs before and after, but not out of a backfill', async () => {
    const h = await startHarness({ now: day(10) });
    await h.declare(
      dag({
        dagId: 'd',
        schedule: { kind: 'cron', crons: ['0 0 * * *'], interval: false, summary: 'daily' },
        isPausedUponCreation: true,
        tasks: [...chain(1), { taskId: 'dated', startDate: day(3), endDate: day(4) }],
      }),
    );
    await h.scheduler.commands.setPaused('d', false, tester);
    const tasksOf = async (number: number) =>
      Object.keys(await h.states('d', await h.trigger('d', { logicalDate: day(number) + 1 })));
    expect(await tasksOf(2)).toEqual(['t0']);
    expect(await tasksOf(3)).toEqual(['t0', 'dated']);
    expect(await tasksOf(4)).toEqual(['t0']);
    await h.scheduler.commands.createBackfill(
      {
        dagId: 'd',
        from: day(1),
        to: day(1),
        conf: {},
        runBackwards: false,
        reprocess: 'none',
        maxActiveRuns: 1,
        dryRun: false,
      },
      tester,
    );
    await h.settled();
    expect(Object.keys(await h.states('d', 'backfill__2026-01-01T00:00:00+00:00'))).toEqual(['t0', 'dated']);
  });
});
