import { describe, expect, it } from 'vitest';
import { isSatisfied } from '../../../scheduler/decide/asset-condition.js';
import { planOf } from '../../../scheduler/decide/plan.js';
import type { AssetCondition, SerializedTask } from '../../../scheduler/model/dag.js';
import { dag } from '../../support/dag-builder.js';

/** a > b > d, a > c > d, each with a weight of its own. */
function weights(weightRule: SerializedTask['weightRule'], own: Record<string, number> = {}): Record<string, number> {
  const task = (taskId: string, upstream: string[]) => ({
    taskId,
    upstream,
    weightRule,
    priorityWeight: own[taskId] ?? 1,
  });
  const { tasks } = planOf(
    dag({ dagId: 'd', tasks: [task('a', []), task('b', ['a']), task('c', ['a']), task('d', ['b', 'c'])] }),
    1,
  );
  return Object.fromEntries(tasks.map((plan) => [plan.task.taskId, plan.priorityWeight]));
}

describe('the weight of a task', () => {
  it.each([
    ['downstream', {}, { a: 4, b: 2, c: 2, d: 1 }],
    ['upstream', {}, { a: 1, b: 2, c: 2, d: 4 }],
    ['absolute', { b: 7 }, { a: 1, b: 7, c: 1, d: 1 }],
    ['downstream', { d: 10 }, { a: 13, b: 11, c: 11, d: 10 }],
    ['upstream', { a: 10 }, { a: 10, b: 11, c: 11, d: 13 }],
    ['downstream', { d: -5 }, { a: -2, b: -4, c: -4, d: -5 }],
    ['downstream', { d: 2 ** 31 }, { a: 2 ** 31 - 1, b: 2 ** 31 - 1, c: 2 ** 31 - 1, d: 2 ** 31 - 1 }],
    ['absolute', { a: -(2 ** 40) }, { a: -(2 ** 31), b: 1, c: 1, d: 1 }],
  ] as const)('by the rule %s, %j: %j', (rule, own, expected) => {
    expect(weights(rule, own)).toEqual(expected);
  });
});

describe('an asset condition', () => {
  const asset = (name: string): AssetCondition => ({ asset: { name, uri: name } });
  const [x, y, z] = [asset('x'), asset('y'), asset('z')];
  it.each<[AssetCondition, string, boolean]>([
    [x, 'x', true],
    [x, '', false],
    [x, 'y', false],
    [{ all: [x, y] }, 'x', false],
    [{ all: [x, y] }, 'xy', true],
    [{ any: [x, y] }, '', false],
    [{ any: [x, y] }, 'y', true],
    [{ all: [x, { any: [y, z] }] }, 'x', false],
    [{ all: [x, { any: [y, z] }] }, 'yz', false],
    [{ all: [x, { any: [y, z] }] }, 'xz', true],
    [{ any: [x, { all: [y, z] }] }, 'y', false],
    [{ any: [x, { all: [y, z] }] }, 'yz', true],
    [{ any: [{ all: [x, y] }, { all: [y, z] }] }, 'xz', false],
    [{ all: [] }, '', true],
    [{ any: [] }, 'x', false],
  ])('%j, of which "%s" were written: %s', (condition, written, expected) => {
    expect(isSatisfied(condition, new Set(written))).toBe(expected);
  });
});
