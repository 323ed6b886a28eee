import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../kernel/time.js';
import { loadDagFiles } from '../../../scheduler/dag/loader.js';
import { type DagChanges, DagSync, listDagFiles } from '../../../scheduler/maintenance/dag-sync.js';
import { childEnv, ensureBuilt, testFolder } from '../../support/pool.js';

beforeAll(ensureBuilt);

const text = (id: string, body = '') =>
  `import { Dag } from 'millrace';\nexport const dag = new Dag('${id}');\n${body}`;

async function startSync(files: Record<string, string>, checkIntervalMs = 200) {
  const folder = testFolder();
  const dags = join(folder, 'dags');
  const write = (name: string, content: string) => {
    mkdirSync(join(dags, name, '..'), { recursive: true });
    writeFileSync(join(dags, name), content);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  const reports: DagChanges[] = [];
  let refuse = false;
  let refusals = 0;
  const refuseReports = (is: boolean) => {
    refuse = is;
  };
  const sync = new DagSync({
    clock: systemClock,
    folders: [dags],
    load: (wanted) =>
      loadDagFiles(wanted, {
        clock: systemClock,
        bundlesFolder: join(folder, 'bundles'),
        env: childEnv,
        outputPath: join(folder, 'loader.log'),
      }),
    report: async (changes) => {
      if (refuse) {
        refusals++;
        throw new Error('the store is away');
      }
      reports.push(changes);
    },
    onFault: () => {},
    checkIntervalMs,
  });
  onTestFinished(() => sync.stop());
  await sync.start();
  return { dags, write, reports, sync, refuseReports, refusals: () => refusals };
}

const idsOf = (changes: DagChanges | undefined) => changes?.files.flatMap(({ dags }) => dags.map(({ dagId }) => dagId));

describe('the sync of DAG folders', () => {
  it('imports what is there, and what is saved the moment the disk tells of it', async () => {
    const files = { 'a.ts': text('a'), 'sub/b.ts': text('b'), 'helper.ts': 'export const x = 1;' };
    const never = 24 * 60 * 60 * 1000;
    const { write, reports } = await startSync(files, never);
    expect(reports).toHaveLength(1);
    expect(idsOf(reports[0])).toEqual(['a', 'b']);
    write('sub/c.ts', text('c'));
    await expect.poll(() => idsOf(reports[1]), { interval: 10, timeout: 15_000 }).toEqual(['c']);
  });

  it('imports a file again when one of its imports changes', async () => {
    const { write, reports } = await startSync({
      'a.ts': `import { Dag } from 'millrace'; import { n } from './lib/n.js'; export const dag = new Dag('a', { description: String(n) });`,
      'lib/n.ts': 'export const n = 1;',
    });
    write('lib/n.ts', 'export const n = 22;');
    await expect.poll(() => reports[1]?.files[0]?.dags[0]?.description, { timeout: 15_000 }).toBe('22');
  });

  it('reports a file’s errors, then its recovery, and its end', async () => {
    const { dags, write, reports } = await startSync({ 'a.ts': text('a') });
    write('a.ts', text('a', 'throw new Error("half done");'));
    await expect.poll(() => reports.at(-1)?.errors[0]?.message, { timeout: 15_000 }).toContain('half done');
    write('a.ts', text('a', '// done'));
    await expect.poll(() => idsOf(reports.at(-1)), { timeout: 15_000 }).toEqual(['a']);
    rmSync(join(dags, 'a.ts'));
    await expect.poll(() => reports.at(-1)?.removed, { timeout: 15_000 }).toEqual(['a.ts']);
  });

  it('leaves a DAG with the file that had it first', async () => {
    const { write, reports } = await startSync({ 'a.ts': text('same') });
    write('b.ts', text('same'));
    await expect
      .poll(() => reports.at(-1)?.errors[0]?.message, { timeout: 15_000 })
      .toContain('already declared by a.ts');
  });

  it('lets one file take over a DAG from another that is renamed', async () => {
    const { dags, reports } = await startSync({ 'a.ts': text('same') });
    renameSync(join(dags, 'a.ts'), join(dags, 'b.ts'));
    await expect.poll(() => reports.at(-1)?.removed, { timeout: 15_000 }).toEqual(['a.ts']);
    expect(reports.at(-1)).toMatchObject({ files: [{ fileloc: 'b.ts' }], errors: [] });
  });

  it('reports again what could not be taken over', async () => {
    const { write, reports, refuseReports, refusals } = await startSync({ 'a.ts': text('a') });
    refuseReports(true);
    write('b.ts', text('b'));
    await expect.poll(refusals, { timeout: 15_000 }).toBeGreaterThan(0);
    expect(reports).toHaveLength(1);
    refuseReports(false);
    await expect.poll(() => idsOf(reports[1]), { timeout: 15_000 }).toEqual(['b']);
  });

  it('sees DAG files only where they can be', () => {
    const folder = testFolder();
    for (const name of [
      'a.ts',
      'b.mts',
      'c.js',
      'd.test.ts',
      'e.d.ts',
      '.hidden/f.ts',
      'node_modules/p/g.ts',
      'notes.md',
    ]) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text('x'));
    }
    writeFileSync(join(folder, 'lib.ts'), 'export class Dag {}');
    expect(listDagFiles(folder).map(({ fileloc }) => fileloc)).toEqual(['a.ts', 'b.mts', 'c.js']);
    expect(listDagFiles(join(folder, 'none'))).toEqual([]);
  });
});
