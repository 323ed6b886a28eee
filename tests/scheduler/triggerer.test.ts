import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.js';
import { ManualClock } from '../../kernel/time.js';
import { type Trigger, trigger } from '../../scheduler/dag/signals.js';
import type { SchedulerEvent } from '../../scheduler/model/events.js';
import { Triggerer, type WaitingTask } from '../../scheduler/triggerer/triggerer.js';

const key = { dagId: 'd', runId: 'r', taskId: 't', mapIndex: -1 };

function setUp(waiting: WaitingTask[]) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const resumed: unknown[] = [];
  const runs: Record<string, { runId: string; state: string }> = {};
  let tell: (event: SchedulerEvent) => void = () => {};
  const faults: unknown[] = [];
  const triggerer = new Triggerer({
    clock,
    events: {
      listen: (listener) => {
        tell = listener;
        return () => {};
      },
    },
    connections: {},
    find: async () => undefined,
    readWaiting: async (one) => waiting.filter((task) => !one || task.taskId === one.taskId),
    readRun: async (dagId) => runs[dagId],
    resume: async ({ taskId }, event) => void resumed.push([taskId, event]),
    onFault: (error) => void faults.push(error),
  });
  return { clock, triggerer, resumed, runs, faults, tell: (event: SchedulerEvent) => tell(event) };
}

const waitingFor = (waitFor: Trigger, taskId = 't'): WaitingTask => ({
  ...key,
  taskId,
  trigger: waitFor as unknown as JsonObject,
});

describe('the triggerer', () => {
  it('resumes each task at its time, weeks ahead as well', async () => {
    const { clock, triggerer, resumed } = setUp([
      waitingFor(trigger.at('2026-01-01T00:10:00Z'), 'soon'),
      waitingFor(trigger.at('2026-02-15T00:00:00Z'), 'late'),
    ]);
    await triggerer.start();
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
    await triggerer.start();
    expect(triggerer.size).toBe(1_000);
    clock.advanceTo(Date.UTC(2026, 0, 1, 1, 1));
    expect(resumed).toHaveLength(1_000);
  });

  it('takes up a task when it is deferred, and lets go of it when it is not any more', async () => {
    const waiting: WaitingTask[] = [];
    const { clock, triggerer, resumed, tell } = setUp(waiting);
    await triggerer.start();
    waiting.push(waitingFor(trigger.at('2026-01-01T01:00:00Z')));
    const event = { kind: 'task_instance', at: 0, ...key, tryNumber: 1, reason: '' } as const;
    tell({ ...event, from: 'running', to: 'deferred' });
    await expect.poll(() => triggerer.size).toBe(1);
    tell({ ...event, from: 'deferred', to: 'failed' });
    expect(triggerer.size).toBe(0);
    clock.advanceTo(Date.UTC(2026, 0, 2));
    expect(resumed).toEqual([]);
  });

  it('looks at a run the moment it ends, not at the next poll', async () => {
    const { triggerer, resumed, runs, tell } = setUp([
      waitingFor(trigger.dagRun({ dagId: 'child', runId: 'c', states: ['success'] })),
    ]);
    await triggerer.start();
    await new Promise(setImmediate);
    runs['child'] = { runId: 'c', state: 'success' };
    tell({ kind: 'dag_run', at: 0, dagId: 'child', runId: 'c', from: 'running', to: 'success', reason: '' });
    await expect.poll(() => resumed).toEqual([['t', { runId: 'c', state: 'success' }]]);
  });

  it('tells of a look that failed, and looks again', async () => {
    const { clock, triggerer, faults } = setUp([
      waitingFor(trigger.sql({ sql: 'select 1', connection: 'none', pollInterval: 5 })),
    ]);
    await triggerer.start();
    await expect.poll(() => faults.length).toBe(1);
    clock.advanceBy(5_000);
    await expect.poll(() => faults.length).toBe(2);
    await triggerer.stop();
  });
});
