import { describe, expect, it } from 'vitest';
import { catalogArtifact } from '../../transform/artifacts/catalog.js';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { runResultsArtifact } from '../../transform/artifacts/run-results.js';
import { sourcesArtifact } from '../../transform/artifacts/sources.js';
import { loadProject, openAdapter } from '../../transform/index.js';
import { deferredRelations, retryOf, stateWorld } from '../../transform/manifest/state.js';
import { freshnessSources, measureFreshness } from '../../transform/run/freshness.js';
import { runOperation } from '../../transform/run/operation.js';
import { testDatabase } from '../support/postgres.js';
import { addFiles, build, rowsOf, writeProject } from './projects.js';

const model = {
  'models/m.sql': "{{ config(materialized='table') }} select * from (values (1, 'a'), (1, 'b'), (null, 'c')) v (id, k)",
};
const yml = (tests: string) => ({
  'models/s.yml': `models:\n  - name: m\n    columns:\n      - name: id\n        data_tests:\n${tests.replace(/^/gm, '          ')}\n`,
});

async function outcomes(tests: string, more: Record<string, string> = {}) {
  const url = await testDatabase();
  const results = await build(writeProject({ ...model, ...yml(tests), ...more }), url);
  return {
    url,
    results,
    of: (name: string) => [...results.values()].find(({ uniqueId }) => uniqueId.includes(`.${name}`)),
  };
}

describe('tests', () => {
  it('fail with a count, a sample of the rows, and the SQL that shows them', async () => {
    const { of } = await outcomes('- unique\n- not_null');
    expect(of('unique_m_id')).toMatchObject({
      status: 'fail',
      failures: 1,
      message: 'Got 1 result, configured to fail if != 0',
      sample: { columns: ['unique_field', 'n_records'], rows: [[1, 2]] },
    });
    expect(of('unique_m_id')?.failingRowsSql).toContain('having count(*) > 1');
    expect(of('not_null_m_id')).toMatchObject({ status: 'fail', failures: 1 });
  });

  const verdicts: [string, string, string][] = [
    ['{severity: warn}', 'warn', 'Got 1 result, configured to warn if != 0'],
    ['{severity: error, error_if: ">5", warn_if: ">0"}', 'warn', 'Got 1 result, configured to warn if >0'],
    ['{error_if: ">5", warn_if: ">5"}', 'pass', 'Got 1 result, within the limits'],
    ['{where: "k <> \'c\'"}', 'pass', 'no failing rows'],
    ["{where: \"k = '{{ var('letter', 'c') }}'\"}", 'fail', 'Got 1 result, configured to fail if != 0'],
    ['{fail_calc: "max(7)"}', 'fail', 'Got 7 results, configured to fail if != 0'],
    ['{severity: warn, error_if: ">0"}', 'warn', 'Got 1 result, configured to warn if != 0'],
  ];
  for (const [config, status, message] of verdicts)
    it(`are judged with ${config}`, async () => {
      const { of } = await outcomes(`- not_null: {config: ${config}}`);
      expect(of('not_null_m_id')).toMatchObject({ status, message });
    });

  it('count no more rows than their limit', async () => {
    const { of } = await outcomes('- accepted_values: {values: [9], quote: false, config: {limit: 1}}');
    expect(of('accepted_values_m_id')).toMatchObject({ failures: 1 });
  });

  it('are an error, whatever their severity, when the database refuses them', async () => {
    const { of } = await outcomes('- accepted_values: {values: [x], config: {severity: warn}}');
    expect(of('accepted_values')).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/Database Error in test/),
    });
  });

  it('keep the failing rows when asked to', async () => {
    const { url, of } = await outcomes(
      '- not_null: {config: {store_failures: true, alias: kept}}\n- unique: {config: {store_failures_as: view}}',
    );
    expect(of('not_null_m_id')).toMatchObject({
      status: 'fail',
      failingRowsSql: expect.stringMatching(/"public_dbt_test__audit"."kept"/),
    });
    expect(await rowsOf(url, 'select k from public_dbt_test__audit.kept')).toEqual([['c']]);
    expect(await rowsOf(url, 'select unique_field from public_dbt_test__audit.unique_m_id')).toEqual([[1]]);
  });

  it('are written by the project: generic and singular', async () => {
    const { of } = await outcomes('- above: {low: 1}', {
      'tests/generic/above.sql':
        '{% test above(model, column_name, low) %}{{ config(severity="warn") }}select * from {{ model }} where {{ column_name }} <= {{ low }}{% endtest %}',
      'tests/no_c.sql': "select * from {{ ref('m') }} where k = 'c'",
    });
    expect(of('above_m_id__1')).toMatchObject({ status: 'warn', failures: 2 });
    expect(of('no_c')).toMatchObject({ status: 'fail', failures: 1 });
  });

  it('hold back what is downstream, but only when they fail', async () => {
    const { results } = await outcomes('- unique', { 'models/down.sql': "select * from {{ ref('m') }}" });
    expect(results.get('down')).toMatchObject({
      status: 'skipped',
      message: expect.stringMatching(/unique_m_id.* ended with fail/),
    });
    const { results: warned } = await outcomes('- unique: {config: {severity: warn}}', {
      'models/down.sql': "select * from {{ ref('m') }}",
    });
    expect(warned.get('down')).toMatchObject({ status: 'success' });
  });
});

describe('what a run leaves behind', () => {
  const files = {
    'models/a.sql': "{{ config(materialized='table') }} select 1 as id",
    'models/b.sql': "select 1 / (id - 1) as x from {{ ref('a') }}",
    'models/c.sql': "select * from {{ ref('b') }}",
    'models/d.sql': "{{ config(materialized='table') }} select x.x from {{ ref('b') }} x",
  };

  it('says what to retry, and what has changed', async () => {
    const url = await testDatabase();
    const dir = writeProject({
      ...files,
      'models/d.sql': "{{ config(materialized='table') }} select 1 / 0 as x from {{ ref('a') }}",
      'models/e.sql': "select * from {{ ref('d') }}",
    });
    const results = await build(dir, url);
    const project = await loadProject({ dir, connectionUrl: url, env: {} });
    const state = {
      manifest: JSON.parse(JSON.stringify(manifestArtifact(project))),
      runResults: JSON.parse(JSON.stringify(runResultsArtifact(project, [...results.values()], { which: 'build' }, 1))),
      sources: null,
    };
    expect(retryOf(state).ids.sort()).toEqual(['model.shop.d', 'model.shop.e']);
    addFiles(dir, { 'models/a.sql': "{{ config(materialized='table') }} select 2 as id", 'models/f.sql': 'select 1' });
    const changed = await loadProject({ dir, connectionUrl: url, env: {} });
    const select = (word: string) => changed.select({ select: [word], world: stateWorld(changed, state) });
    expect(select('state:modified').sort()).toEqual(['model.shop.a', 'model.shop.f']);
    expect(select('state:new')).toEqual(['model.shop.f']);
    expect(select('result:error')).toEqual(['model.shop.d']);
    expect(select('state:unmodified')).toContain('model.shop.b');
  });

  it('lets another schema read what is not built there: --defer', async () => {
    const url = await testDatabase();
    const dir = writeProject(files);
    await build(dir, url, { select: ['a'] });
    const production = JSON.parse(
      JSON.stringify(manifestArtifact(await loadProject({ dir, connectionUrl: url, env: {} }))),
    );
    addFiles(dir, { 'profiles.yml': 'shop: {target: dev, outputs: {dev: {type: postgres, schema: dev}}}' });
    const project = await loadProject({ dir, connectionUrl: url, env: {} });
    const adapter = await openAdapter({ url, threads: 1 });
    const deferred = await deferredRelations(
      project,
      { manifest: production, runResults: null, sources: null },
      new Set(['model.shop.b']),
      adapter,
      false,
    );
    await adapter.close();
    expect(deferred.get('model.shop.a')?.render()).toMatch(/"public"."a"$/);
    expect(deferred.has('model.shop.b')).toBe(false);
  });

  it('describes the columns in the database', async () => {
    const url = await testDatabase();
    const dir = writeProject(files);
    await build(dir, url, { select: ['a'] });
    const project = await loadProject({ dir, connectionUrl: url, env: {} });
    const adapter = await openAdapter({ url, threads: 1 });
    const catalog = (await catalogArtifact(project, adapter)) as { nodes: Record<string, unknown> };
    await adapter.close();
    expect(catalog.nodes).toEqual({
      'model.shop.a': expect.objectContaining({
        columns: { id: { type: 'integer', index: 1, name: 'id', comment: null } },
      }),
    });
  });
});

describe('source freshness', () => {
  it('compares the newest row with the thresholds', async () => {
    const url = await testDatabase();
    await rowsOf(
      url,
      `create table fresh (at timestamp); create table old (at timestamptz); create table empty (at timestamp);
      insert into fresh values (now() at time zone 'utc'); insert into old values (now() - interval '3 hours'), (now() - interval '9 hours')`,
    );
    const project = await loadProject({
      dir: writeProject({
        'models/s.yml': `sources:
  - name: raw
    schema: public
    config: {loaded_at_field: at, freshness: {warn_after: {count: 1, period: hour}, error_after: {count: 5, period: hour}}}
    tables: [{name: fresh}, {name: old}, {name: empty}, {name: missing}, {name: never, config: {freshness: null}}, {name: filtered, identifier: old, config: {freshness: {filter: "at < now() - interval '4 hours'"}}}]
`,
      }),
      connectionUrl: url,
      env: {},
    });
    const adapter = await openAdapter({ url, threads: 1 });
    const results = [];
    for (const source of freshnessSources(project, project.select({ select: ['source:*'] })))
      results.push(await measureFreshness(project, adapter, source));
    await adapter.close();
    expect(Object.fromEntries(results.map((result) => [result.uniqueId.split('.').at(-1), result.status]))).toEqual({
      fresh: 'pass',
      old: 'warn',
      empty: 'error',
      missing: 'runtime error',
      filtered: 'error',
    });
    expect(results.find(({ uniqueId }) => uniqueId.endsWith('old'))?.ageSeconds).toBeCloseTo(3 * 3600, -2);
    expect(JSON.stringify(sourcesArtifact(project, results, 1))).toContain('runtime error');
  });
});

describe('run-operation', () => {
  it('calls a macro with its arguments', async () => {
    const url = await testDatabase();
    const project = await loadProject({
      dir: writeProject({
        'macros/m.sql':
          "{% macro make(name, rows) %}{% do run_query('create table ' ~ name ~ ' as select ' ~ rows ~ ' as n') %}{{ return(run_query('select n from ' ~ name).rows[0][0]) }}{% endmacro %}",
      }),
      connectionUrl: url,
      env: {},
    });
    const adapter = await openAdapter({ url, threads: 1 });
    expect(await runOperation(project, adapter, 'make', { name: 'made', rows: 3 })).toBe(3);
    await expect(runOperation(project, adapter, 'mak', {})).rejects.toThrow(/there is no macro "mak"/);
    await adapter.close();
  });
});
