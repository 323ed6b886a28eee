import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { CompiledQuery } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import type { LiveState } from '../../../scheduler/loop/live-state.js';
import { revive } from '../../../scheduler/loop/revive.js';
import { StaleWrite, Turn } from '../../../scheduler/loop/turn.js';
import type { TaskInstanceState } from '../../../scheduler/model/states.js';
import { openSqliteStore, type SqliteStore } from '../../../scheduler/store/sqlite-driver.js';
import { dag } from '../../support/dag-builder.js';
import { startHarness } from '../../support/scheduler-harness.js';

const tasks = 4;
const states: (TaskInstanceState | null)[] = ['queued', 'running', 'success', 'failed', 'up_for_retry', null];

/** One turn of one of two schedulers: what it moves, and where to. */
const turnOf = fc.record({
  who: fc.constantFrom(0, 1),
  moves: fc.uniqueArray(fc.record({ task: fc.nat(tasks - 1), to: fc.constantFrom(...states), opens: fc.boolean() }), {
    minLength: 1,
    maxLength: 3,
    selector: (move) => move.task,
  }),
});

interface Place {
  state: TaskInstanceState | null;
  attempt_id: string | null;
}

it('lets two schedulers write in any order: the first one wins, whole, and the other begins anew', async () => {
  const original = await runningTasks();
  await fc.assert(
    fc.asyncProperty(fc.array(turnOf, { minLength: 2, maxLength: 30 }), async (turns) => {
      const path = `${original}-copy`;
      copyFileSync(original, path);
      const store = openSqliteStore(path);
      const views = [await revive(store, 8), await revive(store, 8)];
      const truth = await placesIn(store);
      for (const [number, { who, moves }] of turns.entries()) {
        const live = views[who] as LiveState;
        const [run] = live.runs.values();
        const turn = new Turn(live, number);
        let isCurrent = true;
        for (const { task, to, opens } of moves) {
          const instance = run?.instance(task, -1);
          if (!run || !instance) throw new Error(`no task ${task}`);
          const seen = { state: instance.state, attempt_id: instance.attemptId };
          const known = truth.get(instance.id) as Place;
          isCurrent &&= seen.state === known.state && seen.attempt_id === known.attempt_id;
          turn.move(instance, to, 'so it wants', opens ? { attemptId: `${who} ${number} ${task}` } : {});
        }
        const [outcome] = await store.transact([turn.changes()]);
        expect(outcome?.ok, `turn ${number}`).toBe(isCurrent);
        if (outcome?.ok) {
          turn.markStored();
          for (const { task } of moves) {
            const instance = run?.instance(task, -1);
            if (instance) truth.set(instance.id, { state: instance.state, attempt_id: instance.attemptId });
          }
        } else {
          expect(outcome?.error).toBeInstanceOf(StaleWrite);
          views[who] = await revive(store, 8);
        }
        expect(await placesIn(store)).toEqual(truth);
      }
      await store.close();
    }),
    { numRuns: 25 },
  );
});

/** A store in which every task of a run has an attempt. */
async function runningTasks(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-fences-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'metadata.db');
  const harness = await startHarness({ path, behaviour: () => 'hold' });
  await harness.declare(dag({ dagId: 'd', tasks: Array.from({ length: tasks }, (_, at) => ({ taskId: `t${at}` })) }));
  await harness.trigger('d');
  await harness.store.close();
  return path;
}

async function placesIn(store: SqliteStore): Promise<Map<number, Place>> {
  const rows = await store.read(
    CompiledQuery.raw('select id, state, attempt_id from task_instance') as CompiledQuery<Place & { id: number }>,
  );
  return new Map(rows.map(({ id, state, attempt_id }) => [id, { state, attempt_id }]));
}
