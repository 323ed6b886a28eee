import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.js';
import { ManualClock } from '../../kernel/time.js';
import { type Trigger, trigger } from '../../scheduler/dag/signals.js';
import type { DeferralChange, DeferredTask } from '../../scheduler/model/deferral.js';
import type { SchedulerEvent } from '../../scheduler/model/events.js';
import { Triggerer } from '../../scheduler/triggerer/triggerer.js';

let lastId = 0;
const waitingFor = (waitFor: Trigger, taskId = 't'): DeferredTask => {
  const taskInstanceId = ++lastId;
  return {
    dagId: 'd',
    runId: 'r',
    taskId,
    mapIndex: -1,
    taskInstanceId,
    attemptId: `a${taskInstanceId}`,
    trigger: waitFor as unknown as JsonObject,
    timeoutAt: null,
  };
};

function setUp(waiting: DeferredTask[]) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const resumed: unknown[] = [];
  const failed: unknown[] = [];
  const faults: unknown[] = [];
  const runs: Record<string, string> = {};
  let tell: (event: SchedulerEvent) => void = () => {};
  let change: (change: DeferralChange) => void = () => {};
  const nameOf = (id: number) => waiting.find((task) => task.taskInstanceId === id)?.taskId;
  const triggerer = new Triggerer({
    clock,
    deferrals: {
      waiting: () => waiting,
      listen: (listener) => {
        change = listener;
        return () => {};
      },
      fire: async ({ taskInstanceId }, event) => resumed.push([nameOf(taskInstanceId), event]) > 0,
      fail: async ({ taskInstanceId }, error) => failed.push([nameOf(taskInstanceId), error.type]) > 0,
    },
    events: {
      listen: (listener) => {
        tell = listener;
        return () => {};
      },
    },
    connections: { dead: { url: 'postgresql://127.0.0.1:1/none' } },
    find: async () => undefined,
    readRun: async (dagId) => runs[dagId],
    onFault: (error) => void faults.push(error),
  });
  return {
    clock,
    triggerer,
    resumed,
    failed,
    runs,
    faults,
    tell: (event: SchedulerEvent) => tell(event),
    change: (one: DeferralChange) => change(one),
  };
}

describe('the triggerer', () => {
  it('resumes each task at its time, weeks ahead as well', async () => {
    const { clock, triggerer, resumed } = setUp([
      waitingFor(trigger.at('2026-01-01T00:10:00Z'), 'soon'),
      waitingFor(trigger.at('2026-02-15T00:00:00Z'), 'late'),
    ]);
    triggerer.start();
    clock.advanceTo(Date.UTC(2026, 0, 1, 0, 9));
    expect(resumed).toEqual([]);
    clock.advanceTo(Date.UTC(2026, 0, 1, 0, 10));
    expect(resumed).toEqual([['soon', { at: '2026-01-01T00:10:00.000Z' }]]);
    clock.advanceTo(Date.UTC(2026, 1, 15));
    expect(resumed).toHaveLength(2);
    expect(triggerer.size).toBe(0);
  });

  it('holds a thousand waits at once', async () => {
    const tasks = Array.from({ length: 1_000 }, (_, at) =>
      waitingFor(trigger.at(new Date(Date.UTC(2026, 0, 1, 1, 0, at % 60))), `t${at}`),
    );
    const { clock, triggerer, resumed } = setUp(tasks);
    triggerer.start();
    expect(triggerer.size).toBe(1_000);
    clock.advanceTo(Date.UTC(2026, 0, 1, 1, 1));
    expect(resumed).toHaveLength(1_000);
  });

  it('takes up a task when it is deferred, and lets go of it when it is not any more', async () => {
    const { clock, triggerer, resumed, change } = setUp([]);
    triggerer.start();
    const task = waitingFor(trigger.at('2026-01-01T01:00:00Z'));
    change({ kind: 'deferred', task });
    expect(triggerer.size).toBe(1);
    change({ kind: 'gone', taskInstanceId: task.taskInstanceId, attemptId: 'another' });
    expect(triggerer.size).toBe(1);
    change({ kind: 'gone', taskInstanceId: task.taskInstanceId, attemptId: task.attemptId });
    expect(triggerer.size).toBe(0);
    clock.advanceTo(Date.UTC(2026, 0, 2));
    expect(resumed).toEqual([]);
  });

  it('looks at a run the moment it ends, not at the next poll', async () => {
    const { triggerer, resumed, runs, tell } = setUp([
      waitingFor(trigger.dagRun({ dagId: 'child', runId: 'c', states: ['success'] })),
    ]);
    triggerer.start();
    await new Promise(setImmediate);
    runs['child'] = 'success';
    tell({ kind: 'dag_run', at: 0, dagId: 'child', runId: 'c', from: 'running', to: 'success', reason: '' });
    await expect.poll(() => resumed).toEqual([['t', { runId: 'c', state: 'success' }]]);
  });

  it('tells of a look that failed, and looks again', async () => {
    const { clock, triggerer, faults } = setUp([
      waitingFor(trigger.sql({ sql: 'select 1', connection: 'dead', pollInterval: 5 })),
    ]);
    triggerer.start();
    await expect.poll(() => faults.length).toBe(1);
    clock.advanceBy(5_000);
    await expect.poll(() => faults.length).toBe(2);
    await triggerer.stop();
  });

  it('fails a task that waits for what can never come', async () => {
    const { triggerer, failed } = setUp([waitingFor(trigger.sql({ sql: 'select 1', connection: 'unknown' }))]);
    triggerer.start();
    await expect.poll(() => failed).toEqual([['t', 'CONNECTION_NOT_FOUND']]);
    expect(triggerer.size).toBe(0);
  });
});
