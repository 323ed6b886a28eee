import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Dag, testDag } from 'millrace';
import { beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../../../connectors/postgres.js';
import type { ImportedFile } from '../../../scheduler/model/dag.js';
import { ensureBuilt, importOne, startPool, type TestPool, testFolder } from '../../support/pool.js';
import { testDatabase } from '../../support/postgres.js';

beforeAll(ensureBuilt);

const project: Record<string, string> = {
  'dbt_project.yml': 'name: shop\nversion: "1.0"\nprofile: shop\nmodel-paths: [models]\nvars: {least: 2}\n',
  'models/staging/stg_orders.sql': `{{ config(materialized='table') }} select * from (values (1, 10), (2, 20), (3, null)) as v(id, amount)`,
  'models/staging/schema.yml': `models:\n  - name: stg_orders\n    description: Orders as they came.\n    columns:\n      - name: id\n        tests: [unique, not_null]\n      - name: amount\n        tests: [not_null]\n`,
  'models/marts/big_orders.sql': `{{ config(materialized='incremental', unique_key='id') }} select * from {{ ref('stg_orders') }} where id >= {{ var('least') }}`,
};

function writeProject(folder: string): void {
  for (const [name, text] of Object.entries(project)) {
    const path = join(folder, 'sql', 'shop', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

const dagFile = `import { Dag } from 'millrace'; export const dag = new Dag('shop');
  const before = dag.task('before', async () => 1)(); const after = dag.task('after', async () => 2)();
  dag.sqlProject('shop', 'sql/shop').after(before).before(after);`;

async function runAll(pool: TestPool, file: ImportedFile, taskIds: string[]) {
  const ends = new Map<string, Awaited<ReturnType<TestPool['run']>>>();
  for (const taskId of taskIds) ends.set(taskId, await pool.run(file, taskId));
  return ends;
}

describe('a SQL project in a DAG', () => {
  it('is a group with a task for each node, in the order of the project', async () => {
    const folder = testFolder();
    writeProject(folder);
    const file = await importOne(folder, dagFile);
    const [dag] = file.dags;
    const upstream = Object.fromEntries((dag?.tasks ?? []).map((task) => [task.taskId, task.upstream]));
    expect(upstream['shop.staging.stg_orders']).toEqual(['before']);
    const tests = Object.keys(upstream).filter((id) => id.startsWith('shop.staging.tests.'));
    expect(tests).toHaveLength(3);
    for (const test of tests) expect(upstream[test]).toEqual(['shop.staging.stg_orders']);
    expect(upstream['shop.marts.big_orders']).toEqual(expect.arrayContaining(tests));
    expect(upstream['after']).toEqual(['shop.marts.big_orders']);
    expect(dag?.tasks.find((task) => task.taskId === 'shop.marts.big_orders')).toMatchObject({
      kindLabel: 'dbt incremental',
    });
    expect(dag?.tasks.find((task) => task.taskId === 'shop.staging.stg_orders')).toMatchObject({
      docMd: 'Orders as they came.',
    });
  });

  it('runs from the files of its version, which outlive the project', async () => {
    const folder = testFolder();
    writeProject(folder);
    const file = await importOne(folder, dagFile);
    cpSync(join(folder, 'sql'), join(folder, 'elsewhere'), { recursive: true });
    rmSync(join(folder, 'sql'), { recursive: true });
    const url = await testDatabase();
    const pool = await startPool(folder, { connections: { warehouse: { url } } });
    const ids = (file.dags[0]?.tasks ?? []).filter((task) => task.operator === 'sql_node').map((task) => task.taskId);
    const ends = await runAll(pool, file, ids);
    expect(ends.get('shop.staging.stg_orders')).toMatchObject({
      outcome: { state: 'success' },
      effects: { details: { status: 'success' }, rendered: { sql: expect.stringContaining('values (1, 10)') } },
    });
    const bad = ends.get(ids.find((id) => id.includes('not_null') && id.includes('amount')) as string);
    expect(bad).toMatchObject({
      outcome: { state: 'failed', error: { type: 'TASK_FAILED' } },
      effects: { details: { status: 'fail', failures: 1, sample: { rows: [expect.anything()] } } },
    });
    const warehouse = openPostgres(url);
    const { rows } = await warehouse.query('select id from public.big_orders order by id');
    expect(rows).toEqual([{ id: 2 }, { id: 3 }]);
    await warehouse.end();
  });

  it('is a new version when one of its files changes', async () => {
    const folder = testFolder();
    writeProject(folder);
    const one = await importOne(folder, dagFile);
    writeFileSync(join(folder, 'sql/shop/models/marts/big_orders.sql'), 'select 1 as id');
    const two = await importOne(folder, dagFile);
    expect(two.bundleHash).not.toBe(one.bundleHash);
  });

  it('runs in a test of its DAG, twice', async () => {
    const folder = testFolder();
    writeProject(folder);
    const dag = new Dag('shop');
    dag.sqlProject('shop', 'sql/shop', { tests: 'model' });
    const options = { baseFolder: folder, connections: { warehouse: await testDatabase() } };
    for (let time = 0; time < 2; time++) {
      const run = await testDag(dag, options);
      expect(run.tasks['shop.staging.stg_orders']?.state).toBe('success');
      expect(run.tasks['shop.marts.big_orders']?.state).toBe('upstream_failed');
    }
  });
});
