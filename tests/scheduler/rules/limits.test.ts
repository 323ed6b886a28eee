import { describe, expect, it } from 'vitest';
import type { AttemptRequest } from '../../../scheduler/model/attempt.js';
import { chain, dag } from '../../support/dag-builder.js';
import {
  type Behaviour,
  failed,
  type Harness,
  returned,
  startHarness,
  tester,
} from '../../support/scheduler-harness.js';

const minute = 60_000;
const day = (number: number) => Date.UTC(2026, 0, number);
const success = returned(null);
const hold: Behaviour = () => 'hold';
const running = (h: Harness) => [...h.executor.running.values()].map((one) => one.taskId);

const deferring: Behaviour = (request) =>
  request.taskId.startsWith('defers') && request.context.event === undefined
    ? { outcome: { state: 'deferred', trigger: { kind: 'http', url: 'x' }, timeoutAt: null } }
    : 'hold';

async function withPool(slots: number, includeDeferred = false): Promise<Harness> {
  const h = await startHarness();
  await h.scheduler.commands.setPool({ name: 'p', slots, description: null, includeDeferred }, tester);
  return h;
}

describe('a pool', () => {
  it.each([
    [false, ['works']],
    [true, []],
  ])('that includes deferred tasks (%s) lets run beside one: %j', async (includeDeferred, expected) => {
    const h = await withPool(1, includeDeferred);
    h.executor.behaviour = deferring;
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'defers', pool: 'p', priorityWeight: 9 },
          { taskId: 'works', pool: 'p' },
        ],
      }),
    );
    await h.trigger('d');
    expect(running(h)).toEqual(expected);
  });

  it('takes a resumed task like any other: it waits for a slot', async () => {
    const h = await withPool(1);
    h.executor.behaviour = deferring;
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'defers', pool: 'p', priorityWeight: 9 },
          { taskId: 'works', pool: 'p' },
        ],
      }),
    );
    const runId = await h.trigger('d');
    const [waiting] = h.scheduler.deferrals.waiting();
    await h.scheduler.deferrals.fire(waiting as NonNullable<typeof waiting>, { ok: true });
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ defers: 'scheduled', works: 'running' });
    h.executor.finish('works');
    await h.settled();
    expect(await h.states('d', runId)).toEqual({ defers: 'running', works: 'success' });
    expect(await h.rows("select try_number from task_instance where task_id = 'defers'")).toEqual([{ try_number: 1 }]);
  });

  it('without a limit takes all, one that is made later takes what waited for it, one that grows takes more', async () => {
    const h = await startHarness({ behaviour: hold });
    const tasks = Array.from({ length: 4 }, (_, at) => ({ taskId: `t${at}`, pool: 'p' }));
    await h.declare(dag({ dagId: 'd', tasks }));
    await h.trigger('d');
    expect(running(h)).toEqual([]);
    for (const [slots, count] of [
      [1, 1],
      [3, 3],
      [-1, 4],
    ] as const) {
      await h.scheduler.commands.setPool({ name: 'p', slots, description: null, includeDeferred: false }, tester);
      await h.settled();
      expect(running(h)).toHaveLength(count);
    }
  });

  it('has 128 slots when nobody says which', async () => {
    const h = await startHarness();
    expect(await h.rows('select name, slots from pool')).toEqual([{ name: 'default_pool', slots: 128 }]);
  });
});

describe('who is next', () => {
  it('is the heaviest, then the oldest logical date, then the lowest map index', async () => {
    const h = await startHarness({ settings: { parallelism: 1 }, now: day(10), behaviour: hold });
    const expand = { kind: 'product' as const, over: { x: { literal: [1, 2] } } };
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'm', expand },
          { taskId: 'heavy', priorityWeight: 5 },
        ],
      }),
    );
    await h.trigger('d', { runId: 'blocker', logicalDate: day(9) });
    await h.trigger('d', { runId: 'late', logicalDate: day(5) });
    await h.trigger('d', { runId: 'early', logicalDate: day(2) });
    for (let left = 9; left > 0; left--) {
      const one = [...h.executor.running.values()][0] as AttemptRequest;
      h.executor.finish(one.taskId, success, one.mapIndex);
      await h.settled();
    }
    expect(h.executor.submitted.map((one) => `${one.runId} ${one.taskId} ${one.mapIndex}`)).toEqual([
      'blocker heavy -1',
      'early heavy -1',
      'late heavy -1',
      'early m 0',
      'early m 1',
      'late m 0',
      'late m 1',
      'blocker m 0',
      'blocker m 1',
    ]);
  });

  it('does not depend on what a full pool holds back', async () => {
    const h = await withPool(1);
    h.executor.behaviour = hold;
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'first', pool: 'p', priorityWeight: 9 },
          { taskId: 'second', pool: 'p', priorityWeight: 8 },
          { taskId: 'elsewhere' },
        ],
      }),
    );
    await h.trigger('d');
    expect(running(h)).toEqual(['first', 'elsewhere']);
  });
});

describe('max_active_runs', () => {
  const everyMinute = { schedule: { kind: 'every' as const, everyMs: minute }, startDate: day(1) };

  it('holds back the making of scheduled runs, and only the start of manual ones', async () => {
    const h = await startHarness({ now: day(1), behaviour: hold });
    await h.declare(dag({ dagId: 'd', ...everyMinute, catchup: true, maxActiveRuns: 2, tasks: chain(1) }));
    await h.advanceBy(5 * minute);
    const states = async () =>
      (await h.rows<{ state: string }>('select state from dag_run order by id')).map((row) => row.state);
    expect(await states()).toEqual(['running', 'running']);
    await h.trigger('d');
    await h.trigger('d');
    expect(await states()).toEqual(['running', 'running', 'queued', 'queued']);
    h.executor.finish('t0');
    await h.settled();
    // The manual ones wait already; with them no scheduled run is made before they are over.
    expect(await states()).toEqual(['success', 'running', 'running', 'queued']);
  });

  it('of a continuous DAG is one, whatever it says', async () => {
    const h = await startHarness({ now: day(1), behaviour: hold });
    await h.declare(dag({ dagId: 'd', schedule: { kind: 'continuous' }, maxActiveRuns: 5, tasks: chain(1) }));
    await h.advanceBy(10 * minute);
    expect(h.executor.running.size).toBe(1);
    h.executor.finish('t0');
    await h.advanceBy(1_000);
    expect(await h.rows('select state from dag_run order by id')).toEqual([{ state: 'success' }, { state: 'running' }]);
  });

  it('counts the runs of a DAG, and not those of its backfills', async () => {
    const h = await startHarness({ now: day(10), behaviour: hold });
    await h.declare(
      dag({
        dagId: 'd',
        maxActiveRuns: 1,
        schedule: { kind: 'cron', crons: ['0 0 * * *'], interval: false, summary: 'daily' },
        tasks: chain(1),
      }),
    );
    expect(h.executor.running.size).toBe(1);
    await h.scheduler.commands.createBackfill(
      {
        dagId: 'd',
        from: day(1),
        to: day(5),
        conf: {},
        runBackwards: false,
        reprocess: 'none',
        maxActiveRuns: 3,
        dryRun: false,
      },
      tester,
    );
    await h.settled();
    expect(h.executor.running.size).toBe(4);
  });
});

describe('a paused DAG', () => {
  it('lets what runs go on, begins nothing, and ends a run of which nothing is left', async () => {
    const h = await startHarness({ behaviour: hold });
    await h.declare(
      dag({ dagId: 'd', tasks: [{ taskId: 'a' }, { taskId: 'b' }, { taskId: 'c', upstream: ['a', 'b'] }] }),
    );
    const whole = await h.trigger('d');
    await h.scheduler.commands.setPaused('d', true, tester);
    const waits = await h.trigger('d');
    h.executor.finish('a');
    h.executor.finish('b');
    await h.settled();
    expect(await h.states('d', whole)).toEqual({ a: 'success', b: 'success', c: null });
    expect(await h.runState('d', waits)).toBe('queued');
    await h.scheduler.commands.setPaused('d', false, tester);
    await h.settled();
    expect(running(h).sort()).toEqual(['a', 'b', 'c']);
    await h.scheduler.commands.setPaused('d', true, tester);
    h.executor.finish('c');
    await h.settled();
    expect(await h.runState('d', whole)).toBe('success');
  });

  it('retries nothing until it goes on, and then at once', async () => {
    const h = await startHarness({ behaviour: () => failed() });
    await h.declare(dag({ dagId: 'd', tasks: chain(1, { retries: 1, retryDelayMs: minute }) }));
    await h.trigger('d');
    await h.scheduler.commands.setPaused('d', true, tester);
    await h.advanceBy(10 * minute);
    expect(h.executor.submitted).toHaveLength(1);
    await h.scheduler.commands.setPaused('d', false, tester);
    await h.settled();
    expect(h.executor.submitted).toHaveLength(2);
  });
});

describe('max_consecutive_failed_dag_runs', () => {
  it('counts failures in a row: a success in between begins the count again, unpausing too', async () => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: chain(1), maxConsecutiveFailedDagRuns: 2 }));
    const run = async (isGood: boolean) => {
      h.executor.behaviour = () => (isGood ? success : failed());
      await h.trigger('d');
      const [row] = await h.rows<{ is_paused: number }>('select is_paused from dag');
      return row?.is_paused === 1;
    };
    expect([await run(false), await run(true), await run(false), await run(false)]).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(await h.rows("select event, user from event_log where event = 'paused'")).toEqual([
      { event: 'paused', user: 'scheduler' },
    ]);
    await h.scheduler.commands.setPaused('d', false, tester);
    expect([await run(false), await run(false)]).toEqual([false, true]);
  });
});
