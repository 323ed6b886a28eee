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
    expect((end as { effects: { xcoms: { value: { pid: number } }[] } }).effects.xcoms[0]?.value.pid).not.toBe(
      process.pid,
    );
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
