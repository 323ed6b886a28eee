import { describe, expect, it } from 'vitest';
import type { AssetCondition, SerializedSchedule } from '../../../scheduler/model/dag.js';
import { chain, dag } from '../../support/dag-builder.js';
import { clearing } from '../../support/requests.js';
import { failed, type Harness, returned, startHarness, tester } from '../../support/scheduler-harness.js';

const minute = 60_000;
const start = Date.UTC(2026, 0, 1);
const success = returned(null);
const asset = (name: string) => ({ name, uri: `s3://${name}` });
const x: AssetCondition = { asset: asset('x') };
const y: AssetCondition = { asset: asset('y') };
const on = (condition: AssetCondition): SerializedSchedule => ({ kind: 'assets', condition });
const emit = async (h: Harness, name: string, extra = {}) => {
  await h.scheduler.commands.emitAssetEvent(asset(name), extra, tester);
  await h.settled();
};
const readers = (h: Harness) =>
  h.rows<{ state: string; run_type: string }>(
    "select state, run_type from dag_run where dag_id = 'reader' order by id",
  );

async function withReader(schedule: SerializedSchedule, wish: Partial<Parameters<typeof dag>[0]> = {}) {
  const h = await startHarness({ now: start });
  await h.declare(dag({ dagId: 'reader', schedule, tasks: chain(1), ...wish }));
  return h;
}

describe('an asset event', () => {
  it.each([
    ['success', success, 1],
    ['failed', failed(), 0],
    ['skipped', { outcome: { state: 'skipped' as const, reason: 'nothing new' } }, 0],
  ])('follows a task that is %s: %i runs', async (_state, result, runs) => {
    const h = await startHarness({ behaviour: (request) => (request.dagId === 'writer' ? result : success) });
    await h.declare(
      dag({ dagId: 'writer', tasks: [{ taskId: 'w', outlets: [asset('x')] }] }),
      dag({ dagId: 'reader', schedule: on(x), tasks: chain(1) }),
    );
    await h.trigger('writer');
    expect(await readers(h)).toHaveLength(runs);
  });

  it('carries what the task says of it, and follows each success of it, also after a clear', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) =>
      request.dagId === 'writer'
        ? { ...success, effects: { assetEvents: [{ asset: asset('x'), extra: { try: request.tryNumber } }] } }
        : success;
    await h.declare(
      dag({ dagId: 'writer', tasks: [{ taskId: 'w', outlets: [asset('x')] }] }),
      dag({ dagId: 'reader', schedule: on(x), tasks: chain(1) }),
    );
    const runId = await h.trigger('writer');
    await h.scheduler.commands.clearTaskInstances(clearing({ dagId: 'writer', runId }), tester);
    await h.settled();
    expect(await readers(h)).toHaveLength(2);
    expect(await h.rows('select extra_json, source_task_id from asset_event order by id')).toEqual([
      { extra_json: '{"try":1}', source_task_id: 'w' },
      { extra_json: '{"try":2}', source_task_id: 'w' },
    ]);
  });

  it('is nothing to a DAG that is paused: it is not waiting when that goes on', async () => {
    const h = await withReader(on(x));
    await h.scheduler.commands.setPaused('reader', true, tester);
    await emit(h, 'x');
    await h.scheduler.commands.setPaused('reader', false, tester);
    await h.settled();
    expect(await readers(h)).toEqual([]);
    await emit(h, 'x');
    expect(await readers(h)).toHaveLength(1);
  });

  it('waits while as many runs are active as may be, and then brings one run for all that has come', async () => {
    const h = await withReader(on({ all: [x, y] }), { maxActiveRuns: 1 });
    h.executor.behaviour = () => 'hold';
    for (const name of ['x', 'y', 'x', 'y', 'x']) await emit(h, name);
    expect((await readers(h)).map((run) => run.state)).toEqual(['running']);
    h.executor.behaviour = () => success;
    h.executor.finish('t0');
    await h.settled();
    expect((await readers(h)).map((run) => run.state)).toEqual(['success', 'success']);
    expect(await h.rows('select dag_run_id, count(*) as n from asset_event_dag_run group by 1 order by 1')).toEqual([
      { dag_run_id: 1, n: 2 },
      { dag_run_id: 2, n: 3 },
    ]);
  });

  it('is taken by every DAG that waits for it, each by itself', async () => {
    const h = await startHarness();
    await h.declare(
      dag({ dagId: 'reader', schedule: on(x), tasks: chain(1) }),
      dag({ dagId: 'other', schedule: on({ any: [x, y] }), tasks: chain(1) }),
    );
    await emit(h, 'x');
    await emit(h, 'y');
    expect(await h.rows('select dag_id, count(*) as n from dag_run group by 1 order by 1')).toEqual([
      { dag_id: 'other', n: 2 },
      { dag_id: 'reader', n: 1 },
    ]);
  });

  it('makes a run without a logical date, due when the last of its assets was written', async () => {
    const h = await withReader(on({ all: [x, y] }));
    await emit(h, 'x');
    await h.advanceBy(minute);
    await emit(h, 'y');
    const [run] = await h.rows<{ run_id: string }>('select * from dag_run');
    expect(run).toMatchObject({
      logical_date: null,
      interval_start: null,
      run_after: start + minute,
      triggered_by: 'asset',
      run_type: 'asset_triggered',
    });
    expect(run?.run_id).toMatch(/^asset_triggered__2026-01-01T00:01:00\+00:00_[0-9a-f]{8}$/);
  });
});

describe('a schedule of assets or time', () => {
  it('brings runs at its times and for its assets', async () => {
    const h = await withReader({ kind: 'asset_or_time', condition: x, crons: ['*/10 * * * *'], interval: false });
    await h.advanceBy(5 * minute);
    await emit(h, 'x');
    await h.advanceBy(5 * minute);
    expect((await readers(h)).map((run) => run.run_type)).toEqual(['scheduled', 'asset_triggered', 'scheduled']);
  });
});
