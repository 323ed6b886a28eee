import { describe, expect, it } from 'vitest';
import type { BackfillRequest } from '../../../scheduler/model/admin-commands.js';
import type { SerializedDag } from '../../../scheduler/model/dag.js';
import { chain, dag } from '../../support/dag-builder.js';
import { type Harness, returned, startHarness, tester } from '../../support/scheduler-harness.js';

const day = (number: number) => Date.UTC(2026, 0, number);
const daily: SerializedDag['schedule'] = { kind: 'cron', crons: ['0 0 * * *'], interval: false, summary: 'daily' };

const wish = (of: Partial<BackfillRequest> = {}): BackfillRequest => ({
  dagId: 'd',
  from: day(1),
  to: day(3),
  conf: {},
  runBackwards: false,
  reprocess: 'none',
  maxActiveRuns: 10,
  dryRun: false,
  ...of,
});

async function start(of: Partial<Parameters<typeof dag>[0]> = {}): Promise<Harness> {
  const h = await startHarness({ now: day(10) + 1, behaviour: () => 'hold' });
  await h.declare(dag({ dagId: 'd', schedule: daily, tasks: chain(1), ...of }));
  return h;
}

const make = async (h: Harness, of: Partial<BackfillRequest> = {}) => {
  const plan = await h.scheduler.commands.createBackfill(wish(of), tester);
  await h.settled();
  return plan;
};
const dates = (plan: Awaited<ReturnType<typeof make>>) =>
  plan.runs.map((run) => new Date(run.logicalDate).toISOString());
const states = async (h: Harness) =>
  (await h.rows<{ state: string }>("select state from dag_run where run_type = 'backfill' order by logical_date")).map(
    (row) => row.state,
  );

describe('the dates of a backfill', () => {
  it.each<[string, SerializedDag['schedule'], Partial<BackfillRequest>, string[]]>([
    ['are the ticks of the schedule between both ends', daily, {}, ['01T00', '02T00', '03T00']],
    ['include neither what lies before nor after', daily, { from: day(1) + 1, to: day(3) - 1 }, ['02T00']],
    ['go backwards when asked', daily, { runBackwards: true }, ['03T00', '02T00', '01T00']],
    ['end before now', daily, { from: day(9), to: day(20) }, ['09T00', '10T00']],
    [
      'are those of intervals that are over',
      { kind: 'cron', crons: ['0 0 * * *'], interval: true, summary: 'daily' },
      { from: day(8), to: day(20) },
      ['08T00', '09T00'],
    ],
    [
      'of several crons are all of theirs',
      { kind: 'cron', crons: ['0 6 * * *', '0 18 * * *'], interval: false, summary: '' },
      { to: day(2) },
      ['01T06', '01T18'],
    ],
    [
      'of a period lie where it begins',
      { kind: 'every', everyMs: 12 * 3_600_000 },
      { to: day(2) },
      ['01T00', '01T12', '02T00'],
    ],
  ])('%s', async (_what, schedule, of, expected) => {
    const h = await start({ schedule });
    expect(dates(await make(h, { ...of, dryRun: true })).map((date) => date.slice(8, 13))).toEqual(expected);
  });

  it.each<[string, Partial<Parameters<typeof dag>[0]>, Partial<BackfillRequest>, RegExp]>([
    ['a DAG without times', { schedule: { kind: 'none' } }, {}, /no schedule of times/],
    ['dates of the future', {}, { from: day(20), to: day(21) }, /future/],
    ['ends in the wrong order', {}, { from: day(3), to: day(1) }, /first date lies after the last/],
    ['a span without a tick', {}, { from: day(1) + 1, to: day(2) - 1 }, /no run of the DAG lies between/],
    ['too many runs', { schedule: { kind: 'every', everyMs: 60_000 } }, {}, /more than 1000 runs/],
    ['no run at a time', {}, { maxActiveRuns: 0 }, /at least 1/],
    [
      'backwards where a task depends on the past',
      { tasks: chain(1, { dependsOnPast: true }) },
      { runBackwards: true, reprocess: 'failed' },
      /backwards/,
    ],
    [
      'holes where a task depends on the past',
      { tasks: chain(1, { dependsOnPast: true }) },
      {},
      /reprocess failed or completed/,
    ],
  ])('are refused: %s', async (_what, of, request, message) => {
    const h = await start(of);
    await expect(make(h, request)).rejects.toThrow(message);
    expect(await h.rows('select * from backfill')).toEqual([]);
  });
});

describe('a backfill', () => {
  it('starts nothing while it is paused, goes on later, also over a crash', async () => {
    let h = await start();
    const { backfillId } = await make(h, { maxActiveRuns: 1 });
    await h.scheduler.commands.setBackfillPaused(backfillId as number, true, tester);
    h.executor.finish('t0');
    await h.settled();
    h = await h.crash();
    for (const one of [...h.executor.running.values()]) h.executor.finish(one.taskId);
    await h.settled();
    const waiting = (await states(h)).filter((state) => state === 'queued').length;
    expect(waiting).toBeGreaterThan(0);
    h.executor.behaviour = () => returned(null);
    await h.scheduler.commands.setBackfillPaused(backfillId as number, false, tester);
    await h.settled();
    expect(await states(h)).toEqual(['success', 'success', 'success']);
    expect(await h.rows('select completed_at is null as is_open from backfill')).toEqual([{ is_open: 0 }]);
  });

  it('when cancelled fails what waits and lets go on what runs; another may follow', async () => {
    const h = await start();
    const { backfillId } = await make(h, { maxActiveRuns: 1 });
    await h.scheduler.commands.cancelBackfill(backfillId as number, tester);
    await h.settled();
    expect((await states(h)).sort()).toEqual(['failed', 'failed', 'running']);
    h.executor.behaviour = () => returned(null);
    await expect(make(h, { from: day(5), to: day(5) })).resolves.toMatchObject({ backfillId: 2 });
  });

  it('waits with the DAG while that is paused', async () => {
    const h = await start();
    await h.scheduler.commands.setPaused('d', true, tester);
    await make(h);
    expect(await states(h)).toEqual(['queued', 'queued', 'queued']);
    await h.scheduler.commands.setPaused('d', false, tester);
    await h.settled();
    expect(await states(h)).toEqual(['running', 'running', 'running']);
  });

  it('runs an existing run again under its id, with the backfill’s conf and all of its tries kept', async () => {
    const h = await start();
    h.executor.behaviour = () => returned(null);
    await h.trigger('d', { runId: 'mine', logicalDate: day(2), conf: { by: 'hand' } });
    await make(h, { from: day(2), to: day(2), reprocess: 'completed', conf: { by: 'backfill' } });
    expect(
      await h.rows(
        'select run_id, run_type, conf_json, state, clear_number from dag_run where logical_date = ?',
        day(2),
      ),
    ).toEqual([
      { run_id: 'mine', run_type: 'backfill', conf_json: '{"by":"backfill"}', state: 'success', clear_number: 1 },
    ]);
    expect(await h.rows('select try_number from task_instance_history')).toHaveLength(1);
  });
});
