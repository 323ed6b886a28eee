import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addFiles, build, firstFault, rowsOf, writeProject } from './projects.js';

/** A DuckDB file of the running test's own. */
function warehouse(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-duckdb-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return `duckdb:${join(folder, 'warehouse.duckdb')}`;
}

async function built(dir: string, url: string, options: Parameters<typeof build>[2] = {}) {
  const results = await build(dir, url, options);
  expect(firstFault(results)).toBeUndefined();
  return results;
}

const jaffle = {
  'dbt_project.yml':
    'name: jaffle\nprofile: jaffle\nmodels:\n  jaffle:\n    +materialized: table\n    staging:\n      +materialized: view\n',
  'seeds/raw_customers.csv': 'id,first_name,last_name\n1,Michael,P.\n2,Shawn,"M, Jr."\n3,Kathleen,\n',
  'seeds/raw_orders.csv':
    'id,user_id,order_date,status\n1,1,2018-01-01,returned\n2,3,2018-01-02,completed\n3,1,2018-01-04,completed\n',
  'models/staging/stg_customers.sql': 'select id as customer_id, first_name, last_name from {{ ref("raw_customers") }}',
  'models/staging/stg_orders.sql':
    'select id as order_id, user_id as customer_id, order_date, status from {{ ref("raw_orders") }}',
  'models/staging/counts.sql':
    "{{ config(materialized='ephemeral') }}\nselect customer_id, count(*) as orders from {{ ref('stg_orders') }} group by 1",
  'models/customers.sql': `{{ config(indexes=[{'columns': ['customer_id'], 'unique': true}]) }}
select c.*, coalesce(n.orders, 0) as orders from {{ ref("stg_customers") }} c left join {{ ref("counts") }} n using (customer_id)`,
  'models/schema.yml': `
models:
  - name: customers
    columns:
      - name: customer_id
        tests: [unique, not_null]
  - name: stg_orders
    columns:
      - name: status
        data_tests:
          - accepted_values: {arguments: {values: ['completed', 'returned']}}
      - name: customer_id
        data_tests:
          - relationships: {to: ref('stg_customers'), field: customer_id}
`,
};

describe('a project on DuckDB', () => {
  it('seeds, builds and tests, and does so again over what is there', async () => {
    const url = warehouse();
    const dir = writeProject(jaffle);
    for (let round = 0; round < 2; round++) {
      expect((await built(dir, url)).size).toBe(9);
      expect(await rowsOf(url, 'select customer_id, last_name, orders from customers order by 1')).toEqual([
        [1, 'P.', 2],
        [2, 'M, Jr.', 0],
        [3, null, 1],
      ]);
    }
    expect(await rowsOf(url, 'select table_name from duckdb_tables() order by 1')).toEqual([
      ['customers'],
      ['raw_customers'],
      ['raw_orders'],
    ]);
    expect(await rowsOf(url, 'select table_name, is_unique from duckdb_indexes()')).toEqual([['customers', true]]);
    await expect(rowsOf(url, "insert into customers values (1, '', '', 0)")).rejects.toThrow(/[Dd]uplicate key/);
  });

  it('says which rows a test found, and keeps them when told to', async () => {
    const url = warehouse();
    const dir = writeProject({
      'models/m.sql': 'select range as id, nullif(range, 2) as v from range(4)',
      'models/m.yml':
        'models:\n  - name: m\n    columns:\n      - name: v\n        data_tests:\n          - not_null: {name: v_is_there, config: {store_failures: true}}\n',
    });
    const results = await build(dir, url);
    expect(results.get('v_is_there')).toMatchObject({ status: 'fail', failures: 1 });
    expect(await rowsOf(url, 'select id from main_dbt_test__audit.v_is_there')).toEqual([[2]]);
  });

  it.each([
    ["incremental_strategy='append'", ['1 a', '2 B', '2 b', '3 C']],
    ["incremental_strategy='delete+insert', unique_key='id'", ['1 a', '2 B', '3 C']],
    ["incremental_strategy='delete+insert', unique_key=['id', 'v']", ['1 a', '2 B', '2 b', '3 C']],
    ["incremental_strategy='merge', unique_key='id'", ['1 a', '2 B', '3 C']],
    ["incremental_strategy='merge', unique_key='id', merge_exclude_columns=['v']", ['1 a', '2 b', '3 C']],
    ["unique_key='id'", ['1 a', '2 B', '3 C']],
  ])('brings new rows in with %s', async (config, expected) => {
    const url = warehouse();
    await rowsOf(
      url,
      "create table src(batch int, id int, v text); insert into src values (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'B'), (2, 3, 'C')",
    );
    const dir = writeProject({
      'models/m.sql': `{{ config(materialized='incremental', ${config}) }}
select id, v from src where batch = {{ 2 if is_incremental() else 1 }}`,
    });
    await built(dir, url);
    await built(dir, url);
    const rows = await rowsOf(url, 'select id, v from m order by id, v');
    expect(rows.map((row) => row.join(' '))).toEqual(expected);
  });

  it('follows the columns of an incremental model as on_schema_change says', async () => {
    const url = warehouse();
    const model = (config: string, sql: string) => ({
      'models/m.sql': `{{ config(materialized='incremental', on_schema_change='${config}') }}\n${sql}`,
    });
    const dir = writeProject(model('append_new_columns', 'select 1 as a, 2 as b'));
    await built(dir, url);
    addFiles(dir, model('append_new_columns', 'select 1 as a, 3 as c'));
    await built(dir, url);
    expect(await rowsOf(url, 'select a, b, c from m order by c nulls first')).toEqual([
      [1, 2, null],
      [1, null, 3],
    ]);
    addFiles(dir, model('sync_all_columns', "select 'x' as a, 4 as c"));
    await built(dir, url);
    expect(await rowsOf(url, 'select * from m order by c nulls first')).toEqual([
      ['1', null],
      ['1', 3],
      ['x', 4],
    ]);
  });

  it('keeps the history of a snapshot: changes, a deletion, a return', async () => {
    const url = warehouse();
    await rowsOf(url, 'create table src(id int, v text, updated_at timestamp)');
    const dir = writeProject({
      'snapshots/s.sql': `{% snapshot s %}{{ config(unique_key='id', strategy='timestamp', updated_at='updated_at', hard_deletes='invalidate') }}
select * from src{% endsnapshot %}`,
    });
    const run = async (values: string) => {
      await rowsOf(url, `delete from src; insert into src values ${values}`);
      await built(dir, url);
    };
    await run("(1, 'a', '2026-01-01'), (2, 'x', '2026-01-01')");
    await run("(1, 'b', '2026-01-02')");
    await run("(1, 'b', '2026-01-02'), (2, 'y', '2027-01-03')");
    expect(
      await rowsOf(
        url,
        "select id, v, strftime(dbt_valid_from, '%Y-%m-%d'), dbt_valid_to is null, length(dbt_scd_id) from s order by id, dbt_valid_from",
      ),
    ).toEqual([
      [1, 'a', '2026-01-01', false, 32],
      [1, 'b', '2026-01-02', true, 32],
      [2, 'x', '2026-01-01', false, 32],
      [2, 'y', '2027-01-03', true, 32],
    ]);
  });

  it('leaves the old table when the new one cannot be built', async () => {
    const url = warehouse();
    const model = (sql: string) => ({ 'models/m.sql': `{{ config(materialized='table') }}\n${sql}` });
    const dir = writeProject(model('select 1 as a'));
    await built(dir, url);
    addFiles(dir, model("select cast('x' as integer) as a"));
    const results = await build(dir, url);
    expect(results.get('m')).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/Could not convert string 'x'/),
    });
    expect(await rowsOf(url, 'select * from m')).toEqual([[1]]);
  });

  it('reads CSV, JSON lines and Parquet as sources, by path, pattern or function', async () => {
    const url = warehouse();
    const dir = writeProject({
      'data/customers.csv': 'id,name\n1,Ann\n2,"Bob, Jr."\n',
      'data/orders.jsonl': '{"id": 10, "customer_id": 1}\n{"id": 11, "customer_id": 2}\n',
      'data/more/a.csv': 'id\n1\n',
      'data/more/b.csv': 'id\n2\n',
      'models/sources.yml': `
sources:
  - name: files
    config: {external_location: 'data/{name}.csv'}
    tables:
      - name: customers
      - name: orders
        config: {external_location: "data/{name}.jsonl"}
      - name: payments
        config: {external_location: "data/payments.parquet"}
      - name: many
        config: {external_location: "data/more/*.csv"}
      - name: called
        config: {external_location: "read_csv('FOLDER/data/{name}.txt', delim = '|')"}
`,
      'data/called.txt': 'id|v\n7|x\n',
      'models/joined.sql': `select c.name, p.amount, (select count(*) from {{ source('files', 'many') }}) as n, f.v
from {{ source('files', 'customers') }} c
join {{ source('files', 'orders') }} o on o.customer_id = c.id
join {{ source('files', 'payments') }} p on p.order_id = o.id
cross join {{ source('files', 'called') }} f`,
    });
    const yaml = readFileSync(join(dir, 'models/sources.yml'), 'utf8');
    addFiles(dir, { 'models/sources.yml': yaml.replace('FOLDER', dir) });
    await rowsOf(url, `copy (select 10 as order_id, 5.5 as amount) to '${dir}/data/payments.parquet'`);
    await built(dir, url);
    expect(await rowsOf(url, 'select * from joined')).toEqual([['Ann', '5.5', 2, 'x']]);
  });

  it('is built by several at the same time in one file', async () => {
    const url = warehouse();
    const project = (name: string) =>
      writeProject({
        'dbt_project.yml': `name: ${name}\nprofile: shop\nmodels:\n  +schema: ${name}\n`,
        [`models/${name}.sql`]: "{{ config(materialized='table') }} select 1 as a",
      });
    await Promise.all(['one', 'two', 'three'].map((name) => built(project(name), url)));
    expect(await rowsOf(url, 'select schema_name from duckdb_tables() order by 1')).toEqual([
      ['main_one'],
      ['main_three'],
      ['main_two'],
    ]);
  });
});
