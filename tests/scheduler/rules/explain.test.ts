import { describe, expect, it } from 'vitest';
import type { SerializedTask } from '../../../scheduler/model/dag.js';
import { chain, dag } from '../../support/dag-builder.js';
import { clearing } from '../../support/requests.js';
import {
  type Behaviour,
  failed,
  type Harness,
  returned,
  startHarness,
  tester,
} from '../../support/scheduler-harness.js';

const now = Date.UTC(2026, 0, 10);
const success = returned(null);
type Declared = Parameters<typeof dag>[0];
type TaskWish = Partial<SerializedTask> & { taskId: string };

interface Case {
  what: string;
  dag?: Partial<Declared>;
  tasks: TaskWish[];
  behaviour?: Behaviour;
  settings?: NonNullable<Parameters<typeof startHarness>[0]>['settings'];
  /** Before the run is asked for; returns the id of the run that is asked about, if it is another. */
  before?: (h: Harness) => Promise<string | undefined>;
  /** What happens to the run. */
  after?: (h: Harness, runId: string) => Promise<unknown>;
  task?: string;
  mapIndex?: number;
  says: string;
  and?: string[];
}

const hold: Behaviour = () => 'hold';
const follows = (triggerRule: SerializedTask['triggerRule']): TaskWish[] => [
  { taskId: 'a' },
  { taskId: 'b', upstream: ['a'], triggerRule },
];
const daily = { schedule: { kind: 'cron' as const, crons: ['0 0 * * *'], interval: false, summary: 'daily' } };

const cases: Case[] = [
  // --- its run has not begun
  {
    what: 'the DAG is paused',
    dag: { isPausedUponCreation: true },
    tasks: chain(1),
    says: 'its run is queued: the DAG is paused',
  },
  {
    what: 'its run starts later',
    tasks: chain(1),
    before: (h) => h.trigger('d', { runAfter: now + 60_000 }),
    says: 'its run is queued: it starts at 2026-01-10T00:01:00.000Z',
  },
  {
    what: 'as many runs are active as may be',
    dag: { maxActiveRuns: 1 },
    tasks: chain(1),
    behaviour: hold,
    before: (h) => h.trigger('d').then(() => undefined),
    says: 'its run is queued: 1 run is active, and max_active_runs is 1',
  },
  {
    what: 'its backfill is paused',
    dag: daily,
    tasks: chain(1),
    behaviour: hold,
    before: (h) => backfill(h, true),
    says: 'its run is queued: the backfill 1 is paused',
  },
  {
    what: 'as many runs of its backfill are active as may be',
    dag: daily,
    tasks: chain(1),
    behaviour: hold,
    before: (h) => backfill(h, false),
    says: 'its run is queued: 1 run is active, and max_active_runs of the backfill 1 is 1',
  },
  // --- what it depends on
  ...(
    [
      ['all_success', 'all upstream tasks must succeed'],
      ['all_failed', 'all upstream tasks must fail'],
      ['all_done', 'all upstream tasks must finish'],
      ['all_done_min_one_success', 'all upstream tasks must finish, one with success'],
      ['one_success', 'one upstream task must succeed'],
      ['one_failed', 'one upstream task must fail'],
      ['one_done', 'one upstream task must succeed or fail'],
      ['none_failed', 'all upstream tasks must succeed or be skipped'],
      ['none_failed_min_one_success', 'all upstream tasks must succeed or be skipped'],
      ['none_skipped', 'all upstream tasks must finish, none skipped'],
      ['all_skipped', 'all upstream tasks must be skipped'],
      ['all_done_setup_success', 'all upstream tasks must finish'],
    ] as const
  ).map(
    ([rule, need]): Case => ({
      what: `${rule} is not met`,
      tasks: follows(rule),
      behaviour: hold,
      task: 'b',
      says: `${rule}: ${need}; of 1 upstream 1 unfinished`,
      and: ['a is running'],
    }),
  ),
  {
    what: 'a setup further up has not finished',
    tasks: [
      { taskId: 'up', isSetup: true },
      { taskId: 'early', upstream: ['up'], triggerRule: 'always' },
      { taskId: 'work', upstream: ['early'], triggerRule: 'always' },
      { taskId: 'down', upstream: ['work'], setups: ['up'], isTeardown: true, triggerRule: 'all_done_setup_success' },
    ],
    behaviour: (request) => (request.taskId === 'up' ? 'hold' : success),
    task: 'work',
    says: 'its setup up has not finished',
  },
  {
    what: 'the list that it is mapped over is not known',
    tasks: [
      { taskId: 'list' },
      {
        taskId: 'b',
        upstream: ['list'],
        triggerRule: 'always',
        expand: { kind: 'product', over: { x: { ref: 'list' } } },
      },
    ],
    behaviour: hold,
    task: 'b',
    says: 'mapped over list, which has not finished',
    and: ['list is running'],
  },
  {
    what: 'the run before has not come so far',
    tasks: [{ taskId: 'a', dependsOnPast: true }],
    behaviour: hold,
    before: async (h) => {
      await h.trigger('d', { logicalDate: now - 2 });
      return h.trigger('d', { logicalDate: now - 1 });
    },
    task: 'a',
    says: 'depends_on_past: a has not succeeded in the previous run',
  },
  {
    what: 'what follows it in the run before has not come so far',
    tasks: [
      { taskId: 'a', waitForDownstream: true },
      { taskId: 'b', upstream: ['a'] },
    ],
    behaviour: (request) => (request.taskId === 'b' ? 'hold' : success),
    before: async (h) => {
      await h.trigger('d', { logicalDate: now - 2 });
      return h.trigger('d', { logicalDate: now - 1 });
    },
    task: 'a',
    says: 'wait_for_downstream: b has not succeeded in the previous run',
  },
  {
    what: 'the DAG was paused while the run went on',
    tasks: chain(2),
    behaviour: hold,
    after: async (h) => {
      await h.scheduler.commands.setPaused('d', true, tester);
      h.executor.finish('t0');
    },
    task: 't1',
    says: 'its DAG is paused',
  },
  // --- slots
  {
    what: 'its pool is full',
    tasks: [
      { taskId: 'a', pool: 'narrow', poolSlots: 2, priorityWeight: 2 },
      { taskId: 'b', pool: 'narrow', poolSlots: 2 },
    ],
    behaviour: hold,
    before: (h) => pool(h, 3),
    task: 'b',
    says: 'it waits for a slot: 2 of 3 slots of the pool narrow are taken, and it needs 2',
  },
  {
    what: 'its pool is too small',
    tasks: [{ taskId: 'b', pool: 'narrow', poolSlots: 2 }],
    before: (h) => pool(h, 1),
    task: 'b',
    says: 'it waits for a slot: it needs 2 slots, and the pool narrow has 1',
  },
  {
    what: 'there is no such pool',
    tasks: [{ taskId: 'b', pool: 'none' }],
    task: 'b',
    says: 'it waits for a slot: there is no pool none',
  },
  {
    what: 'as many tasks of its run are active as may be',
    dag: { maxActiveTasks: 1 },
    tasks: [{ taskId: 'a', priorityWeight: 2 }, { taskId: 'b' }],
    behaviour: hold,
    task: 'b',
    says: 'it waits for a slot: 1 runs, and max_active_tasks of the DAG is 1',
  },
  {
    what: 'as many of its task are active in the run as may be',
    tasks: [{ taskId: 'b', maxActiveTisPerDagrun: 1, expand: { kind: 'product', over: { x: { literal: [1, 2] } } } }],
    behaviour: hold,
    task: 'b',
    mapIndex: 1,
    says: 'it waits for a slot: 1 runs, and max_active_tis_per_dagrun of the task is 1',
  },
  {
    what: 'as many of its task are active in all runs as may be',
    tasks: [{ taskId: 'b', maxActiveTisPerDag: 1 }],
    behaviour: hold,
    before: (h) => h.trigger('d').then(() => undefined),
    task: 'b',
    says: 'it waits for a slot: 1 runs, and max_active_tis_per_dag of the task is 1',
  },
  {
    what: 'all workers are busy',
    settings: { parallelism: 1 },
    tasks: [{ taskId: 'a', priorityWeight: 2 }, { taskId: 'b' }],
    behaviour: hold,
    task: 'b',
    says: 'it waits for a worker: 1 of 1 are busy',
  },
  {
    what: 'its attempt before has not ended',
    tasks: chain(1),
    behaviour: hold,
    after: async (h, runId) => {
      h.executor.cancel = () => {};
      await h.scheduler.commands.setDagRunState('d', runId, 'failed', tester);
      await h.scheduler.commands.clearTaskInstances(clearing({ runId }), tester);
    },
    says: 'it waits for a slot: its attempt before has not ended yet',
  },
  {
    what: 'it was cleared and its attempt is being ended',
    tasks: chain(1),
    behaviour: hold,
    after: async (h, runId) => {
      h.executor.cancel = () => {};
      await h.scheduler.commands.clearTaskInstances(clearing({ runId }), tester);
    },
    says: 'it is restarting: tester cleared it',
  },
  // --- waiting in the middle
  {
    what: 'a retry is due later',
    tasks: chain(1, { retries: 2, retryDelayMs: 300_000 }),
    behaviour: () => failed(),
    says: 'try 1 of 3 failed, the next is due in 300 s: at 2026-01-10T00:05:00.000Z',
  },
  {
    what: 'a retry is due, and the DAG is paused',
    tasks: chain(1, { retries: 2, retryDelayMs: 300_000 }),
    behaviour: () => failed(),
    after: async (h) => {
      await h.scheduler.commands.setPaused('d', true, tester);
      await h.advanceBy(300_000);
    },
    says: 'its DAG is paused',
  },
  {
    what: 'the next poke is due later',
    tasks: chain(1),
    behaviour: () => ({ outcome: { state: 'up_for_reschedule', at: now + 60_000 } }),
    says: 'it waits for its next poke: at 2026-01-10T00:01:00.000Z',
  },
  ...(
    [
      [{ kind: 'at', at: now + 1_000 }, 'it waits until 2026-01-10T00:00:01.000Z'],
      [{ kind: 'dag_run', dagId: 'other', runId: 'r' }, 'it waits for the run r of other'],
      [{ kind: 'object', url: 's3://raw/x.csv' }, 'it waits for s3://raw/x.csv'],
      [{ kind: 'http', url: 'https://example.org/up' }, 'it waits for https://example.org/up'],
      [{ kind: 'sql', connection: 'warehouse' }, 'it waits for a query of warehouse to say yes'],
    ] as const
  ).map(
    ([trigger, says]): Case => ({
      what: `it waits for a trigger: ${trigger.kind}`,
      tasks: chain(1),
      behaviour: () => ({ outcome: { state: 'deferred', trigger, timeoutAt: now + 3_600_000 } }),
      says: `${says}; until 2026-01-10T01:00:00.000Z`,
    }),
  ),
  {
    what: 'it waits for a person',
    tasks: chain(1),
    behaviour: () => ({
      outcome: { state: 'awaiting_input', request: { subject: 'Ship it?', options: ['Yes'] }, timeoutAt: null },
    }),
    says: 'it waits for a person: Ship it?',
  },
  { what: 'it runs', tasks: chain(1), behaviour: hold, says: 'it runs' },
  // --- it is over
  { what: 'it succeeded', tasks: chain(1), says: 'it succeeded' },
  {
    what: 'its last try failed',
    tasks: chain(1),
    behaviour: () => failed('no rows'),
    says: 'its last try failed: Error: no rows',
  },
  {
    what: 'it failed where no retry helps',
    tasks: chain(1, { retries: 5 }),
    behaviour: () => ({
      outcome: { state: 'failed', error: { type: 'FailTask', message: 'bad key', stack: null }, final: true },
    }),
    says: 'it failed for good: FailTask: bad key',
  },
  {
    what: 'something upstream failed',
    tasks: [{ taskId: 'a' }, { taskId: 'ok' }, { taskId: 'b', upstream: ['a', 'ok'] }, { taskId: 'slow' }],
    behaviour: (request) => (request.taskId === 'a' ? failed() : request.taskId === 'slow' ? 'hold' : success),
    task: 'b',
    says: 'all_success: an upstream task failed (of 2 upstream 1 success, 1 failed)',
    and: ['a is failed'],
  },
  {
    what: 'something upstream was skipped',
    tasks: [{ taskId: 'a' }, { taskId: 'b', upstream: ['a'] }, { taskId: 'slow' }],
    behaviour: (request) =>
      request.taskId === 'a'
        ? { outcome: { state: 'skipped', reason: 'nothing new' } }
        : request.taskId === 'slow'
          ? 'hold'
          : success,
    task: 'b',
    says: 'all_success: an upstream task was skipped (of 1 upstream 1 skipped)',
    and: ['a is skipped'],
  },
  {
    what: 'it skipped itself',
    tasks: chain(1),
    behaviour: () => ({ outcome: { state: 'skipped', reason: 'nothing new' } }),
    says: 'nothing new',
  },
  {
    what: 'a branch did not choose it',
    tasks: [
      { taskId: 'pick', branches: ['a', 'b'] },
      { taskId: 'a', upstream: ['pick'] },
      { taskId: 'b', upstream: ['pick'] },
    ],
    behaviour: (request) =>
      request.taskId === 'pick' ? { outcome: { state: 'success' }, effects: { skip: { followed: ['a'] } } } : success,
    task: 'b',
    says: 'pick did not choose it',
  },
  {
    what: 'it is mapped over nothing',
    tasks: [{ taskId: 'm', expand: { kind: 'product', over: { x: { literal: [] } } } }],
    task: 'm',
    says: 'mapped over 0 elements: nothing to do',
  },
  {
    what: 'its run took too long',
    dag: { dagrunTimeoutMs: 1_000 },
    tasks: chain(2),
    behaviour: hold,
    after: (h) => h.advanceBy(1_000),
    task: 't1',
    says: 'timed out: it ran for longer than 1 s',
  },
  {
    what: 'a person marked it',
    tasks: chain(2),
    behaviour: hold,
    after: (h, runId) => h.scheduler.commands.setDagRunState('d', runId, 'failed', tester),
    task: 't1',
    says: 'tester set it to failed',
  },
  {
    what: 'another task of a fail_fast DAG failed',
    dag: { failFast: true },
    tasks: chain(2),
    behaviour: () => failed(),
    task: 't1',
    says: 'fail_fast: t0 failed',
  },
];

async function backfill(h: Harness, isPaused: boolean): Promise<string> {
  const { backfillId } = await h.scheduler.commands.createBackfill(
    {
      dagId: 'd',
      from: Date.UTC(2025, 11, 1),
      to: Date.UTC(2025, 11, 2),
      conf: {},
      runBackwards: false,
      reprocess: 'none',
      maxActiveRuns: 1,
      dryRun: false,
    },
    tester,
  );
  if (isPaused) await h.scheduler.commands.setBackfillPaused(backfillId as number, true, tester);
  await h.settled();
  return 'backfill__2025-12-02T00:00:00+00:00';
}

async function pool(h: Harness, slots: number): Promise<undefined> {
  await h.scheduler.commands.setPool({ name: 'narrow', slots, description: null, includeDeferred: false }, tester);
}

describe('why a task instance does not run', () => {
  it.each(cases)('$what', async (one) => {
    const h = await startHarness({ now, ...(one.settings ? { settings: one.settings } : {}) });
    if (one.behaviour) h.executor.behaviour = one.behaviour;
    await h.declare(dag({ dagId: 'd', ...one.dag, tasks: one.tasks }));
    const runId = (await one.before?.(h)) ?? (await h.trigger('d'));
    await one.after?.(h, runId);
    await h.settled();
    const taskId = one.task ?? (one.tasks[0]?.taskId as string);
    const key = { dagId: 'd', runId, taskId, mapIndex: one.mapIndex ?? -1 };
    const { summary, reasons } = await h.scheduler.explain(key);
    expect(summary).toBe(one.says);
    expect(reasons.map(({ text }) => text)).toEqual(expect.arrayContaining([one.says, ...(one.and ?? [])]));
  });

  it('is told of runs that are over as well, and of what never came up', async () => {
    let h = await startHarness({ behaviour: () => failed('no rows') });
    await h.declare(dag({ dagId: 'd', ...daily, isPausedUponCreation: true, tasks: chain(2) }));
    await h.scheduler.commands.setPaused('d', false, tester);
    const runId = await h.trigger('d');
    await backfill(h, true);
    await h.scheduler.commands.cancelBackfill(1, tester);
    h = await h.crash();
    const why = (taskId: string, of = runId) => h.scheduler.explain({ dagId: 'd', runId: of, taskId, mapIndex: -1 });
    expect(await why('t0')).toMatchObject({ summary: 'its last try failed: Error: no rows' });
    expect((await why('t1')).reasons.map(({ text }) => text)).toEqual([
      'all_success: an upstream task failed (of 1 upstream 1 failed)',
      't0 is failed',
    ]);
    expect((await why('t0', 'backfill__2025-12-02T00:00:00+00:00')).summary).toBe(
      'it was never scheduled: its run ended as failed (tester cancelled the backfill)',
    );
    for (const unknown of [why('nowhere'), why('t0', 'nowhere')]) {
      expect((await unknown).summary).toBe('there is no such task instance');
    }
  });
});
