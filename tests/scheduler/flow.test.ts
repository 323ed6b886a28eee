import { describe, expect, it } from 'vitest';
import { chain, dag } from '../support/dag-builder.js';
import { failed, returned, startHarness } from '../support/scheduler-harness.js';

const minute = 60_000;

describe('the scheduler', () => {
  it('runs a chain in order and ends the run with success', async () => {
    const h = await startHarness();
    await h.declare(dag({ dagId: 'd', tasks: chain(3) }));
    const runId = await h.trigger('d');
    expect(h.executor.submitted.map((one) => one.taskId)).toEqual(['t0', 't1', 't2']);
    expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'success', t2: 'success' });
    expect(await h.runState('d', runId)).toBe('success');
    expect(h.reports).toEqual([]);
  });

  it('hands the return value of a task to those that name it', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) => returned(request.taskId === 'a' ? { rows: 3 } : null);
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [{ taskId: 'a' }, { taskId: 'b', upstream: ['a'], inputs: { x: { ref: 'a' }, y: { literal: [1] } } }],
      }),
    );
    await h.trigger('d');
    expect(h.executor.submitted[1]?.inputs).toEqual({ x: { rows: 3 }, y: [1] });
  });

  it('maps a task over a list that another returned, and gathers what the instances return', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) => {
      if (request.taskId === 'list') return returned(['a', 'b', 'c']);
      return returned(request.taskId === 'load' ? `${request.inputs['key']}!` : null);
    };
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          { taskId: 'list' },
          {
            taskId: 'load',
            upstream: ['list'],
            inputs: { bucket: { literal: 'raw' } },
            expand: { kind: 'product', over: { key: { ref: 'list' } } },
          },
          { taskId: 'sum', upstream: ['load'], inputs: { all: { ref: 'load' } } },
        ],
      }),
    );
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({
      list: 'success',
      'load[0]': 'success',
      'load[1]': 'success',
      'load[2]': 'success',
      sum: 'success',
    });
    expect(h.executor.submitted.at(-1)?.inputs).toEqual({ all: ['a!', 'b!', 'c!'] });
    expect(h.executor.submitted[2]?.inputs).toEqual({ key: 'b', bucket: 'raw' });
  });

  it('retries after the delay, keeps the failed try, and fails after the last', async () => {
    const h = await startHarness();
    h.executor.behaviour = () => failed();
    await h.declare(dag({ dagId: 'd', tasks: [{ taskId: 'a', retries: 1, retryDelayMs: 5 * minute }] }));
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({ a: 'up_for_retry' });
    await h.advanceBy(5 * minute - 1);
    expect(h.executor.submitted).toHaveLength(1);
    await h.advanceBy(1);
    expect(h.executor.submitted.map((one) => one.tryNumber)).toEqual([1, 2]);
    expect(await h.states('d', runId)).toEqual({ a: 'failed' });
    expect(await h.runState('d', runId)).toBe('failed');
    expect(await h.rows('select try_number, state, error from task_instance_history')).toEqual([
      { try_number: 1, state: 'up_for_retry', error: 'Error: boom' },
    ]);
  });

  it('makes a run at every tick of a cron, once each, and none twice after a crash', async () => {
    let h = await startHarness({ now: Date.UTC(2026, 0, 1, 0, 0, 30) });
    await h.declare(
      dag({
        dagId: 'd',
        tasks: chain(1),
        schedule: { kind: 'cron', crons: ['*/5 * * * *'], interval: false, summary: '*/5 * * * *' },
      }),
    );
    await h.advanceBy(10 * minute);
    h = await h.crash();
    await h.advanceBy(10 * minute);
    const rows = await h.rows<{ run_id: string }>('select run_id from dag_run order by id');
    expect(rows.map((row) => row.run_id)).toEqual(
      ['00:00', '00:05', '00:10', '00:15', '00:20'].map((time) => `scheduled__2026-01-01T${time}:00+00:00`),
    );
  });

  it('starts what a crash interrupted again, without charging a retry', async () => {
    let h = await startHarness();
    h.executor.behaviour = () => 'hold';
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const runId = await h.trigger('d');
    expect(await h.states('d', runId)).toEqual({ t0: 'running', t1: null });
    h = await h.crash(() => ({ outcome: { state: 'success' } }));
    expect(await h.states('d', runId)).toEqual({ t0: 'success', t1: 'success' });
    expect(h.executor.submitted.map((one) => one.tryNumber)).toEqual([1, 1]);
  });

  it('triggers a run of another DAG once, however often the task is tried', async () => {
    const h = await startHarness();
    let tries = 0;
    h.executor.behaviour = (request) => {
      if (request.dagId === 'child') return returned(null);
      tries += 1;
      const trigger = {
        dagId: 'child',
        conf: { from: 'parent' },
        runId: null,
        logicalDate: null,
        resetDagRun: false,
        skipWhenAlreadyExists: false,
        failWhenDagIsPaused: false,
        note: null,
      };
      return tries === 1
        ? { ...failed(), effects: { triggers: [trigger] } }
        : { outcome: { state: 'success' }, effects: { triggers: [trigger] } };
    };
    await h.declare(
      dag({ dagId: 'parent', tasks: [{ taskId: 'go', retries: 2, retryDelayMs: 1_000 }] }),
      dag({ dagId: 'child', tasks: chain(1) }),
    );
    await h.trigger('parent');
    await h.advanceBy(2_000);
    const rows = await h.rows<{ state: string; conf_json: string }>(
      "select state, conf_json from dag_run where dag_id = 'child'",
    );
    expect(rows).toEqual([{ state: 'success', conf_json: '{"from":"parent"}' }]);
  });
});
