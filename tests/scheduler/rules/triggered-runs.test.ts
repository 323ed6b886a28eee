import { describe, expect, it } from 'vitest';
import type { TriggerRequest } from '../../../scheduler/model/attempt.js';
import type { ExpandSpec } from '../../../scheduler/model/dag.js';
import { chain, dag } from '../../support/dag-builder.js';
import { type Behaviour, type Harness, returned, startHarness, tester } from '../../support/scheduler-harness.js';

const success = returned(null);

/** The report of `dag.triggerDagRun`, with what the wish says instead. */
const triggering =
  (wish: Partial<TriggerRequest>): Behaviour =>
  (request) => {
    if (request.dagId !== 'parent') return success;
    const trigger: TriggerRequest = {
      dagId: 'child',
      conf: {},
      runId: null,
      logicalDate: 'now',
      resetDagRun: false,
      skipWhenAlreadyExists: false,
      failWhenDagIsPaused: false,
      note: null,
      ...wish,
    };
    return { outcome: { state: 'success' }, effects: { triggers: [trigger] } };
  };

const paramsSchema = { type: 'object', properties: { n: { type: 'integer' } } };

async function start(wish: Partial<TriggerRequest>): Promise<Harness> {
  const h = await startHarness({ behaviour: triggering(wish) });
  await h.declare(
    dag({ dagId: 'parent', tasks: [{ taskId: 'go', retries: 2, retryDelayMs: 1_000 }] }),
    dag({ dagId: 'child', paramsSchema, tasks: chain(1) }),
  );
  return h;
}

const children = (h: Harness) =>
  h.rows<{ run_id: string; logical_date: number | null; state: string }>(
    "select run_id, logical_date, state from dag_run where dag_id = 'child' order by id",
  );

describe('a run that a task triggers', () => {
  it('has the moment as its logical date, one of its own each', async () => {
    const h = await startHarness({ behaviour: triggering({}) });
    const expand: ExpandSpec = { kind: 'product', over: { x: { literal: [1, 2] } } };
    await h.declare(
      dag({ dagId: 'parent', tasks: [{ taskId: 'go', expand }] }),
      dag({ dagId: 'child', tasks: chain(1) }),
    );
    await h.trigger('parent');
    await h.trigger('parent');
    const now = h.clock.now();
    expect((await children(h)).map((run) => run.logical_date)).toEqual([now, now + 1, now + 2, now + 3]);
  });

  it('has the logical date that it is given, or none', async () => {
    const given = await start({ logicalDate: Date.UTC(2025, 0, 1), conf: { n: 1 }, note: 'by hand' });
    await given.trigger('parent');
    expect(
      await given.rows('select logical_date, conf_json, note, triggered_by, run_type from dag_run where id = 2'),
    ).toEqual([
      {
        logical_date: Date.UTC(2025, 0, 1),
        conf_json: '{"n":1}',
        note: 'by hand',
        triggered_by: 'operator',
        run_type: 'manual',
      },
    ]);
    const none = await start({ logicalDate: null });
    await none.trigger('parent');
    expect((await children(none)).map((run) => run.logical_date)).toEqual([null]);
  });

  it.each([
    ['of its id', { runId: 'same' }],
    ['of its logical date', { logicalDate: Date.UTC(2025, 0, 1) }],
  ])('fails its task for good when there is a run %s, or skips it, or clears that run', async (_what, wish) => {
    for (const [option, state, runs] of [
      [{}, 'failed', 1],
      [{ skipWhenAlreadyExists: true }, 'skipped', 1],
      [{ resetDagRun: true }, 'success', 2],
    ] as const) {
      const h = await start({ ...wish, ...option });
      await h.trigger('child', { runId: 'same', logicalDate: Date.UTC(2025, 0, 1), conf: { n: 7 } });
      const runId = await h.trigger('parent');
      await h.advanceBy(60_000);
      expect(await h.states('parent', runId)).toEqual({ go: state });
      expect(h.executor.submitted.filter((one) => one.dagId === 'child')).toHaveLength(runs);
      expect(await h.rows("select run_id, conf_json from dag_run where dag_id = 'child'")).toEqual([
        { run_id: 'same', conf_json: '{"n":7}' },
      ]);
      expect(h.executor.submitted.filter((one) => one.taskId === 'go')).toHaveLength(1);
    }
  });

  it('waits while its DAG is paused, or fails its task when told so', async () => {
    for (const failWhenDagIsPaused of [false, true]) {
      const h = await start({ failWhenDagIsPaused });
      await h.scheduler.commands.setPaused('child', true, tester);
      const runId = await h.trigger('parent');
      expect(await h.states('parent', runId)).toEqual({ go: failWhenDagIsPaused ? 'failed' : 'success' });
      expect((await children(h)).map((run) => run.state)).toEqual(failWhenDagIsPaused ? [] : ['queued']);
      if (failWhenDagIsPaused) continue;
      await h.scheduler.commands.setPaused('child', false, tester);
      await h.settled();
      expect((await children(h)).map((run) => run.state)).toEqual(['success']);
    }
  });

  it.each([
    [{ dagId: 'nowhere' }, 'TriggerRefused: there is no DAG nowhere to trigger'],
    [{ conf: { n: 'text' } }, 'TriggerRefused: child: n must be integer'],
  ])('fails its task for good: %j', async (wish, error) => {
    const h = await start(wish);
    const runId = await h.trigger('parent');
    expect(await h.states('parent', runId)).toEqual({ go: 'failed' });
    expect(await h.rows('select error from task_instance where error is not null')).toEqual([{ error }]);
  });

  it('is a new one when the run that triggers it is cleared', async () => {
    const h = await start({});
    const runId = await h.trigger('parent');
    await h.advanceBy(1);
    await h.scheduler.commands.clearDagRun({ dagId: 'parent', runId, onlyFailed: false, dryRun: false }, tester);
    await h.settled();
    const runs = await children(h);
    expect(new Set(runs.map((run) => run.run_id)).size).toBe(2);
    expect(await h.rows("select value_json from xcom where key = 'trigger_run_id'")).toEqual([
      { value_json: JSON.stringify(runs[1]?.run_id) },
    ]);
  });
});
