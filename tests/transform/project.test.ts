import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../kernel/errors.js';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { loadProject } from '../../transform/index.js';
import { configFromTree, mergeConfig, toHooks } from '../../transform/project/config.js';
import { addFiles, parse, writeProject } from './projects.js';

/** What a person reads of a project that cannot be parsed. */
async function faultOf(files: Record<string, string>): Promise<string> {
  return parse(files).then(() => 'no fault', describeError);
}

const one = { 'models/a.sql': 'select 1 as id' };

describe('configs', () => {
  it('go from the project’s tree over the properties file to the model itself', async () => {
    const project = await parse({
      'dbt_project.yml': `name: shop\nprofile: shop\nmodels:\n  +materialized: table\n  +tags: [project]\n  +meta: {owner: a, level: 1}\n  shop:\n    staging:\n      +materialized: view\n      +tags: staging\n      +pre-hook: "select 1"\n`,
      'models/staging/a.sql': `{{ config(tags='model', meta={'level': 3}, pre_hook='select 3', materialized='incremental') }} select 1`,
      'models/staging/b.sql': 'select 1',
      'models/c.sql': 'select 1',
      'models/staging/s.yml': `models: [{name: a, config: {tags: [yml], meta: {level: 2, more: x}, pre_hook: [{sql: select 2, transaction: false}]}}, {name: b, config: {materialized: ephemeral}}]`,
    });
    const node = (name: string) => project.manifest.nodes.get(`model.shop.${name}`)?.config;
    expect(node('a')).toMatchObject({
      materialized: 'incremental',
      tags: ['project', 'staging', 'yml', 'model'],
      meta: { owner: 'a', level: 3, more: 'x' },
    });
    expect(toHooks(node('a')?.['pre_hook']).map(({ sql }) => sql)).toEqual(['select 1', 'select 2', 'select 3']);
    expect(node('b')).toMatchObject({ materialized: 'ephemeral' });
    expect(node('c')).toMatchObject({ materialized: 'table' });
  });

  it('read a key with + as a config and one without as the next folder', () => {
    const tree = {
      '+meta': { a: 1 },
      materialized: 'view',
      staging: { '+materialized': 'table', persist_docs: { relation: true } },
    };
    expect(configFromTree(tree, ['staging', 'm'])).toEqual({ meta: { a: 1 }, materialized: 'table' });
  });

  it('add to grants only with a +', () => {
    const lower = { grants: { select: ['a'], insert: ['a'] } };
    expect(mergeConfig(lower, { grants: { '+select': 'b', insert: 'c' } })).toEqual({
      grants: { select: ['a', 'b'], insert: ['c'] },
    });
  });
});

describe('variables', () => {
  it('may be called y or n, as in Python', async () => {
    const project = await parse({
      'models/a.sql': 'select 1 as y',
      'models/s.yml': 'models: [{name: a, config: {enabled: yes}, columns: [{name: y}, {name: n}]}]',
    });
    expect(Object.keys(project.manifest.nodes.get('model.shop.a')?.columns ?? {})).toEqual(['y', 'n']);
  });

  it('are taken from the command line before the project, and per package before all', async () => {
    const files = {
      'dbt_project.yml': 'name: shop\nprofile: shop\nvars:\n  x: global\n  y: global\n  shop:\n    x: own\n',
      'models/a.sql': `{{ config(alias=var('x') ~ '_' ~ var('y') ~ '_' ~ var('z', 'preset')) }} select 1`,
    };
    const alias = async (vars = {}) => (await parse(files, { vars })).nodes.get('model.shop.a')?.alias;
    expect(await alias()).toBe('own_global_preset');
    expect(await alias({ x: 'cli', z: 'cli' })).toBe('cli_global_cli');
  });

  it('are an error when they are missing, with the nearest name', async () => {
    expect(
      await faultOf({
        'dbt_project.yml': 'name: shop\nprofile: shop\nvars: {country: x}\n',
        'models/a.sql': "select '{{ var('contry') }}'",
      }),
    ).toMatch(/Required var 'contry' not found[\s\S]*Did you mean "country"/);
  });
});

describe('mistakes', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      'an unknown ref',
      { ...one, 'models/orders.sql': 'select 1', 'models/b.sql': "select * from {{ ref('ordrs') }}" },
      /model 'b' \(models\/b.sql\) depends on ref\('ordrs'\), which was not found Did you mean "orders"/,
    ],
    [
      'an unknown source',
      {
        'models/s.yml': 'sources: [{name: raw, tables: [{name: orders}]}]',
        'models/b.sql': "select * from {{ source('raw', 'order') }}",
      },
      /source named 'raw.order', which was not found Did you mean "raw.orders"/,
    ],
    [
      'a disabled ref',
      { 'models/a.sql': '{{ config(enabled=false) }} select 1', 'models/b.sql': "select * from {{ ref('a') }}" },
      /depends on ref\('a'\), which is disabled/,
    ],
    [
      'a cycle',
      { 'models/a.sql': "select * from {{ ref('b') }}", 'models/b.sql': "select * from {{ ref('a') }}" },
      /found a cycle: model.shop.\w --> model.shop.\w --> model.shop.\w/,
    ],
    [
      'an unknown test',
      { ...one, 'models/s.yml': 'models: [{name: a, columns: [{name: id, tests: [not_nul]}]}]' },
      /models\/s.yml: a has a test "not_nul", which does not exist Did you mean "not_null"/,
    ],
    [
      'two models of one name',
      { 'models/x/a.sql': 'select 1', 'models/y/a.sql': 'select 1' },
      /two models are called "a": models\/x\/a.sql and models\/y\/a.sql/,
    ],
    [
      'an unknown key of the project',
      { 'dbt_project.yml': 'name: shop\nprofile: shop\nmodel-path: [x]\n' },
      /the key "model-path" is not known Did you mean "model-paths"/,
    ],
    ['broken YAML', { ...one, 'models/s.yml': 'models:\n  - name: a\n   columns: 1\n' }, /models\/s.yml:\d+:\d+/],
    ['a broken template', { 'models/a.sql': 'select 1\n{% if %}' }, /models\/a.sql:2:\d+/],
    [
      'a model described twice',
      { ...one, 'models/s.yml': 'models: [{name: a}]', 'models/t.yml': 'models: [{name: a}]' },
      /"a" is described twice under models: in models\/s.yml and models\/t.yml/,
    ],
    [
      'both dialects of tests at once',
      { ...one, 'models/s.yml': 'models: [{name: a, tests: [], data_tests: []}]' },
      /has both "tests" and "data_tests"/,
    ],
  ];
  for (const [name, files, message] of cases)
    it(`are told: ${name}`, async () => {
      expect(await faultOf(files)).toMatch(message);
    });
});

describe('names of tests', () => {
  it('are those of dbt, also when they are too long for a database', async () => {
    const project = await parse({
      ...one,
      'models/s.yml': `models: [{name: a, columns: [{name: id, tests: [unique, {accepted_values: {values: [1, 2], quote: false, config: {severity: warn}}}]}, {name: a_column_with_a_very_long_name_that_goes_on, tests: [not_null]}]}]`,
    });
    const tests = [...project.manifest.nodes.values()].filter((node) => node.resource_type === 'test');
    expect(tests.map((node) => [node.name, node.alias])).toEqual([
      ['unique_a_id', 'unique_a_id'],
      ['accepted_values_a_id__False__1__2', 'accepted_values_a_id__False__1__2'],
      [
        'not_null_a_a_column_with_a_very_long_name_that_goes_on',
        'not_null_a_a_column_with_a_very_long_name_that_goes_on',
      ],
    ]);
    expect(tests[1]?.config['severity']).toBe('WARN');
    expect(tests[0]?.unique_id).toMatch(/^test\.shop\.unique_a_id\.[0-9a-f]{10}$/);
  });
});

describe('packages', () => {
  it('are found by their folder; their macros are called by namespace, dispatched and overridden', async () => {
    const dir = writeProject({
      'dbt_project.yml':
        'name: shop\nprofile: shop\ndispatch: [{macro_namespace: tools, search_order: [shop, tools]}]\n',
      'packages.yml': 'packages: [{local: lib/tools}]',
      'lib/tools/dbt_project.yml': 'name: tools\nprofile: x\nvars: {greeting: hello}\n',
      'lib/tools/macros/m.sql': `{% macro greet(who) %}{{ return(adapter.dispatch('greet', 'tools')(who)) }}{% endmacro %}{% macro default__greet(who) %}{{ var('greeting') }}_{{ who }}{% endmacro %}{% macro postgres__shout() %}pg{% endmacro %}{% macro shout() %}{{ return(adapter.dispatch('shout', 'tools')()) }}{% endmacro %}`,
      'lib/tools/models/lib_model.sql': 'select 1',
      'models/a.sql': `{{ config(alias=tools.greet('a') ~ '_' ~ tools.shout()) }} select * from {{ ref('tools', 'lib_model') }}`,
    });
    const load = () =>
      loadProject({ dir, connectionUrl: 'postgresql://u@localhost/db', env: {}, vars: { greeting: 'hi' } });
    expect((await load()).nodes.get('model.shop.a')).toMatchObject({
      alias: 'hi_a_pg',
      dependsOn: ['model.tools.lib_model'],
    });
    addFiles(dir, { 'macros/o.sql': '{% macro default__greet(who) %}overridden_{{ who }}{% endmacro %}' });
    expect((await load()).nodes.get('model.shop.a')?.alias).toBe('overridden_a_pg');
  });
});

describe('versions', () => {
  it('give a model several nodes, of which ref means the latest', async () => {
    const project = await parse({
      'models/m_v1.sql': 'select 1 as id',
      'models/m_v2.sql': 'select 2 as id',
      'models/s.yml':
        'models: [{name: m, latest_version: 1, columns: [{name: id, tests: [not_null]}], versions: [{v: 1}, {v: 2, columns: [{include: all}, {name: extra}]}]}]',
      'models/a.sql': "select * from {{ ref('m') }} union all select * from {{ ref('m', v=2) }}",
    });
    expect(project.nodes.get('model.shop.a')?.dependsOn).toEqual(['model.shop.m.v1', 'model.shop.m.v2']);
    expect(project.nodes.get('model.shop.m.v2')).toMatchObject({ alias: 'm_v2', fqn: ['shop', 'm', 'v2'] });
    expect(project.select({ select: ['m', 'version:latest'], indirectSelection: 'empty' }).sort()).toEqual([
      'model.shop.m.v1',
      'model.shop.m.v2',
    ]);
    expect(project.select({ select: ['version:prerelease'], indirectSelection: 'empty' })).toEqual(['model.shop.m.v2']);
  });
});

describe('the cache of parsing', () => {
  it('gives the same manifest, and forgets what a changed file, variable or environment makes wrong', async () => {
    const cacheFolder = mkdtempSync(join(tmpdir(), 'millrace-cache-'));
    const dir = writeProject({
      'macros/m.sql': '{% macro name() %}x{% endmacro %}',
      'models/a.sql': "{{ config(alias=name() ~ var('v', '1') ~ env_var('E', 'none')) }} select 1",
    });
    const alias = async (options = {}) =>
      (await loadProject({ dir, cacheFolder, connectionUrl: 'postgresql://u@h/d', env: {}, ...options })).nodes.get(
        'model.shop.a',
      )?.alias;
    expect([await alias(), await alias()]).toEqual(['x1none', 'x1none']);
    expect(readFileSync(join(cacheFolder, 'shop.parse.json'), 'utf8')).toContain('x1none');
    expect(await alias({ vars: { v: '2' } })).toBe('x2none');
    expect(await alias({ env: { E: 'e' } })).toBe('x1e');
    addFiles(dir, { 'macros/m.sql': '{% macro name() %}y{% endmacro %}' });
    expect(await alias()).toBe('y1none');
  });
});

describe('the manifest', () => {
  it('names parents and children, macros and docs', async () => {
    const project = await parse({
      ...one,
      'models/b.sql': "select * from {{ ref('a') }}",
      'models/docs.md': '{% docs about_a %}All about *a*.{% enddocs %}',
      'models/s.yml': `models: [{name: a, description: "{{ doc('about_a') }}", config: {group: sales}}]\ngroups: [{name: sales, owner: {name: me}}]\nexposures: [{name: board, type: dashboard, owner: {name: me}, depends_on: [ref('b')]}]`,
    });
    const manifest = manifestArtifact(project) as Record<string, Record<string, unknown>>;
    expect(manifest['child_map']?.['model.shop.a']).toEqual(['model.shop.b']);
    expect(manifest['parent_map']?.['exposure.shop.board']).toEqual(['model.shop.b']);
    expect(manifest['nodes']?.['model.shop.a']).toMatchObject({ description: 'All about *a*.', group: 'sales' });
    expect(manifest['group_map']).toEqual({ sales: ['model.shop.a'] });
  });
});
