import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Project } from '../../transform/index.js';
import { loadProject } from '../../transform/index.js';
import { glob } from '../../transform/manifest/select-methods.js';

const files: Record<string, string> = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nmodels: {shop: {staging: {+tags: [nightly]}}}\n',
  'selectors.yml': `selectors:
  - name: nightly
    definition:
      union:
        - method: tag
          value: nightly
          children: true
        - exclude: [marts]
  - name: word
    definition: 'tag:nightly'
`,
  'models/staging/s1.sql': "select * from {{ source('raw', 'one') }}",
  'models/staging/s2.sql': "{{ config(materialized='table') }} select * from {{ source('raw', 'two') }}",
  'models/mid.sql': "select * from {{ ref('s1') }}",
  'models/marts.sql': "select * from {{ ref('mid') }} union select * from {{ ref('s2') }}",
  'models/top.sql': "select * from {{ ref('marts') }}",
  'models/s.yml': `sources: [{name: raw, tables: [{name: one}, {name: two}]}]
models:
  - {name: s1, columns: [{name: id, tests: [unique]}]}
  - {name: mid, columns: [{name: id, tests: [{relationships: {to: ref('s2'), field: id}}]}]}
exposures: [{name: board, type: dashboard, owner: {name: me}, depends_on: [ref('top')]}]
`,
  'tests/single.sql': "select * from {{ ref('top') }} where false",
};

let project: Project;
beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-select-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  project = await loadProject({ dir, connectionUrl: 'postgresql://u@h/d', env: {} });
});

const models = (...select: string[]) => names(project.select({ select, indirectSelection: 'empty' }));
const names = (ids: string[]) =>
  ids
    .map((id) => project.nodes.get(id)?.name)
    .sort()
    .join(' ');

describe('selection', () => {
  const table: [string, string][] = [
    ['s1', 's1'],
    ['staging', 's1 s2'],
    ['shop.staging.*', 's1 s2'],
    ['s?', ''],
    ['*.s?', 's1 s2'],
    ['tag:nightly', 's1 s2'],
    ['tag:nightly,config.materialized:table', 's2'],
    ['path:models/staging', 's1 s2'],
    ['models/staging/s1.sql', 's1'],
    ['models/**/s1.sql', 's1'],
    ['s1.sql', 's1'],
    ['source:raw', 'raw.one raw.two'],
    ['source:raw.two+1', 'raw.two s2'],
    ['+mid', 'mid raw.one s1'],
    ['1+mid', 'mid s1'],
    ['2+top,resource_type:model', 'marts mid s2 top'],
    ['exposure:board', 'board'],
    ['resource_type:exposure', 'board'],
    ['package:this,resource_type:source', 'raw.one raw.two'],
    ['test_type:singular', 'single'],
    ['test_name:unique', 'unique_s1_id'],
    ['nothing_of_that_name', ''],
  ];
  for (const [word, wanted] of table)
    it(`reads ${word}`, () => {
      expect(models(word)).toBe(wanted);
    });

  it('unites words and lists, and takes away what is excluded', () => {
    expect(models('s1 s2', 'top')).toBe('s1 s2 top');
    expect(
      names(project.select({ select: ['+top,resource_type:model'], exclude: ['staging'], indirectSelection: 'empty' })),
    ).toBe('marts mid top');
  });

  it('takes with @ all that is needed to build the children', () => {
    const found = models('@s1').split(' ');
    expect(found).toEqual(expect.arrayContaining(['s1', 'mid', 'marts', 'top', 's2', 'raw.one', 'raw.two']));
  });

  it('joins tests as the mode says', () => {
    const tests = (mode: 'eager' | 'cautious' | 'buildable' | 'empty', ...select: string[]) =>
      names(project.select({ select, indirectSelection: mode }));
    expect(tests('eager', 's2')).toBe('relationships_mid_id__id__ref_s2_ s2');
    expect(tests('cautious', 's2')).toBe('s2');
    expect(tests('cautious', 's2', 'mid')).toBe('mid relationships_mid_id__id__ref_s2_ s2');
    expect(tests('empty', 's1')).toBe('s1');
    expect(tests('buildable', 'marts')).toBe('marts');
  });

  it('reads selectors.yml', () => {
    expect(names(project.select({ selector: 'nightly', indirectSelection: 'empty' }))).not.toContain('marts');
    expect(names(project.select({ selector: 'word', indirectSelection: 'empty' }))).toBe('s1 s2');
    expect(() => project.select({ selector: 'other' })).toThrow(/no selector "other"/);
  });

  it('says what it does not understand', () => {
    expect(() => models('tags:x')).toThrow(/"tags" is not a method of selection/);
    expect(() => models('@s1+')).toThrow(/already includes all children/);
    expect(() => models('state:modified')).toThrow(/needs an earlier state/);
  });

  it('builds in an order in which tests come before what they hold back', () => {
    const tasks = project.taskGraph({ tests: 'each' });
    const task = (name: string) => tasks.find((each) => each.name === name);
    expect(task('mid')?.upstream).toEqual([expect.stringMatching(/^test\.shop\.unique_s1_id/)]);
    expect(task('marts')?.upstream).toEqual([expect.stringMatching(/^test\.shop\.relationships/)]);
    expect(task('unique_s1_id')).toMatchObject({
      group: ['staging', 'tests'],
      kind: 'test',
      upstream: ['model.shop.s1'],
    });
    expect(tasks.findIndex(({ name }) => name === 's1')).toBeLessThan(tasks.findIndex(({ name }) => name === 'mid'));
  });
});

describe('wildcards', () => {
  it('are those of fnmatch', () => {
    expect(['a.b', 'axb', 'b'].map((text) => glob('a.*', text))).toEqual([true, false, false]);
    expect(glob('[ab]?', 'bz')).toBe(true);
    expect(glob('[!ab]', 'a')).toBe(false);
  });
});
