import { describe, expect, it } from 'vitest';
import type { SerializedDag } from '../../../scheduler/model/dag.js';
import { chain, dag } from '../../support/dag-builder.js';
import { failed, returned, startHarness, tester } from '../../support/scheduler-harness.js';

const minute = 60_000;
const hour = 60 * minute;
const day = (number: number, hours = 0) => Date.UTC(2026, 0, number, hours);
const success = returned(null);
const cron = (interval: boolean): SerializedDag['schedule'] => ({
  kind: 'cron',
  crons: ['0 0 * * *'],
  interval,
  summary: 'daily',
});

describe('a run that a person asks for', () => {
  it.each<[string, SerializedDag['schedule'], number | null, [number, number] | null]>([
    ['without a logical date has no interval', cron(true), null, null],
    ['of a data-interval schedule covers the last complete interval', cron(true), day(5, 7), [day(4), day(5)]],
    ['of a trigger schedule covers no time', cron(false), day(5, 7), [day(5, 7), day(5, 7)]],
    ['of no schedule covers no time', { kind: 'none' }, day(5, 7), [day(5, 7), day(5, 7)]],
  ])('%s', async (_what, schedule, logicalDate, interval) => {
    const h = await startHarness({ now: day(10) });
    await h.declare(dag({ dagId: 'd', schedule, isPausedUponCreation: true, tasks: chain(1) }));
    await h.scheduler.commands.setPaused('d', false, tester);
    const runId = await h.trigger('d', { logicalDate });
    expect(runId).toBe('manual__2026-01-10T00:00:00+00:00');
    expect(await h.rows('select interval_start, interval_end from dag_run where run_id = ?', runId)).toEqual([
      { interval_start: interval?.[0] ?? null, interval_end: interval?.[1] ?? null },
    ]);
  });

  it.each([
    ['ABC', true],
    ['a_b.c~d:e+f-1', true],
    ['manual__of_mine', true],
    ['with space', false],
    ['a/b', false],
    ['', false],
    ...(['scheduled', 'backfill', 'asset_triggered', 'asset_materialization'] as const).map(
      (type) => [`${type}__x`, false] as const,
    ),
    ['scheduled_x', true],
  ] as const)('may be called %j: %s', async (runId, isAllowed) => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const asked = h.trigger('d', { runId });
    if (isAllowed) expect(await asked).toBe(runId);
    else await expect(asked).rejects.toMatchObject({ code: 'RUN_ID_INVALID' });
  });

  it('fits the params of its DAG; what it does not say has its default', async () => {
    const h = await startHarness();
    const paramsSchema = {
      type: 'object',
      properties: {
        day: { type: 'string', format: 'date', default: '2026-01-01' },
        limit: { type: 'integer', minimum: 1, default: 10 },
        mode: { enum: ['full', 'part'] },
      },
      required: ['mode'],
    };
    await h.declare(dag({ dagId: 'd', paramsSchema, tasks: chain(1) }));
    await h.trigger('d', { conf: { mode: 'part', limit: 3, extra: true } });
    expect(h.executor.submitted[0]?.context).toMatchObject({
      params: { day: '2026-01-01', limit: 3, mode: 'part', extra: true },
      conf: { mode: 'part', limit: 3, extra: true },
    });
    for (const [conf, message] of [
      [{}, /mode/],
      [{ mode: 'half' }, /mode must be equal to one of/],
      [{ mode: 'full', limit: 0 }, /limit must be >= 1/],
      [{ mode: 'full', day: 'tomorrow' }, /day must match format "date"/],
    ] as const) {
      await expect(h.trigger('d', { conf })).rejects.toThrow(message);
    }
    expect(await h.rows('select count(*) as n from dag_run')).toEqual([{ n: 1 }]);
  });
});

describe('a deadline', () => {
  const notify = { kind: 'email', to: ['ops@example.org'], subject: 'late' };
  it.each([
    ['queued', day(1) + 10 * minute],
    ['started', day(1) + 5 * minute + 10 * minute],
    ['logical_date', day(1) + 2 * minute + 10 * minute],
  ] as const)('that is counted from %s comes ten minutes later, once', async (after, due) => {
    let h = await startHarness({ now: day(1), behaviour: () => 'hold' });
    await h.declare(
      dag({ dagId: 'd', isPausedUponCreation: true, deadline: { after, seconds: 600, notify }, tasks: chain(1) }),
    );
    await h.trigger('d', { logicalDate: day(1) + 2 * minute });
    await h.advanceBy(5 * minute);
    await h.scheduler.commands.setPaused('d', false, tester);
    await h.settled();
    await h.advanceTo(due - 1);
    h = await h.crash();
    expect(await h.rows('select subject from email')).toEqual([]);
    await h.advanceBy(1);
    expect(await h.rows('select subject from email')).toEqual([{ subject: 'late' }]);
    await h.advanceBy(hour);
    expect(await h.rows('select count(*) as n from email')).toEqual([{ n: 1 }]);
  });

  it('that was met tells nobody', async () => {
    const h = await startHarness({ now: day(1) });
    await h.declare(dag({ dagId: 'd', deadline: { after: 'queued', seconds: 600, notify }, tasks: chain(1) }));
    await h.trigger('d');
    await h.advanceBy(hour);
    expect(await h.rows('select count(*) as n from email')).toEqual([{ n: 0 }]);
  });
});

describe('dagrun_timeout', () => {
  it('is counted from the start of the run, not from when it was queued, and again when it runs again', async () => {
    const h = await startHarness({ now: day(1), behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', isPausedUponCreation: true, dagrunTimeoutMs: 10 * minute, tasks: chain(1) }));
    const runId = await h.trigger('d');
    await h.advanceBy(hour);
    expect(await h.runState('d', runId)).toBe('queued');
    await h.scheduler.commands.setPaused('d', false, tester);
    await h.advanceBy(9 * minute);
    expect(await h.runState('d', runId)).toBe('running');
    await h.advanceBy(minute);
    expect(await h.runState('d', runId)).toBe('failed');
    await h.scheduler.commands.clearDagRun({ dagId: 'd', runId, onlyFailed: false, dryRun: false }, tester);
    await h.advanceBy(9 * minute);
    expect(await h.runState('d', runId)).toBe('running');
    await h.advanceBy(minute);
    expect(await h.runState('d', runId)).toBe('failed');
  });
});

describe('the leaves of a run', () => {
  const setup = (taskId: string, upstream: string[] = []) => ({ taskId, upstream, isSetup: true });
  const work = (taskId: string, upstream: string[] = []) => ({ taskId, upstream });
  const down = (taskId: string, upstream: string[], onFailureFailDagrun = false) => ({
    taskId,
    upstream,
    isTeardown: true,
    triggerRule: 'all_done_setup_success' as const,
    onFailureFailDagrun,
  });

  // Airflow's table: t is a teardown, T one whose failure fails the run. Named are those whose failure does.
  it.each([
    ['s1>>w1>>t1', [setup('s1'), work('w1', ['s1']), down('t1', ['w1'])], ['w1']],
    ['s1>>w1>>T1', [setup('s1'), work('w1', ['s1']), down('T1', ['w1'], true)], ['T1']],
    ['T1>>w2', [down('T1', [], true), work('w2', ['T1'])], ['w2']],
    ['t1>>w2', [down('t1', []), work('w2', ['t1'])], ['w2']],
    ['t1>>t2', [down('t1', []), down('t2', ['t1'])], ['t2']],
    ['w1>>T1>>t2', [work('w1'), down('T1', ['w1'], true), down('t2', ['T1'])], ['T1']],
  ])('of %s are %j', async (_shape, tasks, leaves) => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: tasks.map((task) => ({ ...task })) }));
    for (const { taskId } of tasks) {
      h.executor.behaviour = (request) => (request.taskId === taskId ? failed() : success);
      const runId = await h.trigger('d');
      const states = await h.states('d', runId);
      const isBroken = leaves.some((leaf) => states[leaf] === 'failed' || states[leaf] === 'upstream_failed');
      expect([taskId, await h.runState('d', runId)]).toEqual([taskId, isBroken ? 'failed' : 'success']);
    }
  });
});
