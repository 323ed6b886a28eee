import { describe, expect, it } from 'vitest';
import type { AttemptRequest } from '../../../scheduler/model/attempt.js';
import type { SerializedGroup, SerializedTask } from '../../../scheduler/model/dag.js';
import { dag } from '../../support/dag-builder.js';
import { clearing } from '../../support/requests.js';
import {
  type Behaviour,
  failed,
  type Harness,
  returned,
  startHarness,
  tester,
} from '../../support/scheduler-harness.js';

const success = returned(null);

/** `list >> m`, where `m` is mapped over what `list` returns at the time. */
const mappedOver = (wish: Partial<SerializedTask> = {}) =>
  dag({
    dagId: 'd',
    tasks: [
      { taskId: 'list' },
      { taskId: 'm', upstream: ['list'], expand: { kind: 'product', over: { x: { ref: 'list' } } }, ...wish },
      { taskId: 'after', upstream: ['m'], triggerRule: 'all_done' },
    ],
  });

const group = (over: number[]): SerializedGroup => ({
  groupId: 'g',
  displayName: 'g',
  parentId: null,
  tooltip: null,
  expand: { kind: 'product', over: { x: { literal: over } } },
});

async function withList(): Promise<{ h: Harness; list: { now: number[] } }> {
  const h = await startHarness();
  const list = { now: [1, 2, 3] };
  h.executor.behaviour = (request) => (request.taskId === 'list' ? returned(list.now) : success);
  return { h, list };
}

describe('a mapped task', () => {
  it('grows again after its list was empty once', async () => {
    const { h, list } = await withList();
    await h.declare(mappedOver());
    const runId = await h.trigger('d');
    for (const [now, states] of [
      [[], { 'm[0]': 'removed', 'm[1]': 'removed', 'm[2]': 'removed' }],
      [[7, 8], { 'm[0]': 'success', 'm[1]': 'success', 'm[2]': 'removed' }],
    ] as const) {
      list.now = [...now];
      await h.scheduler.commands.clearDagRun({ dagId: 'd', runId, onlyFailed: false, dryRun: false }, tester);
      await h.settled();
      expect(await h.states('d', runId)).toMatchObject(states);
      expect(await h.runState('d', runId)).toBe('success');
    }
  });

  it('ends the attempts of instances that a shorter list removes, and never runs one twice at a time', async () => {
    const { h, list } = await withList();
    const behaviour: Behaviour = (request) => (request.taskId === 'list' ? returned(list.now) : 'hold');
    h.executor.behaviour = behaviour;
    h.executor.cancel = (attemptId) => void h.executor.cancelled.push(attemptId);
    await h.declare(mappedOver());
    const runId = await h.trigger('d');
    const third = [...h.executor.running.values()].find((one) => one.mapIndex === 2) as AttemptRequest;
    for (const now of [
      [1, 2],
      [1, 2, 3],
    ]) {
      list.now = now;
      await h.scheduler.commands.clearTaskInstances(clearing({ runId, taskIds: ['list'] }), tester);
      await h.settled();
    }
    expect(h.executor.cancelled).toEqual([third.attemptId]);
    expect([...h.executor.running.values()].filter((one) => one.mapIndex === 2)).toEqual([third]);
    h.executor.finish('m', success, 2);
    await h.settled();
    expect(h.executor.submitted.filter((one) => one.taskId === 'm' && one.mapIndex === 2)).toHaveLength(2);
  });

  it('tells of each instance why it was scheduled, also when some are tried again', async () => {
    const h = await startHarness();
    h.executor.behaviour = (request) => (request.mapIndex === 0 && request.tryNumber === 1 ? failed() : success);
    await h.declare(
      dag({
        dagId: 'd',
        tasks: [
          {
            taskId: 'm',
            retries: 1,
            retryDelayMs: 1_000,
            expand: { kind: 'product', over: { x: { literal: [1, 2] } } },
          },
        ],
      }),
    );
    const runId = await h.trigger('d');
    await h.scheduler.commands.clearTaskInstances(clearing({ runId, taskIds: ['m'], mapIndexes: [1] }), tester);
    h.events.length = 0;
    await h.advanceBy(1_000);
    const scheduled = h.events.filter((event) => event.kind === 'task_instance' && event.to === 'scheduled');
    expect(scheduled).toMatchObject([{ mapIndex: 0, reason: 'its delay is over: try 2' }]);
  });

  it.each([
    ['all_done', 'failed', 'upstream_failed'],
    ['none_failed', 'failed', 'upstream_failed'],
    ['all_done', 'skipped', 'skipped'],
    ['one_done', 'skipped', 'skipped'],
  ] as const)('by the rule %s over a list that is %s is %s', async (triggerRule, state, expected) => {
    const h = await startHarness();
    h.executor.behaviour = (request) => {
      if (request.taskId !== 'list') return success;
      return state === 'failed' ? failed() : { outcome: { state: 'skipped', reason: 'nothing new' } };
    };
    await h.declare(mappedOver({ triggerRule }));
    expect(await h.states('d', await h.trigger('d'))).toMatchObject({ m: expected });
  });
});

describe('a mapped group', () => {
  const inGroup = (rule: SerializedTask['triggerRule']) =>
    dag({
      dagId: 'd',
      groups: [group([1, 2])],
      tasks: [
        { taskId: 'g.a', groupId: 'g' },
        { taskId: 'g.b', groupId: 'g', upstream: ['g.a'], triggerRule: rule, inputs: { a: { ref: 'g.a' } } },
      ],
    });

  it.each([
    ['one_failed', 'success'],
    ['one_done', 'success'],
    ['one_success', 'success'],
    ['all_failed', 'skipped'],
    ['all_success', 'success'],
  ] as const)('lets the rule %s see every index or only its own: b[0] is %s', async (rule, expected) => {
    const h = await startHarness();
    h.executor.behaviour = (request) => {
      if (request.taskId !== 'g.a') return success;
      return request.mapIndex === 1 ? failed() : returned('first');
    };
    await h.declare(inGroup(rule));
    expect(await h.states('d', await h.trigger('d'))).toMatchObject({ 'g.b[0]': expected });
    const first = h.executor.submitted.find((one) => one.taskId === 'g.b' && one.mapIndex === 0);
    if (expected === 'success') expect(first?.inputs).toEqual({ a: 'first' });
  });

  it('clears only the same index of what follows, when one index is named', async () => {
    const h = await startHarness();
    await h.declare(
      dag({
        dagId: 'd',
        groups: [group([1, 2])],
        tasks: [
          { taskId: 'g.a', groupId: 'g' },
          { taskId: 'g.b', groupId: 'g', upstream: ['g.a'] },
          { taskId: 'end', upstream: ['g.b'] },
        ],
      }),
    );
    const runId = await h.trigger('d');
    const cleared = await h.scheduler.commands.clearTaskInstances(
      clearing({ runId, taskIds: ['g.a'], mapIndexes: [1], includeDownstream: true }),
      tester,
    );
    expect(cleared.map((one) => `${one.taskId}[${one.mapIndex}]`)).toEqual(['g.a[1]', 'g.b[1]', 'end[-1]']);
    await h.settled();
    expect(await h.runState('d', runId)).toBe('success');
    expect(h.executor.submitted).toHaveLength(8);
  });

  it('is short-circuited index by index: what follows the group goes by its trigger rule', async () => {
    const h = await startHarness();
    const skip = { skipped: ['g.work', 'end'], ignoreTriggerRules: true };
    h.executor.behaviour = (request) =>
      request.taskId === 'g.gate' && request.mapIndex === 1 ? { ...success, effects: { skip } } : success;
    await h.declare(
      dag({
        dagId: 'd',
        groups: [group([1, 2, 3])],
        tasks: [
          { taskId: 'g.gate', groupId: 'g' },
          { taskId: 'g.work', groupId: 'g', upstream: ['g.gate'] },
          { taskId: 'end', upstream: ['g.work'], triggerRule: 'none_failed_min_one_success' },
        ],
      }),
    );
    const runId = await h.trigger('d');
    const expected = { 'g.work[0]': 'success', 'g.work[1]': 'skipped', 'g.work[2]': 'success', end: 'success' };
    expect(await h.states('d', runId)).toMatchObject(expected);
    await h.scheduler.commands.clearTaskInstances(clearing({ runId, taskIds: ['g.work'] }), tester);
    await h.settled();
    expect(await h.states('d', runId)).toMatchObject(expected);
  });

  it('is mapped over a list that a task returns, and shrinks and grows with it', async () => {
    const { h, list } = await withList();
    await h.declare(
      dag({
        dagId: 'd',
        groups: [{ ...group([]), expand: { kind: 'product', over: { x: { ref: 'list' } } } }],
        tasks: [
          { taskId: 'list' },
          { taskId: 'g.a', groupId: 'g', inputs: { x: { mapped: 'g', name: 'x' } } },
          { taskId: 'g.b', groupId: 'g', upstream: ['g.a'] },
          { taskId: 'end', upstream: ['g.b'] },
        ],
      }),
    );
    const runId = await h.trigger('d');
    for (const length of [1, 4]) {
      list.now = Array.from({ length }, (_, at) => at);
      await h.scheduler.commands.clearDagRun({ dagId: 'd', runId, onlyFailed: false, dryRun: false }, tester);
      await h.settled();
      const states = Object.entries(await h.states('d', runId));
      const alive = (id: string) => states.filter(([name, state]) => name.startsWith(id) && state === 'success');
      expect([alive('g.a').length, alive('g.b').length]).toEqual([length, length]);
      expect(await h.runState('d', runId)).toBe('success');
    }
  });
});
