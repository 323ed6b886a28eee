import { describe, expect, it } from 'vitest';
import type { Json } from '../../../kernel/json.js';
import type { AttemptCall, AttemptRequest } from '../../../scheduler/model/attempt.js';
import { chain, dag } from '../../support/dag-builder.js';
import { failed, type Harness, returned, startHarness, tester } from '../../support/scheduler-harness.js';

const day = (number: number) => Date.UTC(2026, 0, number);
const asset = (name: string) => ({ name, uri: `s3://${name}` });

/** A scheduler with one attempt under way, and how that attempt calls. */
async function withAttempt(wish: Parameters<typeof dag>[0]) {
  const h = await startHarness({ now: day(10), behaviour: () => 'hold' });
  await h.declare(dag(wish));
  return { h, runId: await h.trigger(wish.dagId, { logicalDate: day(9) }) };
}

const callAs = (h: Harness, attempt: Pick<AttemptRequest, 'attemptId'>, call: AttemptCall): Promise<Json | undefined> =>
  h.scheduler.listener.onCall(attempt.attemptId, call);

const only = (h: Harness) => [...h.executor.running.values()][0] as AttemptRequest;

describe('a running task', () => {
  it('reads XComs of others, and of earlier runs when asked', async () => {
    const h = await startHarness({ now: day(10) });
    h.executor.behaviour = (request) =>
      request.context.logicalDate === day(3)
        ? 'hold'
        : returned(`of day ${new Date(request.context.logicalDate ?? 0).getUTCDate()}`);
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    for (const number of [1, 2, 3]) await h.trigger('d', { runId: `day${number}`, logicalDate: day(number) });
    const get = (wish: Partial<Extract<AttemptCall, { method: 'getXCom' }>>) =>
      callAs(h, only(h), {
        method: 'getXCom',
        dagId: 'd',
        runId: 'day3',
        taskId: 't0',
        mapIndex: -1,
        key: 'return_value',
        includePriorDates: false,
        ...wish,
      });
    expect(await get({})).toBeUndefined();
    expect(await get({ includePriorDates: true })).toBe('of day 2');
    expect(await get({ runId: 'day1', includePriorDates: true })).toBe('of day 1');
    expect(await get({ key: 'none', includePriorDates: true })).toBeUndefined();
  });

  it('sets XComs of its own and of other task instances that exist, up to the limit', async () => {
    const { h, runId } = await withAttempt({ dagId: 'd', tasks: chain(2) });
    const set = (taskId: string, value: Json, mapIndex = -1) =>
      callAs(h, only(h), { method: 'setXCom', dagId: 'd', runId, taskId, mapIndex, key: 'k', value });
    await set('t0', 1);
    await set('t1', 2);
    expect(await h.rows('select task_id, value_json from xcom order by task_id')).toEqual([
      { task_id: 't0', value_json: '1' },
      { task_id: 't1', value_json: '2' },
    ]);
    await expect(set('t9', 3)).rejects.toMatchObject({ code: 'TASK_INSTANCE_NOT_FOUND' });
    await expect(set('t1', 3, 4)).rejects.toThrow(/there is no d\.t1\[4\] in the run/);
    await expect(set('t0', 'x'.repeat(1_048_577))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('is answered no more when it is not the current attempt', async () => {
    const { h } = await withAttempt({ dagId: 'd', tasks: chain(1) });
    const attempt = only(h);
    h.executor.cancel = () => {};
    await h.scheduler.commands.clearDagRun(
      { dagId: 'd', runId: attempt.runId, onlyFailed: false, dryRun: false },
      tester,
    );
    await expect(
      callAs(h, attempt, { method: 'setVariable', key: 'k', value: 'late', description: null }),
    ).rejects.toMatchObject({ code: 'ATTEMPT_STALE' });
    expect(await h.rows('select * from variable')).toEqual([]);
  });

  it('keeps what it wants to know of an asset from run to run', async () => {
    const { h } = await withAttempt({ dagId: 'd', tasks: [{ taskId: 'a', inlets: [asset('orders')] }] });
    const call = (of: object) => callAs(h, only(h), { asset: { name: 'orders' }, ...of } as AttemptCall);
    expect(await call({ method: 'getAssetState', key: 'seen' })).toBeUndefined();
    await call({ method: 'setAssetState', key: 'seen', value: { lsn: 7 } });
    await call({ method: 'setAssetState', key: 'seen', value: { lsn: 8 } });
    await call({ method: 'setAssetState', key: 'other', value: 1 });
    expect(await call({ method: 'getAssetState', key: 'seen', asset: { uri: 's3://orders' } })).toEqual({ lsn: 8 });
    await call({ method: 'deleteAssetState', key: 'seen' });
    expect(await call({ method: 'getAssetState', key: 'seen' })).toBeUndefined();
    expect(await call({ method: 'getAssetState', key: 'other' })).toBe(1);
    await call({ method: 'deleteAssetState', key: null });
    expect(await h.rows('select * from asset_state')).toEqual([]);
    await expect(
      call({ method: 'setAssetState', key: 'k', value: 1, asset: { name: 'nobody' } }),
    ).rejects.toMatchObject({ code: 'ASSET_NOT_FOUND' });
    expect(await call({ method: 'getAssetState', key: 'k', asset: { name: 'nobody' } })).toBeUndefined();
  });

  it('learns which asset events its run was made for, and what has happened to an inlet', async () => {
    const h = await startHarness({ now: day(10) });
    await h.declare(
      dag({ dagId: 'writer', tasks: [{ taskId: 'w', outlets: [asset('x')] }] }),
      dag({
        dagId: 'reader',
        schedule: { kind: 'assets', condition: { all: [{ asset: asset('x') }, { asset: asset('y') }] } },
        tasks: [{ taskId: 'r', inlets: [asset('x')] }],
      }),
    );
    h.executor.behaviour = (request) =>
      request.dagId === 'reader'
        ? 'hold'
        : { outcome: { state: 'success' }, effects: { assetEvents: [{ asset: asset('x'), extra: { rows: 3 } }] } };
    const writer = await h.trigger('writer');
    await h.advanceBy(1_000);
    await h.scheduler.commands.emitAssetEvent(asset('y'), { by: 'hand' }, tester);
    await h.settled();
    const attempt = only(h);
    const ofWriter = {
      asset: asset('x'),
      timestamp: '2026-01-10T00:00:00.000Z',
      extra: { rows: 3 },
      source: { dagId: 'writer', runId: writer, taskId: 'w', mapIndex: -1 },
    };
    const ofPerson = { asset: asset('y'), timestamp: '2026-01-10T00:00:01.000Z', extra: { by: 'hand' }, source: null };
    const { dagId, runId } = attempt;
    expect(await callAs(h, attempt, { method: 'getTriggeringAssetEvents', dagId, runId })).toEqual([
      ofWriter,
      ofPerson,
    ]);
    const inlet = (of: object) =>
      callAs(h, attempt, {
        method: 'getInletEvents',
        asset: { name: 'x' },
        after: null,
        before: null,
        limit: null,
        ...of,
      });
    expect(await inlet({})).toEqual([ofWriter]);
    await h.trigger('writer');
    expect(await inlet({})).toHaveLength(2);
    expect(await inlet({ limit: 1 })).toMatchObject([{ timestamp: '2026-01-10T00:00:01.000Z' }]);
    expect(await inlet({ before: day(10) })).toEqual([ofWriter]);
    expect(await inlet({ after: day(10) + 1 })).toHaveLength(1);
    expect(await inlet({ asset: { name: 'nobody' } })).toEqual([]);
  });
});

describe('a callback of a DAG', () => {
  it('may ask and write as a task may, until it is over', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) => (request.task.operator === 'dag_callback' ? 'hold' : failed('no rows'));
    await h.declare(
      dag({ dagId: 'd', callbacks: { onSuccess: false, onFailure: true, onRetry: false }, tasks: chain(1) }),
    );
    const runId = await h.trigger('d');
    const attempt = only(h);
    await callAs(h, attempt, { method: 'setVariable', key: 'last_failure', value: runId, description: 'by onFailure' });
    expect(await callAs(h, attempt, { method: 'getVariable', key: 'last_failure' })).toBe(runId);
    expect(await h.rows('select description from variable')).toEqual([{ description: 'by onFailure' }]);
    expect(await callAs(h, attempt, { method: 'getTaskResults', dagId: 'd', runId })).toMatchObject([
      { taskId: 't0', state: 'failed', error: 'Error: no rows' },
    ]);
    h.executor.finish('onFailure');
    await h.settled();
    await expect(callAs(h, attempt, { method: 'getVariable', key: 'last_failure' })).rejects.toMatchObject({
      code: 'ATTEMPT_STALE',
    });
  });
});
