import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, importFiles, importOne, testFolder } from '../../support/pool.js';

beforeAll(ensureBuilt);

/** Milliseconds that a file which hangs is given. */
const hangMs = 1_000;

async function errorOf(text: string) {
  const timeoutMs = text.includes('for (;;)') ? hangMs : undefined;
  const [result] = await importFiles(testFolder(), { 'bad.ts': text }, timeoutMs);
  if (!result || !('error' in result.outcome)) throw new Error('it was imported');
  return result.outcome.error;
}

describe('importing a DAG file', () => {
  it.each(['millrace', 'apache-airflow-ts-sdk', '@apache-airflow/ts-sdk'])(
    'takes the API from "%s"',
    async (module) => {
      const file = await importOne(
        testFolder(),
        `import { Bundle, Dag, getClient } from '${module}';
       import { approval, type HITLResult } from '${module}/hitl';
       const dag = new Dag('etl', { schedule: '@daily', catchup: false, tags: ['a'], queue: 'typescript' });
       const extract = dag.taskGroup('extract');
       const north = extract.task('north', async () => Number((await getClient().getVariable('rows')) ?? 3));
       const sum = dag.task(async function sum({ a, b }: { a: number; b: number }) { return a + b });
       const summed = sum({ a: north(), b: 4 });
       const gate = dag.task('gate', approval({ subject: ({ total }: { total: number }) => 'Ship ' + total + '?' }))({ total: summed });
       const told = dag.task('told', async ({ answer }: { answer: HITLResult }) => answer.chosen_options)({ answer: gate });
       dag.triggerDagRun({ taskId: 'next', dagId: 'other', conf: { by: '{{ dag.dag_id }}' } }).after(told);
       await new Bundle(dag).serve();`,
      );
      expect(file.dags).toHaveLength(1);
      expect(file.dags[0]).toMatchObject({
        dagId: 'etl',
        schedule: { kind: 'cron', crons: ['0 0 * * *'], interval: false },
        groups: [{ groupId: 'extract', parentId: null }],
        tasks: [
          { taskId: 'extract.north', groupId: 'extract', operator: 'typescript', queue: 'typescript', upstream: [] },
          { taskId: 'sum', inputs: { a: { ref: 'extract.north' }, b: { literal: 4 } }, upstream: ['extract.north'] },
          { taskId: 'gate', operator: 'approval', upstream: ['sum'] },
          { taskId: 'told', upstream: ['gate'] },
          { taskId: 'next', operator: 'trigger_dag_run', upstream: ['told'], options: { dagId: 'other' } },
        ],
      });
    },
  );

  it('gives the same sources the same hash, wherever they lie', async () => {
    const text = `import { Dag } from 'millrace'; export const dag = new Dag('d'); dag.task('t', async () => 1)();`;
    const one = await importOne(testFolder(), text);
    const two = await importOne(testFolder(), text);
    const other = await importOne(testFolder(), text.replace('=> 1', '=> 2'));
    expect(two.bundleHash).toBe(one.bundleHash);
    expect(other.bundleHash).not.toBe(one.bundleHash);
  });

  it('bundles what the file imports, and names every file that it depends on', async () => {
    const folder = testFolder();
    const [result] = await importFiles(folder, {
      'a.ts': `import { Dag } from 'millrace'; import { z } from 'zod'; import { rows } from './tasks/rows.js';
        export const dag = new Dag('d', { params: z.object({ day: z.iso.date(), limit: z.number().int().default(5) }) }); dag.task('t', rows)();`,
      'tasks/rows.ts': 'export const rows = async () => 1;',
    });
    expect(result?.inputs).toEqual(
      expect.arrayContaining([join(folder, 'dags/a.ts'), join(folder, 'dags/tasks/rows.ts')]),
    );
  });

  it('shows line, column and lines around an error in the syntax', async () => {
    const error = await errorOf(`import { Dag } from 'millrace';\n\nexport const dag = new Dag('d'\n`);
    expect(error).toMatchObject({ fileloc: 'bad.ts', line: 4, column: 1 });
    expect(error.excerpt).toContain(`  3 | export const dag = new Dag('d'`);
  });

  it('shows where in the author’s own file an error was thrown', async () => {
    const error = await errorOf(
      `import { Dag } from 'millrace';\nexport const dag = new Dag('d', {\n  retrys: 3 } as never);\n`,
    );
    expect(error).toMatchObject({ line: 2, column: 20 });
    expect(error.message).toContain('has no option "retrys"');
    expect(error.excerpt).toContain(`> 2 | export const dag = new Dag('d', {`);
  });

  const faults: [text: string, message: RegExp][] = [
    [`const dag = new Dag('d');`, /declared but not exported/],
    [`export const a = new Dag('d'); export const b = new Dag('d');`, /two DAGs "d"/],
    [`export const dag = new Dag('d'); dag.task('t', async () => 1);`, /"t" is declared but never called/],
    [`for (;;);`, /longer than 1 s/],
    [`process.exit(7);`, /ended the process \(exit code 7\)/],
    [`import './missing.js';`, /Could not resolve/],
    [`import 'millrace/other';`, /no module "millrace\/other"/],
  ];
  it.each(faults)('refuses %s', async (text, message) => {
    expect((await errorOf(`import { Dag } from 'millrace';\n${text}`)).message).toMatch(message);
  });

  it('goes on with the other files when one ends the process', async () => {
    const files = {
      'a.ts': 'process.exit(1);',
      'b.ts': `import { Dag } from 'millrace'; export const dag = new Dag('b');`,
    };
    const results = await importFiles(testFolder(), files);
    expect(results.map(({ outcome }) => Object.keys(outcome)[0])).toEqual(['error', 'file']);
  });

  it('takes SQL files and e-mail templates into the version', async () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'dags'), { recursive: true });
    writeFileSync(join(folder, 'dags', 'count.sql'), 'select 1');
    writeFileSync(join(folder, 'dags', 'report.ejs'), '<p><%= data.rows %></p>');
    writeFileSync(join(folder, 'dags', 'report.txt.ejs'), '<%- data.rows %> rows');
    const file = await importOne(
      folder,
      `import { Dag } from 'millrace'; export const dag = new Dag('d'); const count = dag.sql('count', { file: 'count.sql' });
       dag.email('mail', { to: 'a@example.org', subject: 's', template: 'report', data: count });`,
    );
    const [count, mail] = file.dags[0]?.tasks ?? [];
    expect(count?.options).toMatchObject({ sql: 'select 1' });
    expect(mail).toMatchObject({
      options: { templateSource: '<p><%= data.rows %></p>', textTemplateSource: '<%- data.rows %> rows' },
      inputs: { data: { ref: 'count' } },
    });
    expect(existsSync(join(folder, 'bundles', `${file.bundleHash}.mjs`))).toBe(true);
  });
});
