import { describe, expect, it } from 'vitest';
import { loadProject, openAdapter } from '../../transform/index.js';
import { runProject, type TimedResult } from '../../transform/run/run-project.js';
import { lastingWarehouses } from '../support/warehouses.js';
import { build, parse, rowsOf, writeProject } from './projects.js';

describe.each(lastingWarehouses)('unit tests on %s', (_name, makeWarehouse) => {
  const files = {
    'models/orders.sql':
      "{{ config(materialized='incremental') }} select o.id, o.amount * {{ var('rate', 2) }} as total, '{{ env_var('REGION', 'none') }}' as region from {{ ref('raw') }} o {% if is_incremental() %} where o.id > (select max(id) from {{ this }}) {% endif %}",
    'seeds/raw.csv': 'id,amount,note\n1,10,x\n',
    'tests/fixtures/three.csv': 'id,amount\n1,1\n2,2\n3,3\n',
  };
  const unit = (body: string) => ({
    'models/u.yml': `unit_tests:\n  - name: u\n    model: orders\n${body.replace(/^/gm, '    ')}\n`,
  });
  const run = async (body: string) => {
    const url = await makeWarehouse();
    return { url, result: (await build(writeProject({ ...files, ...unit(body) }), url)).get('u') };
  };

  it('run the model on the rows that they give, in any order of rows', async () => {
    const { result } = await run(
      'given: [{input: ref("raw"), rows: [{id: 2, amount: 5}, {id: 1}]}]\nexpect: {rows: [{total: null, id: 1}, {total: 10, id: 2}]}',
    );
    expect(result, result?.message).toMatchObject({ status: 'pass' });
  });

  it('replace macros, vars and the environment; `this` is an input too', async () => {
    const { url, result } = await run(
      'overrides: {macros: {is_incremental: true}, vars: {rate: 3}, env_vars: {REGION: eu}}\ngiven:\n  - {input: ref("raw"), format: csv, fixture: three}\n  - {input: this, rows: [{id: 2}]}\nexpect: {format: csv, rows: "id,total,region\\n3,9,eu\\n"}',
    );
    // `this` has the types of the relation, which a first build does not have yet.
    expect(result?.message).toMatch(/needs to know the columns of .*"orders", which does not exist/);
    await rowsOf(url, 'create table orders (id int, total int, region text)');
    const again = await build(
      writeProject({
        ...files,
        ...unit(
          'overrides: {macros: {is_incremental: true}, vars: {rate: 3}, env_vars: {REGION: eu}}\ngiven:\n  - {input: ref("raw"), format: csv, fixture: three}\n  - {input: this, rows: [{id: 2}]}\nexpect: {format: csv, rows: "id,total,region\\n3,9,eu\\n"}',
        ),
      }),
      url,
    );
    expect(again.get('u'), again.get('u')?.message).toMatchObject({ status: 'pass' });
  });

  it('take rows as SQL that is a template', async () => {
    const { result } = await run(
      `given: [{input: ref("raw"), format: sql, rows: "select {% if execute %}{{ 1 }}{% endif %} as id, 4 as amount"}]\nexpect: {format: sql, rows: "{% for n in [1] %}select {{ n }} as id, 8 as total, 'none' as region{% endfor %}"}`,
    );
    expect(result?.message).toBe('as expected');
  });

  it('take rows as SQL, and show what differs', async () => {
    const { result } = await run(
      'given: [{input: ref("raw"), format: sql, rows: "select 1 as id, 4 as amount"}]\nexpect: {rows: [{id: 1, total: 9}]}',
    );
    expect(result).toMatchObject({ status: 'fail', failures: 2 });
    expect(result?.message).toBe('actual differs from expected:\n\n@@ | id | total\n+  | 1  | 8\n-  | 1  | 9');
  });

  it('take rows as SQL that is a template', async () => {
    const { result } = await run(
      `given: [{input: ref("raw"), format: sql, rows: "select {% if target.name %}{{ 1 }}{% endif %} as id, 4 as amount"}]\nexpect: {format: sql, rows: "{% for n in [1] %}select {{ n }} as id, 8 as total, 'none' as region{% endfor %}"}`,
    );
    expect(result?.message).toBe('as expected');
  });

  it('come before their model and skip it when they fail', async () => {
    const url = await makeWarehouse();
    const results = await build(
      writeProject({ ...files, ...unit('given: [{input: ref("raw"), rows: []}]\nexpect: {rows: [{id: 1}]}') }),
      url,
    );
    expect(results.get('orders')).toMatchObject({ status: 'skipped' });
  });

  it('name a column that does not exist, and an input that is missing', async () => {
    const { result } = await run('given: [{input: ref("raw"), rows: [{ident: 1}]}]\nexpect: {rows: []}');
    expect(result?.message).toMatch(/Invalid column name: 'ident' in unit test fixture/);
    const { result: missing } = await run('given: []\nexpect: {rows: []}');
    expect(missing?.message).toMatch(/gives no rows for raw, which orders reads/);
  });

  const versioned = (versions: string) => ({
    'models/m_v1.sql': 'select id from {{ ref("raw") }}',
    'models/m_v2.sql': 'select id, amount * 2 as amount from {{ ref("raw") }}',
    'models/both.sql': "select a.id, b.amount from {{ ref('m', v=1) }} a join {{ ref('m', v=2) }} b using (id)",
    'seeds/raw.csv': files['seeds/raw.csv'],
    'models/m.yml': `models: [{name: m, latest_version: 2, versions: [{v: 1}, {v: 2}]}]
unit_tests:
  - {name: u, model: m, ${versions} given: [{input: ref("raw"), rows: [{id: 3, amount: 5}]}], expect: {rows: [{id: 3}]}}
  - {name: both, model: both, given: [{input: "ref('m', v=1)", rows: [{id: 1}]}, {input: "ref('m', version=2)", rows: [{id: 1, amount: 7}]}], expect: {rows: [{id: 1, amount: 7}]}}
`,
  });
  it.each([
    ['', ['u_v1', 'u_v2']],
    ['versions: {include: [2]},', ['u_v2']],
    ['versions: {exclude: [2]},', ['u_v1']],
  ])('of a model with versions run for those that they are for (%s)', async (versions, ids) => {
    const results = [...(await buildAll(writeProject(versioned(versions)), await makeWarehouse())).values()];
    const units = results.filter(({ uniqueId }) => uniqueId.startsWith('unit_test.'));
    expect(
      units.map(({ uniqueId, status, message }) => [uniqueId, status === 'pass' ? status : message]).sort(),
    ).toEqual([['unit_test.shop.both.both', 'pass'], ...ids.map((id) => [`unit_test.shop.m.${id}`, 'pass'])]);
  });

  it('say which versions there are when they are for none', async () => {
    await expect(parse(versioned('versions: {include: [9]},'))).rejects.toMatchObject({
      message: expect.stringMatching(/the unit test 'u' \(models\/m.yml\) is for no version of m/),
      hint: 'There are: 1, 2.',
    });
    await expect(
      parse({ ...files, ...unit('versions: {include: [1]}\ngiven: []\nexpect: {rows: []}') }),
    ).rejects.toThrow(/names versions, but orders has none/);
  });
});

/** All results by unique id: versions of one test share its name. */
async function buildAll(dir: string, url: string): Promise<Map<string, TimedResult>> {
  const project = await loadProject({ dir, connectionUrl: url, env: {} });
  const adapter = await openAdapter({ url, threads: 2 });
  try {
    const results = await runProject(project, { adapter, ids: project.select(), threads: 2, testEdges: true });
    return new Map(results.map((result) => [result.uniqueId, result]));
  } finally {
    await adapter.close();
  }
}
