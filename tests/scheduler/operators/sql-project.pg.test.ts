import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Dag, type Json, type TaskResult, testDag } from 'millrace';
import { beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../../../connectors/postgres.js';
import type { ImportedFile } from '../../../scheduler/model/dag.js';
import { runResultsPath } from '../../../scheduler/model/run-results.js';
import { ensureBuilt, importOne, startPool, type TestPool, testFolder } from '../../support/pool.js';
import { testDatabase } from '../../support/postgres.js';

beforeAll(ensureBuilt);

const project: Record<string, string> = {
  'dbt_project.yml': 'name: shop\nversion: "1.0"\nprofile: shop\nmodel-paths: [models]\nvars: {least: 2}\n',
  'models/staging/stg_orders.sql': `{{ config(materialized='table') }} select * from (values (1, 10), (2, 20), (3, null)) as v(id, amount)`,
  'models/staging/schema.yml': `models:\n  - name: stg_orders\n    description: Orders as they came.\n    columns:\n      - name: id\n        tests: [unique, not_null]\n      - name: amount\n        tests: [not_null]\n`,
  'models/marts/big_orders.sql': `{{ config(materialized='incremental', unique_key='id') }} select * from {{ ref('stg_orders') }} where id >= {{ var('least') }}`,
};

function writeProject(folder: string, changes: Record<string, string> = {}): void {
  for (const [name, text] of Object.entries({ ...project, ...changes })) {
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
      effects: { details: { status: 'success', compiledSql: expect.stringContaining('values (1, 10)') } },
    });
    // What was parsed is kept by checksum, for the next process and the next version.
    expect(readdirSync(join(folder, 'cache'))).toContain('shop.parse.json');
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

  it('runs what the project said when its version was made, whatever was edited since', async () => {
    const folder = testFolder();
    writeProject(folder);
    const before = await importOne(folder, dagFile);
    const model = join(folder, 'sql/shop/models/staging/stg_orders.sql');
    writeFileSync(model, `{{ config(materialized='table') }} select 7 as id, 7 as amount`);
    const after = await importOne(folder, dagFile);
    writeFileSync(model, 'this is no SQL');
    const url = await testDatabase();
    const pool = await startPool(folder, { connections: { warehouse: { url } } });
    const warehouse = openPostgres(url);
    for (const [file, ids] of [
      [before, [1, 2, 3]],
      [after, [7]],
      [before, [1, 2, 3]],
    ] as const) {
      expect(await pool.run(file, 'shop.staging.stg_orders')).toMatchObject({ outcome: { state: 'success' } });
      const { rows } = await warehouse.query('select id from public.stg_orders order by id');
      expect(rows.map((row) => row['id'])).toEqual(ids);
    }
    await warehouse.end();
  });

  it('fails a microbatch model of which only a part could be built', async () => {
    const folder = testFolder();
    writeProject(folder, {
      'models/m.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id', event_time='at', batch_size='year', begin='2024-01-01') }} select id, at, 1 / v as x from {{ ref('events') }}`,
      'models/events.sql': `{{ config(materialized='view', event_time='at') }} select * from (values (1, timestamp '2024-05-01', 1), (2, timestamp '2025-05-01', 0)) as v(id, at, v)`,
    });
    const dag = new Dag('shop');
    dag.sqlProject('shop', 'sql/shop', { select: '+m' });
    const run = await testDag(dag, { baseFolder: folder, connections: { warehouse: await testDatabase() } });
    expect(run.tasks['shop.m']?.state).toBe('failed');
    expect(run.tasks['shop.m']?.log).toMatch(/partial success: \d+ of \d+ batches/);
  });
});

describe('the hooks of a SQL project in a DAG', () => {
  const hooked = {
    'dbt_project.yml': `${project['dbt_project.yml']}on-run-start:
  - create table if not exists log (at serial, what text)
  - insert into log (what) values ('start')
on-run-end:
  - "{% for r in results %}insert into log (what) values ('{{ r.node.name }} {{ r.status }}');{% endfor %}"
  - "insert into log (what) values ('end {{ schemas | join }}')"
`,
  };

  it('are the setup and the teardown of its group', async () => {
    const folder = testFolder();
    writeProject(folder, hooked);
    const [dag] = (await importOne(folder, dagFile)).dags;
    const task = (id: string) => dag?.tasks.find((each) => each.taskId === id);
    expect(task('shop.on_run_start')).toMatchObject({
      isSetup: true,
      upstream: ['before'],
      kindLabel: 'dbt on-run-start',
    });
    expect(task('shop.staging.stg_orders')?.upstream).toEqual(['shop.on_run_start']);
    expect(task('shop.on_run_end')).toMatchObject({ isTeardown: true, setups: ['shop.on_run_start'] });
    expect(task('shop.on_run_end')?.upstream).toEqual(expect.arrayContaining(['shop.marts.big_orders']));
    // What follows the group does not wait for its teardown.
    expect(task('after')?.upstream).toEqual(['shop.marts.big_orders']);
  });

  it('run around its nodes, once a run, and see what became of them', async () => {
    const folder = testFolder();
    writeProject(folder, hooked);
    const url = await testDatabase();
    const dag = new Dag('shop');
    dag.sqlProject('shop', 'sql/shop', { tests: 'model' });
    const run = await testDag(dag, { baseFolder: folder, connections: { warehouse: url } });
    // A test found a row without an amount: the run is failed, and the teardown ran nevertheless.
    expect(run.state).toBe('failed');
    expect(run.tasks['shop.on_run_end']?.state).toBe('success');
    const warehouse = openPostgres(url);
    const { rows } = await warehouse.query('select what from log order by at');
    const said = rows.map((row) => String(row['what']));
    expect(said[0]).toBe('start');
    expect(said.at(-1)).toBe('end public');
    expect(said).toEqual(
      expect.arrayContaining([
        'stg_orders success',
        'unique_stg_orders_id pass',
        'not_null_stg_orders_amount fail',
        'big_orders skipped',
      ]),
    );
    await warehouse.end();
  });

  it('stop everything when the first fails', async () => {
    const folder = testFolder();
    writeProject(folder, {
      'dbt_project.yml': `${project['dbt_project.yml']}on-run-start: select 1 / 0\non-run-end: select 1\n`,
    });
    const dag = new Dag('shop');
    dag.sqlProject('shop', 'sql/shop');
    const run = await testDag(dag, { baseFolder: folder, connections: { warehouse: await testDatabase() } });
    expect(run.tasks['shop.on_run_start']).toMatchObject({ state: 'failed' });
    expect(run.tasks['shop.staging.stg_orders']?.state).toBe('upstream_failed');
    expect(run.tasks['shop.on_run_end']?.state).not.toBe('success');
  });

  it('leave a run_results.json of all nodes beside the log of the teardown', async () => {
    const folder = testFolder();
    writeProject(folder);
    const file = await importOne(
      folder,
      `import { Dag } from 'millrace'; export const dag = new Dag('shop');
      dag.sqlProject('shop', 'sql/shop', { runResults: true, tests: 'model' });`,
    );
    const url = await testDatabase();
    const results: TaskResult[] = [];
    const pool = await startPool(folder, {
      connections: { warehouse: { url } },
      onCall: async (call) => (call.method === 'getTaskResults' ? (results as unknown as Json) : undefined),
    });
    const end = file.dags[0]?.tasks.find((task) => task.isTeardown);
    for (const taskId of ['shop.staging.stg_orders', 'shop.staging.tests.stg_orders_tests']) {
      const ended = await pool.run(file, taskId);
      if (ended.kind !== 'finished') throw new Error('lost');
      results.push({
        taskId,
        mapIndex: -1,
        state: ended.outcome.state === 'success' ? 'success' : 'failed',
        tryNumber: 1,
        startedAt: 1_000,
        endedAt: 2_000,
        error: null,
        details: ended.effects.details,
      });
    }
    results.push({
      ...(results[0] as TaskResult),
      taskId: 'shop.marts.big_orders',
      state: 'upstream_failed',
      details: {},
    });
    const { logPath } = pool.submit(file, end?.taskId as string, { attemptId: 'end' });
    const ended = await pool.end('end');
    expect(ended).toMatchObject({
      outcome: { state: 'success' },
      effects: { details: { counts: { success: 1, pass: 2, fail: 1, skipped: 1 } } },
    });
    const artifact = JSON.parse(readFileSync(runResultsPath(logPath), 'utf8'));
    const shown = artifact.results.map((each: Record<string, unknown>) => [
      String(each['unique_id']).split('.').slice(0, 3).join('.'),
      each['status'],
      each['failures'],
      typeof each['compiled_code'],
    ]);
    expect(shown).toEqual([
      ['model.shop.stg_orders', 'success', null, 'string'],
      ['test.shop.unique_stg_orders_id', 'pass', 0, 'string'],
      ['test.shop.not_null_stg_orders_id', 'pass', 0, 'string'],
      ['test.shop.not_null_stg_orders_amount', 'fail', 1, 'string'],
      ['model.shop.big_orders', 'skipped', null, 'object'],
    ]);
    expect(artifact.metadata.dbt_schema_version).toMatch(/run-results\/v6/);
  });
});
