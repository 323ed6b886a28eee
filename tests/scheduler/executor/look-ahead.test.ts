import { beforeAll, describe, expect, it } from 'vitest';
import { Pace } from '../../../scheduler/executor/pace.js';
import { dag } from '../../support/dag-builder.js';
import { ensureBuilt, importOne, startPool, testFolder } from '../../support/pool.js';
import { startHarness } from '../../support/scheduler-harness.js';

describe('looking ahead', () => {
  it('begins after several short attempts, and ends with one long one', () => {
    const pace = new Pace();
    expect(pace.isShort).toBe(false);
    pace.note(1);
    expect(pace.isShort).toBe(false);
    for (let attempt = 0; attempt < 20; attempt++) pace.note(1);
    expect(pace.isShort).toBe(true);
    pace.note(200);
    expect(pace.isShort).toBe(false);
  });

  it('has the scheduler hand out more than run at a time, but never more than a limit lets through', async () => {
    const h = await startHarness({ settings: { parallelism: 2 } });
    Object.assign(h.executor, { lookAhead: () => 3 });
    h.executor.behaviour = () => 'hold';
    const tasks = Array.from({ length: 9 }, (_, at) => ({ taskId: `t${at}` }));
    await h.declare(dag({ dagId: 'free', tasks }), dag({ dagId: 'bound', tasks, maxActiveTasks: 1 }));
    await h.trigger('bound');
    await h.trigger('free');
    const of = (dagId: string) => [...h.executor.running.values()].filter((one) => one.dagId === dagId).length;
    expect([of('bound'), of('free')]).toEqual([1, 4]);
  });
});

describe('a pool that was handed more than it may run', () => {
  beforeAll(ensureBuilt);

  it('runs no more at a time than its parallelism, and all of them in the end', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `import { Dag } from 'millrace';\nexport const dag = new Dag('d');\ndag.task('pid', async () => process.pid)();`,
    );
    const { submit, end, events } = await startPool(folder, { parallelism: 2 });
    const ids = Array.from({ length: 12 }, () => submit(file, 'pid').attemptId);
    const ends = await Promise.all(ids.map(end));
    expect(ends.map((one) => one.kind)).toEqual(ids.map(() => 'finished'));
    let running = 0;
    let most = 0;
    for (const { kind } of events) {
      if (kind === 'started') most = Math.max(most, ++running);
      else if (kind !== 'progress') running -= 1;
    }
    expect(most).toBeLessThanOrEqual(2);
    const pids = ends.map((one) => one.kind === 'finished' && one.effects.xcoms[0]?.value);
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
  });

  it('ends one that waits without having begun it', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `import { Dag, getContext } from 'millrace';\nexport const dag = new Dag('d');
       dag.task('long', async () => new Promise((resolve) => getContext().signal.addEventListener('abort', resolve)))();`,
    );
    const { pool, submit, seen, events } = await startPool(folder, { parallelism: 1 });
    const first = submit(file, 'long');
    await seen(first.attemptId, 'started');
    const second = submit(file, 'long');
    pool.cancel(second.attemptId, 'no longer wanted');
    expect(await seen(second.attemptId, 'finished')).toMatchObject({
      outcome: { state: 'failed', error: { type: 'cancelled', message: 'no longer wanted' } },
    });
    expect(events.filter((one) => one.kind === 'started').map((one) => one.attemptId)).toEqual([first.attemptId]);
  });
});
