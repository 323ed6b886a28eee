import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { loadProject } from '../../transform/index.js';
import type { SelectionRequest } from '../../transform/manifest/select.js';
import { readState, stateWorld } from '../../transform/manifest/state.js';
import type { Project } from '../../transform/project.js';
import { addFiles, parse } from './projects.js';

/** raw.one -> a -> b -> c -> d (exposure board), raw.two -> x -> c; s is a snapshot of b; seed -> y; v1, v2 are versions. */
const files: Record<string, string> = {
  'dbt_project.yml': `name: shop
profile: shop
models: {shop: {staging: {+tags: [nightly, stage], +meta: {owner: {team: core}}}, marts: {+materialized: table}}}
`,
  'selectors.yml': `selectors:
  - name: nightly
    definition: {method: tag, value: nightly, children: true, children_depth: 1}
  - name: but
    definition:
      union:
        - {method: selector, value: nightly}
        - exclude: ["x", {method: tag, value: loud}]
  - name: both
    definition:
      intersection:
        - {method: fqn, value: c, parents: true}
        - {method: config.materialized, value: view}
  - name: around
    definition: {method: fqn, value: x, childrens_parents: true}
  - name: short
    definition: {tag: loud}
  - name: careful
    definition: {method: fqn, value: b, indirect_selection: empty}
  - name: excluding
    definition: {method: fqn, value: "*", exclude: [{method: resource_type, value: test}, "path:models", "seed", "s", "single", "exposure:board"]}
`,
  'seeds/seed.csv': 'id\n1\n',
  'models/staging/a.sql': "select * from {{ source('raw', 'one') }}",
  'models/staging/x.sql': "select * from {{ source('raw', 'two') }}",
  'models/b.sql': "{{ config(tags='loud', unique_key=['id', 'k']) }} select * from {{ ref('a') }}",
  'models/marts/c.sql': "select * from {{ ref('b') }} join {{ ref('x') }} using (id)",
  'models/marts/d.sql': "{{ config(enabled=true, schema='gold') }} select {{ shout('id') }} from {{ ref('c') }}",
  'models/y.sql': "{{ config(group='core', access='private') }} select * from {{ ref('seed') }}",
  'models/v_v1.sql': 'select 1 as id',
  'models/v_v2.sql': 'select 2 as id',
  'models/v_v3.sql': 'select 3 as id',
  'macros/shout.sql':
    '{% macro shout(x) %}upper({{ whisper(x) }}){% endmacro %}{% macro whisper(x) %}{{ x }}{% endmacro %}',
  'snapshots/s.sql':
    "{% snapshot s %}{{ config(unique_key='id', strategy='check', check_cols='all') }}select * from {{ ref('b') }}{% endsnapshot %}",
  'tests/single.sql': "select * from {{ ref('d') }} where false",
  'models/s.yml': `groups: [{name: core, owner: {name: us}}]
sources:
  - {name: raw, tables: [{name: one, columns: [{name: id, tests: [not_null]}]}, {name: two}]}
  - {name: other, tables: [{name: one}]}
models:
  - {name: a, columns: [{name: id, tests: [unique]}]}
  - {name: b, columns: [{name: id, tests: [{relationships: {to: ref('x'), field: id}}]}]}
  - {name: d, access: public}
  - {name: v, latest_version: 2, versions: [{v: 1}, {v: 2}, {v: 3}]}
exposures: [{name: board, type: dashboard, owner: {name: me}, depends_on: [ref('d')]}]
unit_tests: [{name: adds, model: c, given: [], expect: {rows: []}}]
`,
};

let project: Project;
const home = mkdtempSync(join(tmpdir(), 'millrace-grammar-'));
beforeAll(async () => {
  addFiles(home, files);
  project = await loadProject({ dir: home, connectionUrl: 'postgresql://u@h/d', env: {} });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Names in order; a version's unique name is `v.v1`. */
function picked(request: SelectionRequest & { world?: object }, from: Project = project): string {
  return from
    .select({ indirectSelection: 'empty', ...request })
    .map((id) => (id.startsWith('model.') ? id.replace('model.shop.', '') : (from.nodes.get(id)?.name ?? id)))
    .sort()
    .join(' ');
}

const unique = 'unique_a_id';
const relationship = 'relationships_b_id__id__ref_x_';
const sourceTest = 'source_not_null_raw_one_id';

describe('every method of the selection grammar', () => {
  const table: [string, string][] = [
    // fqn, by leaf, by prefix with and without the package, with wildcards
    ['a', 'a'],
    ['fqn:shop.staging', 'a x'],
    ['fqn:staging.a', 'a'],
    ['fqn:shop.*.c', 'c'],
    ['fqn:m?rts', ''],
    ['fqn:m?rts*', 'c d'],
    ['fqn:shop.*.?', 'a c d s x'],
    ['fqn:[cd]', ''],
    ['fqn:*.[cd]', 'c d'],
    ['v', 'v.v1 v.v2 v.v3'],
    ['v.v2', 'v.v2'],
    ['v_v3', 'v.v3'],
    ['tag:nightly', 'a x'],
    ['tag:nig*', 'a x'],
    ['tag:stage,tag:nightly', 'a x'],
    ['group:core', 'y'],
    ['access:private', 'y'],
    ['access:public', 'd'],
    ['access:protected', 'a b c v.v1 v.v2 v.v3 x'],
    ['source:raw', 'raw.one raw.two'],
    ['source:*.one', 'other.one raw.one'],
    ['source:raw.one', 'raw.one'],
    ['source:shop.raw.one', 'raw.one'],
    ['source:*', 'other.one raw.one raw.two'],
    ['path:models/marts', 'c d'],
    ['path:models/marts/', 'c d'],
    ['path:models/*/c.sql', 'c'],
    ['models/staging/a.sql', 'a'],
    ['./models/staging', 'a x'],
    ['file:b.sql', 'b'],
    ['file:b', 'b'],
    ['seed.csv', 'seed'],
    ['package:shop,tag:loud', 'b'],
    ['package:this,tag:loud', 'b'],
    ['package:other', ''],
    ['config.materialized:table', 'c d'],
    ['config.schema:gold', 'd'],
    ['config.unique_key:k', 'b'],
    ['config.meta.owner.team:core', 'a x'],
    ['config.meta.owner:team', 'a x'],
    ['config.enabled:true,tag:loud', 'b'],
    ['config.tags:loud', 'b'],
    ['test_name:relationships', relationship],
    ['test_name:not*', sourceTest],
    ['test_type:generic', `${relationship} ${sourceTest} ${unique}`],
    ['test_type:singular', 'single'],
    ['test_type:data', `${relationship} single ${sourceTest} ${unique}`],
    ['test_type:unit', 'adds'],
    ['resource_type:snapshot', 's'],
    ['resource_type:unit_test', 'adds'],
    ['resource_type:seed', 'seed'],
    ['exposure:board', 'board'],
    ['exposure:shop.bo*', 'board'],
    ['+exposure:board,resource_type:source', 'raw.one raw.two'],
    ['unit_test:adds', 'adds'],
    ['version:latest', 'v.v2'],
    ['version:old', 'v.v1'],
    ['version:prerelease', 'v.v3'],
    ['version:none,marts', 'c d'],
    ['metric:any', ''],
    ['semantic_model:any', ''],
    ['saved_query:any', ''],
    ['selector:short', 'b'],
    ['selector:nightly,tag:loud', 'b'],
    // operators
    ['+c,resource_type:model', 'a b c x'],
    ['1+c,resource_type:model', 'b c x'],
    ['b+,resource_type:model', 'b c d'],
    ['b+1,resource_type:model', 'b c'],
    ['1+b+1,resource_type:model', 'a b c'],
    ['@x,resource_type:model', 'a b c d x'],
    ['+c+2,resource_type:exposure', 'board'],
    ['a b', 'a b'],
    ['a,b', ''],
    ['tag:nightly,x y', 'x y'],
  ];
  for (const [word, wanted] of table)
    it(`reads ${word}`, () => {
      expect(picked({ select: [word] })).toBe(wanted);
    });

  it('takes everything without a selection, and leaves out what is excluded, with operators', () => {
    expect(
      picked({ exclude: ['resource_type:test', 'resource_type:unit_test', 'resource_type:source', 'v', 'c+'] }),
    ).toBe('a b s seed x y');
    expect(picked({ select: ['+d'], exclude: ['+b', 'resource_type:source'] })).toBe('c d x');
    expect(picked({ select: ['marts'], exclude: ['marts,d'] })).toBe('c');
  });

  it('reads each form of selectors.yml', () => {
    const selector = (name: string) => picked({ selector: name, exclude: [] });
    expect(selector('short')).toBe('b');
    expect(selector('both')).toBe('a b x');
    expect(selector('around').split(' ')).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd', 'x']));
    expect(selector('excluding')).toBe('');
    const withTests = (name: string) => picked({ selector: name, indirectSelection: 'eager' });
    expect(withTests('careful')).toBe('b');
    expect(withTests('short')).toBe(`b ${relationship}`);
  });

  it('tells of criteria that match nothing', () => {
    const told: string[] = [];
    const world = {
      onUnmatched: ({ method, value }: { method: string; value: string }) => told.push(`${method}:${value}`),
    };
    expect(picked({ select: ['a', 'aa', 'tag:none,b'], exclude: ['path:nowhere'], world })).toBe('a');
    expect(told).toEqual(['fqn:aa', 'tag:none', 'path:nowhere']);
  });

  const faults: [string, RegExp][] = [
    ['tags:x', /"tags" is not a method of selection/],
    ['test_type:any', /"any" is not a type of test/],
    ['version:newest', /"newest" is not a kind of version/],
    ['@a+', /already includes all children/],
    ['+', /cannot be read as a selection/],
    ['selector:none', /no selector "none"/],
    ['state:new', /needs an earlier state/],
    ['result:fail', /needs an earlier state/],
    ['source_status:fresher', /needs an earlier state/],
  ];
  for (const [word, wanted] of faults)
    it(`refuses ${word}`, () => {
      expect(() => picked({ select: [word] })).toThrow(wanted);
    });
});

describe('tests that join a selection', () => {
  const modes: [SelectionRequest['indirectSelection'], string, string][] = [
    ['eager', 'b', `b ${relationship}`],
    ['cautious', 'b', 'b'],
    ['cautious', 'b x', `b ${relationship} x`],
    ['buildable', 'x', 'x'],
    ['buildable', 'b x', `b ${relationship} x`],
    ['buildable', 'c b', `b c adds ${relationship}`.split(' ').sort().join(' ')],
    ['empty', 'a', 'a'],
    ['eager', 'source:raw.one', `raw.one ${sourceTest}`],
  ];
  for (const [mode, words, wanted] of modes)
    it(`join ${words} when ${mode}`, () => {
      expect(picked({ select: [words], indirectSelection: mode })).toBe(wanted);
    });
});

describe('a selection that compares with an earlier state', () => {
  /** The state of `files`, against the project after changes. */
  async function changed(
    changes: Record<string, string>,
    results: object = {},
    connectionUrl = 'postgresql://u@h/d',
  ): Promise<(word: string) => string> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-state-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, content] of Object.entries({ 'manifest.json': manifestArtifact(project), ...results }))
      writeFileSync(join(folder, name), JSON.stringify(content));
    const now = await parse({ ...files, ...changes }, { connectionUrl });
    return (word) => picked({ select: [word], world: stateWorld(now, readState(folder)) }, now);
  }

  it('finds nothing where nothing was changed', async () => {
    const select = await changed({});
    expect(select('state:modified')).toBe('');
    expect(select('state:new')).toBe('');
    expect(select('state:unmodified,marts')).toBe('c d');
    expect(select('state:old,marts')).toBe('c d');
  });

  it('finds no model modified where only the target is another one', async () => {
    const select = await changed({}, {}, 'postgresql://u@h/elsewhere');
    expect(select('state:modified,resource_type:model')).toBe('');
    expect(select('state:modified,resource_type:test')).toBe('');
  });

  it('finds what is new, and what follows it', async () => {
    const select = await changed({
      'models/e.sql': "select * from {{ ref('d') }}",
      'models/f.sql': "select * from {{ ref('e') }}",
    });
    expect(select('state:new')).toBe('e f');
    expect(select('state:modified')).toBe('e f');
    expect(select('state:old,e')).toBe('');
  });

  it('finds a changed body, config, place and description, each by its name', async () => {
    const select = await changed({
      'models/staging/a.sql': "select 1 as id from {{ source('raw', 'one') }}",
      'models/marts/d.sql': (files['models/marts/d.sql'] as string).replace('gold', 'silver'),
      'models/y.sql': "{{ config(group='core', access='private', meta={'new': 1}) }} select * from {{ ref('seed') }}",
      'seeds/seed.csv': 'id\n2\n',
    });
    expect(select('state:modified,resource_type:model')).toBe('a d y');
    expect(select('state:modified.body,resource_type:seed')).toBe('seed');
    expect(select('state:modified.body')).toBe('a d seed y');
    expect(select('state:modified.relation')).toBe('d');
    expect(select('state:modified.configs')).toBe('y');
    expect(select('state:modified+1,resource_type:model')).toBe('a b d y');
  });

  it('finds what uses a changed macro, through other macros', async () => {
    const select = await changed({
      'macros/shout.sql': (files['macros/shout.sql'] as string).replace('{{ x }}', '{{ x }}!'),
    });
    expect(select('state:modified')).toBe('d');
    expect(select('state:modified.macros')).toBe('d');
    expect(select('state:modified.body')).toBe('');
  });

  it('knows the statuses of the last run and the ages of sources', async () => {
    const results = [
      ['model.shop.a', 'success'],
      ['model.shop.b', 'error'],
      ['model.shop.c', 'skipped'],
    ].map(([unique_id, status]) => ({ unique_id, status }));
    const select = await changed({}, { 'run_results.json': { results } });
    expect(select('result:error')).toBe('b');
    expect(select('result:error+1,resource_type:model')).toBe('b c');
    expect(select('result:skipped result:success')).toBe('a c');
  });

  it('refuses a state that it does not know', async () => {
    const select = await changed({});
    expect(() => select('state:changed')).toThrow(/"changed" is not a state/);
    expect(() => select('state:modified.colour')).toThrow(/"modified.colour" is not a state/);
  });
});
