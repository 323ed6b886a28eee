import { describe, expect, it } from 'vitest';
import { lastingWarehouses } from '../support/warehouses.js';
import { addFiles, build, rowsOf, writeProject } from './projects.js';

describe.each(lastingWarehouses)('write, audit, publish on %s', (_name, makeWarehouse) => {
  const files = (sql: string, materialized: string, audited = true) => ({
    'models/m.sql': `{{ config(materialized='${materialized}', unique_key='id', write_audit_publish=${audited}) }} ${sql}`,
    'models/down.sql': `select count(*) as n from {{ ref('m') }}`,
    'models/s.yml': `models: [{name: m, columns: [{name: id, tests: [unique, not_null: {config: {severity: warn}}]}]}]`,
  });
  const good = 'select 1 as id, 10 as v';
  const bad = 'select 2 as id, 20 as v union all select 2, 21';

  it.each(['table', 'incremental', 'view'])(
    'leaves what was there when a test of the new rows fails (%s)',
    async (materialized) => {
      const url = await makeWarehouse();
      const dir = writeProject(files(good, materialized));
      expect((await build(dir, url)).get('m')).toMatchObject({ status: 'success' });
      addFiles(dir, files(bad, materialized));
      const results = await build(dir, url);
      expect(results.get('m')).toMatchObject({
        status: 'error',
        message: expect.stringMatching(/was built but not published: unique_m_id: Got 1 result/),
      });
      expect(results.get('down')).toMatchObject({ status: 'skipped' });
      expect(await rowsOf(url, 'select id, v from m')).toEqual([[1, 10]]);
    },
  );

  it('publishes nothing when the first build fails its tests', async () => {
    const url = await makeWarehouse();
    expect((await build(writeProject(files(bad, 'table')), url)).get('m')).toMatchObject({ status: 'error' });
    await expect(rowsOf(url, 'select * from m')).rejects.toThrow(/does not exist/);
  });

  it('gives the rows and results that are given without it, where the tests pass or only warn', async () => {
    const outcome = async (audited: boolean, materialized: string) => {
      const url = await makeWarehouse();
      const dir = writeProject(files(good, materialized, audited));
      await build(dir, url);
      addFiles(dir, files('select 1 as id, 11 as v union all select null, 5', materialized, audited));
      const results = [...(await build(dir, url)).values()];
      return {
        statuses: results.map(({ uniqueId, status, failures, sample }) => [uniqueId, status, failures, sample]).sort(),
        rows: await rowsOf(url, 'select id, v from m order by id nulls last, v'),
      };
    };
    for (const materialized of ['table', 'incremental']) {
      const audited = await outcome(true, materialized);
      expect(audited).toEqual(await outcome(false, materialized));
      expect(audited.statuses).toContainEqual([expect.stringMatching(/not_null_m_id/), 'warn', 1, expect.anything()]);
    }
  });
});

describe.each(lastingWarehouses)('batched tests on %s', (_name, makeWarehouse) => {
  it('give the results of single ones, with one scan for those that pass', async () => {
    const url = await makeWarehouse();
    const dir = writeProject({
      'models/m.sql':
        "{{ config(materialized='table') }} select * from (values (1, 'a', null), (2, 'b', 'x'), (null, 'c', 'y')) v (id, k, n)",
      'models/e.sql': "{{ config(materialized='ephemeral') }} select * from {{ ref('w') }}",
      'models/w.sql': "select * from (values (1, 'a'), (2, 'it''s')) x (id, k)",
      'models/x.sql': 'select 1 as id',
      'models/down.sql': "select * from {{ ref('m') }}",
      'models/v.sql': "select id, k from {{ ref('e') }} where id is not null",
      'models/s.yml': `models:
  - name: m
    columns:
      - {name: id, tests: [not_null, {accepted_values: {values: [1, 2], quote: false}}, {not_null: {name: ranged, config: {where: "k = 'a'"}}}]}
      - {name: k, tests: [not_null, unique, {accepted_values: {values: [a, b]}}]}
      - {name: n, tests: [not_null: {config: {severity: warn}}, {accepted_values: {values: [x, y]}}]}
  - {name: x, columns: [{name: id, tests: [not_null]}, {name: nowhere, tests: [not_null]}]}
  - {name: down, columns: [{name: id, tests: [not_null]}]}
  - name: v
    columns:
      - {name: id, tests: [not_null, {accepted_values: {values: ['1', '2']}}]}
      - {name: k, tests: [not_null, {accepted_values: {values: ["it''s", a, b]}}]}
`,
    });
    const picked = (results: Awaited<ReturnType<typeof build>>) =>
      [...results.values()]
        .map(({ uniqueId, status, failures, message, sample, failingRowsSql }) => {
          return {
            uniqueId,
            status,
            failures,
            message,
            sample,
            failingRowsSql: status === 'pass' ? null : failingRowsSql,
          };
        })
        .filter(({ uniqueId }) => uniqueId.startsWith('test.'))
        .sort((a, b) => (a.uniqueId < b.uniqueId ? -1 : 1));
    const single = await build(dir, url);
    const batched = await build(dir, url, { batchTests: true });
    expect(picked(batched)).toEqual(picked(single));
    expect(new Set(picked(single).map(({ status }) => status))).toEqual(
      new Set(['pass', 'fail', 'warn', 'error', 'skipped']),
    );
  });

  it('of one model that are all well are one scan', async () => {
    const url = await makeWarehouse();
    const dir = writeProject({
      'models/m.sql': "{{ config(materialized='table') }} select 1 as id, 'a' as k",
      'models/s.yml': `models: [{name: m, columns: [{name: id, tests: [not_null]}, {name: k, tests: [not_null, accepted_values: {values: [a]}]}]}]`,
    });
    const results = [...(await build(dir, url, { batchTests: true })).values()].filter(
      ({ status }) => status === 'pass',
    );
    expect(results).toHaveLength(3);
    expect(new Set(results.map(({ compiledSql }) => compiledSql)).size).toBe(1);
    const written = results[0]?.compiledSql ?? '';
    expect(written).toMatch(/count\(\*\) filter/);
  });
});
