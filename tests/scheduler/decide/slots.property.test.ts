import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LiveRun, type LiveTaskInstance, newTaskInstance } from '../../../scheduler/decide/live-run.js';
import { planOf } from '../../../scheduler/decide/plan.js';
import { type Pool, SlotBoard } from '../../../scheduler/decide/slots.js';
import type { TaskInstanceState } from '../../../scheduler/model/states.js';
import { dag } from '../../support/dag-builder.js';

const optional = fc.option(fc.integer({ min: 1, max: 3 }), { nil: null });
const taskWish = fc.record({
  pool: fc.constantFrom('a', 'b'),
  poolSlots: fc.integer({ min: 1, max: 2 }),
  priorityWeight: fc.integer({ min: 1, max: 3 }),
  maxActiveTisPerDag: optional,
  maxActiveTisPerDagrun: optional,
});
const world = fc.record({
  parallelism: fc.integer({ min: 1, max: 6 }),
  maxActiveTasks: fc.integer({ min: 1, max: 4 }),
  slots: fc.record({ a: fc.integer({ min: 2, max: 4 }), b: fc.constantFrom(-1, 2, 3) }),
  includeDeferred: fc.boolean(),
  tasks: fc.array(taskWish, { minLength: 1, maxLength: 4 }),
  runs: fc.integer({ min: 1, max: 3 }),
  /** What becomes of those that hold a worker, one after another: which one, and where it goes. */
  fates: fc.array(fc.record({ which: fc.nat(), to: fc.constantFrom('success', 'deferred', 'up_for_retry') }), {
    maxLength: 60,
  }),
});

it('keeps every cap whatever becomes of the task instances, and lets each of them run in the end', () => {
  fc.assert(
    fc.property(world, ({ parallelism, maxActiveTasks, slots, includeDeferred, tasks, runs, fates }) => {
      const pools: Pool[] = Object.entries(slots).map(([name, count]) => ({ name, slots: count, includeDeferred }));
      const board = new SlotBoard(parallelism, pools);
      const wishes = tasks.map((wish, at) => ({ ...wish, taskId: `t${at}` }));
      const plan = planOf(dag({ dagId: 'd', maxActiveTasks, tasks: wishes }), 1);
      const all = Array.from({ length: runs }, (_, run) => instancesOf(plan, run)).flat();
      const hasRun = new Set<LiveTaskInstance>();
      const move = (instance: LiveTaskInstance, to: TaskInstanceState) => {
        const from = instance.state;
        instance.run.move(instance, to);
        board.moved(instance, from, to);
      };
      const handOut = () => {
        for (let next = board.take(() => null); next; next = board.take(() => null)) {
          expect(next.state).toBe('scheduled');
          move(next, 'queued');
          hasRun.add(next);
          expect(broken(all, { parallelism, maxActiveTasks, pools })).toEqual([]);
        }
      };
      for (const instance of all) move(instance, 'scheduled');
      handOut();
      for (const { which, to } of fates) {
        const alive = all.filter(({ state }) => state === 'queued' || state === 'deferred' || state === 'up_for_retry');
        const chosen = alive[which % Math.max(1, alive.length)];
        if (chosen) move(chosen, chosen.state === 'queued' ? to : 'scheduled');
        handOut();
        expect(board.differences(all)).toEqual([]);
      }
      for (let left = all.length * 20; left > 0; left--) {
        const waiting = all.find(({ state }) => state !== 'success' && state !== 'scheduled');
        if (waiting) move(waiting, waiting.state === 'queued' ? 'success' : 'scheduled');
        handOut();
      }
      expect(all.every(({ state }) => state === 'success')).toBe(true);
      expect(hasRun.size).toBe(all.length);
    }),
    { numRuns: 150 },
  );
});

function instancesOf(plan: ReturnType<typeof planOf>, number: number): LiveTaskInstance[] {
  const row = { id: number + 1, runId: `r${number}`, logicalDate: number, runAfter: number, state: 'running' };
  const run = new LiveRun(plan, row as LiveRun['row'], true);
  return plan.tasks.map(({ index }) => {
    const instance = newTaskInstance(run, index, -1, number * 100 + index);
    run.add(instance);
    return instance;
  });
}

/** The caps that do not hold, counted from the states alone. */
function broken(
  all: readonly LiveTaskInstance[],
  caps: { parallelism: number; maxActiveTasks: number; pools: readonly Pool[] },
): string[] {
  const taskOf = (one: LiveTaskInstance) => one.run.plan.dag.tasks[one.taskIndex] as (typeof one.run.plan.dag.tasks)[0];
  const executing = all.filter(({ state }) => state === 'queued');
  const found: string[] = [];
  const check = (name: string, used: number, most: number | null) => {
    if (most !== null && used > most) found.push(`${name}: ${used} of ${most}`);
  };
  check('parallelism', executing.length, caps.parallelism);
  for (const pool of caps.pools) {
    const holds = ({ state }: LiveTaskInstance) => state === 'queued' || (pool.includeDeferred && state === 'deferred');
    const inPool = all.filter((one) => taskOf(one).pool === pool.name && holds(one));
    const used = inPool.reduce((sum, one) => sum + taskOf(one).poolSlots, 0);
    check(`pool ${pool.name}`, used, pool.slots < 0 ? null : pool.slots);
  }
  for (const one of executing) {
    const alike = executing.filter(({ taskIndex }) => taskIndex === one.taskIndex);
    const inRun = executing.filter(({ run }) => run === one.run);
    check('max_active_tasks', inRun.length, caps.maxActiveTasks);
    check('max_active_tis_per_dag', alike.length, taskOf(one).maxActiveTisPerDag);
    const both = alike.filter(({ run }) => run === one.run);
    check('max_active_tis_per_dagrun', both.length, taskOf(one).maxActiveTisPerDagrun);
  }
  return found;
}
