import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, importOne, startPool, testFolder } from '../../support/pool.js';

beforeAll(ensureBuilt);

const head = `import { Dag, FailTask, getClient, getContext, SkipTask } from 'millrace';\nexport const dag = new Dag('d');\n`;

describe('the local pool', () => {
  it('runs a handler in a child and brings back its return value', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('add', async ({ a, b }: { a: number; b: number }) => { console.log('adding'); return { sum: a + b, pid: process.pid } })({ a: 1, b: 2 });`,
    );
    const { run } = await startPool(folder);
    const end = await run(file, 'add');
    expect(end).toMatchObject({ kind: 'finished', outcome: { state: 'success' } });
    expect(end).toMatchObject({ effects: { xcoms: [{ key: 'return_value', value: { sum: 3 } }] } });
    expect(pidOf(end)).not.toMatchObject({ pid: process.pid });
    expect(end.log).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO adding$/m);
  });

  it('runs the next attempt in the same warm process', async () => {
    const folder = testFolder();
    const file = await importOne(folder, `${head}dag.task('pid', async () => process.pid)();`);
    const { run } = await startPool(folder);
    const pids = [await run(file, 'pid'), await run(file, 'pid'), await run(file, 'pid')].map(
      (end) => end.kind === 'finished' && end.effects.xcoms[0]?.value,
    );
    expect(new Set(pids).size).toBe(1);
  });
});

describe('what an attempt reports', () => {
  const outcomes: [name: string, body: string, expected: object][] = [
    [
      'an exception',
      `throw new TypeError('bad row')`,
      { state: 'failed', final: false, error: { type: 'TypeError', message: 'bad row' } },
    ],
    ['FailTask', `throw new FailTask('no use')`, { state: 'failed', final: true, error: { message: 'no use' } }],
    ['SkipTask', `throw new SkipTask('nothing new')`, { state: 'skipped', reason: 'nothing new' }],
    ['a value that JSON cannot carry', `return new Map()`, { state: 'failed', error: { type: 'XCOM_INVALID' } }],
    ['a value that is too large', `return 'x'.repeat(2_000_000)`, { state: 'failed', error: { type: 'XCOM_INVALID' } }],
    [
      'an uncaught error in a timer',
      `setTimeout(() => { throw new Error('late') }, 1); await new Promise(() => {})`,
      { state: 'failed', error: { message: 'late' } },
    ],
    [
      'an unhandled rejection',
      `void Promise.reject(new Error('lost promise')); await new Promise((r) => setTimeout(r, 1_000))`,
      { state: 'failed', error: { message: 'lost promise' } },
    ],
  ];
  it.each(outcomes)('%s', async (_name, body, expected) => {
    const folder = testFolder();
    const file = await importOne(folder, `${head}dag.task('t', async () => { ${body} })();`);
    const { run } = await startPool(folder);
    expect(await run(file, 't')).toMatchObject({ kind: 'finished', outcome: expected });
  });

  it('names line and column of the author in a stack', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}\ndag.task('t', async () => {\n  throw new Error('here');\n})();`,
      'sub/place.ts',
    );
    const { run } = await startPool(folder);
    const end = await run(file, 't');
    expect(end.log).toMatch(/sub\/place\.ts:5:9/);
  });

  it('answers calls of the client in the middle of a task', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('t', async () => { await getClient().setXCom({ key: 'k', value: [1] }); return getClient().getVariable('city') })();`,
    );
    const calls: unknown[] = [];
    const { run } = await startPool(folder, {
      onCall: async (call) => {
        calls.push(call);
        return call.method === 'getVariable' ? 'Bern' : null;
      },
    });
    const end = await run(file, 't');
    expect(end).toMatchObject({ effects: { xcoms: [{ key: 'return_value', value: 'Bern' }] } });
    expect(calls).toEqual([
      {
        method: 'setXCom',
        dagId: 'd',
        runId: 'manual__2026-01-01T00:00:00+00:00',
        taskId: 't',
        mapIndex: -1,
        key: 'k',
        value: [1],
      },
      { method: 'getVariable', key: 'city' },
    ]);
  });
});

describe('an attempt that goes wrong', () => {
  it('keeps every line of its log when it exits at once', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('t', async () => { for (let i = 0; i < 200_000; i++) console.log('line', i); process.exit(3) })();`,
    );
    const { run } = await startPool(folder);
    const end = await run(file, 't');
    expect(end).toMatchObject({ kind: 'lost', uncharged: false, error: { type: 'exited' } });
    expect(end.log.match(/ INFO line \d+$/gm)?.length).toBe(200_000);
  });

  it('is told apart when its heap is too small', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('t', async () => { const all: number[][] = []; for (;;) all.push(new Array(100_000).fill(1.5)) })();`,
    );
    const { run } = await startPool(folder);
    const end = await run(file, 't', { memoryLimitMb: 64 });
    expect(end).toMatchObject({ kind: 'lost', error: { type: 'out_of_memory' } });
    expect(end).toHaveProperty('error.message', expect.stringContaining('64 MiB'));
  });

  it('is lost with a reason when something kills its process', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('t', async () => { process.kill(process.pid, 'SIGKILL') })();`,
    );
    const { run } = await startPool(folder);
    expect(await run(file, 't')).toMatchObject({ kind: 'lost', uncharged: false, error: { type: 'killed' } });
    expect(await run(file, 't')).toMatchObject({ kind: 'lost' });
  });

  it('is ended at its timeout, busy loop and all', async () => {
    const folder = testFolder();
    const file = await importOne(folder, `${head}dag.task('t', async () => { for (;;); })();`);
    const { run } = await startPool(folder, { abortGraceMs: 100, killGraceMs: 100 });
    expect(await run(file, 't', { executionTimeoutMs: 300 })).toMatchObject({
      kind: 'finished',
      outcome: { state: 'failed', final: false, error: { type: 'timeout' } },
    });
  });

  it('can end by itself when its signal aborts, and its process lives on', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}import { setTimeout as wait } from 'node:timers/promises';
       dag.task('t', async () => wait(60_000, null, { signal: getContext().signal }))(); dag.task('pid', async () => process.pid)();`,
    );
    const { pool, run, submit, seen, end } = await startPool(folder, { parallelism: 1 });
    const { attemptId } = submit(file, 't');
    const { pid } = await seen(attemptId, 'started');
    pool.cancel(attemptId, 'marked as failed');
    expect(await end(attemptId)).toMatchObject({
      outcome: { state: 'failed', error: { type: 'cancelled', message: 'marked as failed' } },
    });
    expect(await run(file, 'pid')).toMatchObject({ effects: { xcoms: [{ value: pid }] } });
  });

  it('takes its whole process tree with it, members of other sessions too', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}import { spawn } from 'node:child_process';
       dag.task('t', async () => {
         const start = (args: string[]) => spawn(args[0], args.slice(1), { stdio: 'ignore' }).pid;
         console.log('pids', start(['sleep', '1000']), start(['bash', '-c', 'trap "" TERM; sleep 1000 & wait']), start(['setsid', 'sleep', '1000']));
         await new Promise(() => {});
       })();`,
    );
    const { pool, submit, seen, end, log } = await startPool(folder, { abortGraceMs: 10, killGraceMs: 50 });
    const request = submit(file, 't');
    await seen(request.attemptId, 'started');
    await expect.poll(() => log(request), { timeout: 15_000 }).toContain('pids');
    await expect.poll(() => processesOf(request.attemptId).length, { timeout: 15_000 }).toBeGreaterThanOrEqual(4);
    pool.cancel(request.attemptId, 'enough');
    await end(request.attemptId);
    await expect.poll(() => processesOf(request.attemptId), { timeout: 15_000 }).toEqual([]);
  });

  it('has its process replaced when it leaves something open', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('leak', async () => { setInterval(() => {}, 1000); return process.pid })(); dag.task('pid', async () => process.pid)();
       import { spawn } from 'node:child_process';
       dag.task('orphan', async () => { spawn('bash', ['-c', 'sleep 1000 &'], { stdio: 'ignore' }); await new Promise((r) => setTimeout(r, 100)); return process.pid })();`,
    );
    const { run, log, submit, end } = await startPool(folder, { parallelism: 1 });
    for (const leaky of ['leak', 'orphan']) {
      const request = submit(file, leaky);
      const first = await end(request.attemptId);
      expect(first).toMatchObject({ outcome: { state: 'success' } });
      const second = await run(file, 'pid');
      expect(pidOf(second)).not.toBe(pidOf(first));
      await expect.poll(() => log(request), { timeout: 15_000 }).toContain('left open');
      await expect.poll(() => processesOf(request.attemptId), { timeout: 15_000 }).toEqual([]);
    }
  });

  it.each([
    ['a session of its own', `spawn('setsid', ['sleep', '1000'], { stdio: 'ignore' })`],
    [
      'a detached process that holds the log open',
      `spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' }).unref()`,
    ],
    ['a daemon that a shell left', `execSync('setsid sleep 1000 > /dev/null 2>&1 &')`],
    ['a daemon of spawnSync', `spawnSync('bash', ['-c', 'setsid sleep 1000 > /dev/null 2>&1 &'])`],
  ])('is over together with what it left behind: %s', async (_what, leave) => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}import { execSync, spawn, spawnSync } from 'node:child_process';
       dag.task('orphan', async () => { ${leave}; return process.pid })(); dag.task('pid', async () => process.pid)();`,
    );
    const { run, log, submit, end } = await startPool(folder, { parallelism: 1 });
    const request = submit(file, 'orphan');
    const first = await end(request.attemptId);
    expect(first).toMatchObject({ outcome: { state: 'success' } });
    expect(pidOf(await run(file, 'pid'))).not.toBe(pidOf(first));
    await expect.poll(() => log(request), { timeout: 15_000 }).toContain('left open');
    await expect.poll(() => processesOf(request.attemptId), { timeout: 15_000 }).toEqual([]);
  });

  it('is not blamed for an error that an earlier one left behind', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}let fail = () => {};
       dag.task('leaves', async () => { void new Promise((_, reject) => { fail = () => reject(new Error('stray')) }) })();
       dag.task('next', async () => { fail(); await new Promise((r) => setTimeout(r, 50)); return process.pid })();`,
    );
    const { run } = await startPool(folder, { parallelism: 1 });
    await run(file, 'leaves');
    const next = await run(file, 'next');
    expect(next).toMatchObject({ outcome: { state: 'success' } });
    expect(next.log).toContain('stray');
    expect(next.log).toContain('It comes from d.leaves');
    expect(pidOf(await run(file, 'next'))).not.toBe(pidOf(next));
  });

  it('ends when its log grows without bound', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('t', async () => { for (;;) console.log('x'.repeat(1000)) })();`,
    );
    const { run } = await startPool(folder, { logBytesMax: 1_000_000, abortGraceMs: 10, killGraceMs: 10 });
    expect(await run(file, 't')).toMatchObject({ outcome: { error: { type: 'log_too_large' } } });
  });
});

describe('the pool at its end', () => {
  it('waits for what runs, and reports what it had to end as lost without charge', async () => {
    const folder = testFolder();
    const file = await importOne(
      folder,
      `${head}dag.task('short', async () => { await new Promise((r) => setTimeout(r, 200)) })(); dag.task('long', async () => { await new Promise(() => {}) })();`,
    );
    const { pool, submit, end, seen } = await startPool(folder, { abortGraceMs: 10, killGraceMs: 10 });
    const short = submit(file, 'short');
    const long = submit(file, 'long');
    await seen(short.attemptId, 'started');
    await seen(long.attemptId, 'started');
    await pool.stop(500);
    expect(await end(short.attemptId)).toMatchObject({ kind: 'finished', outcome: { state: 'success' } });
    expect(await end(long.attemptId)).toMatchObject({ kind: 'lost', uncharged: true, error: { type: 'shutdown' } });
    expect(processesOf(long.attemptId)).toEqual([]);
  });
});

function pidOf(end: object): unknown {
  return (end as { effects: { xcoms: { value: unknown }[] } }).effects.xcoms[0]?.value;
}

/** Pids that carry the attempt's id in their environment: the witness outside the pool. */
function processesOf(attemptId: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'environ'), 'utf8')
          .split('\0')
          .includes(`MILLRACE_ATTEMPT_ID=${attemptId}`);
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}
