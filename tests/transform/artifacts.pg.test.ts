import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '../../kernel/json.js';
import { catalogArtifact } from '../../transform/artifacts/catalog.js';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { runResultsArtifact } from '../../transform/artifacts/run-results.js';
import { sourcesArtifact } from '../../transform/artifacts/sources.js';
import { loadProject, openAdapter } from '../../transform/index.js';
import { freshnessSources, measureFreshness } from '../../transform/run/freshness.js';
import { runProject } from '../../transform/run/run-project.js';
import { catalogShape, manifestShape, runResultsShape, sourcesShape } from '../support/artifact-shapes.js';
import { testDatabase } from '../support/postgres.js';
import { writeProject } from './projects.js';

/** Everything that leaves a trace of its own in an artifact. */
const files = {
  'dbt_project.yml': `name: shop
profile: shop
on-run-start: ["create table if not exists started(seen timestamp)"]
on-run-end: ["{{ log('done', info=false) }}"]
models: {shop: {+tags: [all], +meta: {owner: us}, retired: {+enabled: false}}}
seeds: {shop: {+column_types: {id: bigint}}}
`,
  'selectors.yml': 'selectors: [{name: few, description: A few., definition: {method: tag, value: all}}]\n',
  'seeds/raw.csv': 'id,name,seen\n1,a,2026-01-01 10:00:00\n2,b,2026-01-02 10:00:00\n',
  'models/a.sql':
    "{{ config(materialized='table', indexes=[{'columns': ['id'], 'unique': true}]) }} select id, name from {{ ref('raw') }}",
  'models/contracted.sql': "{{ config(materialized='table') }} select id, name from {{ ref('a') }}",
  'models/folded.sql': "{{ config(materialized='ephemeral') }} select * from {{ source('outside', 'old') }}",
  'models/adds.sql': "{{ config(materialized='incremental', unique_key='id') }} select * from {{ ref('folded') }}",
  'models/events.sql': "{{ config(materialized='view', event_time='seen') }} select * from {{ ref('raw') }}",
  'models/batches.sql':
    "{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id', event_time='seen', batch_size='day', begin='2026-01-01') }} select * from {{ ref('events') }}",
  'models/broken.sql': "{{ config(materialized='table') }} select cast('x' || id as integer) as x from {{ ref('a') }}",
  'models/after_broken.sql': "select * from {{ ref('broken') }}",
  'models/v_v1.sql': 'select 1 as x',
  'models/v_v2.sql': 'select 1 as x, 2 as y',
  'models/retired/gone.sql': 'select 1 as x',
  'models/docs.md': '{% docs about_a %}What **a** is.{% enddocs %}',
  'models/schema.yml': `version: 2
groups: [{name: core, owner: {name: Us, email: us@example.org}}]
models:
  - name: a
    description: "{{ doc('about_a') }}"
    config: {group: core, access: public, docs: {show: true}}
    columns:
      - {name: id, data_type: bigint, description: The key., meta: {pii: false}, tags: [key], data_tests: [unique, not_null: {config: {severity: warn}}]}
      - {name: name, data_tests: [{accepted_values: {arguments: {values: [a]}, config: {severity: warn}}}]}
  - name: contracted
    config: {contract: {enforced: true}}
    constraints: [{type: check, expression: id > 0}]
    columns:
      - {name: id, data_type: bigint, constraints: [{type: not_null}, {type: primary_key}]}
      - {name: name, data_type: text}
  - name: v
    latest_version: 2
    deprecation_date: 2030-01-01
    versions: [{v: 1}, {v: 2, config: {tags: [new]}}]
sources:
  - name: outside
    schema: "{{ target.schema }}"
    loaded_at_field: seen
    config: {freshness: {warn_after: {count: 1, period: hour}, error_after: {count: 1, period: day}}}
    tables:
      - {name: old, columns: [{name: id, data_tests: [not_null]}]}
      - {name: fresh, config: {freshness: {warn_after: {count: 1, period: hour}, filter: id > 0}}}
      - {name: missing, loaded_at_query: select max(seen) from nowhere}
      - {name: unmeasured, config: {freshness: null}}
exposures:
  - {name: board, type: dashboard, maturity: high, url: "https://example.org", owner: {name: Me, email: me@example.org}, depends_on: [ref('a'), "source('outside', 'old')"]}
unit_tests:
  - name: passes_on
    model: contracted
    given: [{input: ref('a'), rows: [{id: 3, name: c}]}]
    expect: {rows: [{id: 3, name: c}]}
macros: [{name: one, description: One., arguments: [{name: x, type: integer, description: Any.}]}]
semantic_models: [{name: s, model: ref('a')}]
`,
  'macros/m.sql': '{% macro one(x) %}{{ x }}{% endmacro %}',
  'tests/single.sql': "{{ config(store_failures=true) }} select * from {{ ref('contracted') }} where id > 1",
  'analyses/look.sql': "select count(*) from {{ ref('a') }}",
  'snapshots/s.sql':
    "{% snapshot s %}{{ config(unique_key='id', strategy='check', check_cols='all') }}select * from {{ ref('a') }}{% endsnapshot %}",
  'snapshots/s.yml':
    "snapshots: [{name: s2, relation: ref('a'), config: {unique_key: id, strategy: timestamp, updated_at: name, hard_deletes: new_record}}]",
};

const outside =
  "create table old(id int, seen timestamp); insert into old values (1, now() - interval '2 days'); create table fresh(id int, seen timestamp); insert into fresh values (1, now())";

type Artifact = 'manifest' | 'run_results' | 'sources' | 'catalog';

/** What a build, `source freshness` and `docs generate` write, as they are after a file. */
async function artifactsOf(url: string): Promise<Record<Artifact, JsonObject>> {
  const project = await loadProject({
    dir: writeProject(files),
    connectionUrl: url,
    env: {},
    flags: { which: 'build' },
  });
  const adapter = await openAdapter({ url, threads: 2 });
  try {
    await adapter.withConnection(async (connection) => void (await connection.query(outside)));
    const results = await runProject(project, {
      adapter,
      ids: project.select({ exclude: ['resource_type:analysis'] }),
      threads: 2,
      testEdges: true,
      hooks: true,
      eventTime: { end: '2026-01-03' },
    });
    const freshness = [];
    for (const source of freshnessSources(project, project.select()))
      freshness.push(await measureFreshness(project, adapter, source));
    const made = {
      manifest: manifestArtifact(project),
      run_results: runResultsArtifact(project, results, { which: 'build', vars: '{}' }, 1234),
      sources: sourcesArtifact(project, freshness, 12),
      catalog: await catalogArtifact(project, adapter),
    };
    return JSON.parse(JSON.stringify(made)) as Record<Artifact, JsonObject>;
  } finally {
    await adapter.close();
  }
}

const published: Record<Artifact, string> = {
  manifest: 'manifest/v12.json',
  run_results: 'run-results/v6.json',
  sources: 'sources/v3.json',
  catalog: 'catalog/v1.json',
};

const newDuckdb = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-artifacts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return `duckdb:${join(folder, 'shop.duckdb')}`;
};

describe.each([
  ['PostgreSQL', testDatabase],
  ['DuckDB', newDuckdb],
])('artifacts of a build on %s', (_name, database) => {
  it('have the documented fields, and agree with each other', async () => {
    const artifacts = await artifactsOf(await database());
    expectPublished(artifacts);
    const manifest = manifestShape.parse(artifacts.manifest);
    const runResults = runResultsShape.parse(artifacts.run_results);
    const sources = sourcesShape.parse(artifacts.sources);
    const catalog = catalogShape.parse(artifacts.catalog);

    const statuses = new Map(runResults.results.map((result) => [result.unique_id, result.status]));
    expect([...statuses].filter(([id]) => !id.startsWith('test.') || id.includes('.single')).sort()).toEqual([
      ['model.shop.a', 'success'],
      ['model.shop.adds', 'success'],
      ['model.shop.after_broken', 'skipped'],
      ['model.shop.batches', 'success'],
      ['model.shop.broken', 'error'],
      ['model.shop.contracted', 'success'],
      ['model.shop.events', 'success'],
      ['model.shop.v.v1', 'success'],
      ['model.shop.v.v2', 'success'],
      ['operation.shop.shop-on-run-end-0', 'success'],
      ['operation.shop.shop-on-run-start-0', 'success'],
      ['seed.shop.raw', 'success'],
      ['snapshot.shop.s', 'success'],
      ['snapshot.shop.s2', 'success'],
      ['test.shop.single', 'fail'],
      ['unit_test.shop.contracted.passes_on', 'pass'],
    ]);
    for (const id of statuses.keys()) expect({ ...manifest.nodes, ...manifest.unit_tests }, id).toHaveProperty([id]);
    expect(runResults.results.find(({ unique_id: id }) => id === 'model.shop.batches')?.batch_results).toEqual({
      successful: [
        ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
        ['2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z'],
      ],
      failed: [],
    });
    const edges = (map: Record<string, string[]>) =>
      Object.entries(map).flatMap(([id, ids]) => ids.map((other) => [id, other]));
    expect(edges(manifest.child_map).sort()).toEqual(
      edges(manifest.parent_map)
        .map(([id, parent]) => [parent, id])
        .sort(),
    );
    expect(manifest.group_map).toEqual({ core: ['model.shop.a'] });
    expect(Object.keys(manifest.disabled)).toEqual(['model.shop.gone']);
    expect(manifest.nodes['model.shop.a']?.description).toBe('What **a** is.');

    expect(sources.results.map(({ unique_id: id, status }) => [id, status]).sort()).toEqual([
      ['source.shop.outside.fresh', 'pass'],
      ['source.shop.outside.missing', 'runtime error'],
      ['source.shop.outside.old', 'error'],
    ]);
    expect(Object.keys(catalog.sources).sort()).toEqual(['source.shop.outside.fresh', 'source.shop.outside.old']);
    expect(Object.keys(catalog.nodes['model.shop.contracted']?.columns ?? {})).toEqual(['id', 'name']);
    expect(catalog.nodes).not.toHaveProperty(['model.shop.broken']);
  });
});

/** Checks against the schemas that dbt publishes, when a folder has them: manifest/v12.json, run-results/v6.json … */
function expectPublished(artifacts: Record<Artifact, JsonObject>): void {
  const folder = process.env['MILLRACE_DBT_SCHEMAS'];
  if (folder === undefined) return;
  for (const [kind, path] of Object.entries(published)) {
    const matches = new Ajv2020({ strict: false, validateFormats: false }).compile(
      JSON.parse(readFileSync(join(folder, path), 'utf8')),
    );
    matches(artifacts[kind as Artifact]);
    expect(matches.errors, kind).toBeNull();
  }
}
