import { describe, expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.js';
import { build, firstFault, rowsOf, writeProject } from './projects.js';

const jaffle = {
  'dbt_project.yml':
    'name: jaffle\nprofile: jaffle\nmodels:\n  jaffle:\n    +materialized: table\n    staging:\n      +materialized: view\n',
  'seeds/raw_customers.csv': 'id,first_name,last_name\n1,Michael,P.\n2,Shawn,"M, Jr."\n3,Kathleen,\n',
  'seeds/raw_orders.csv':
    'id,user_id,order_date,status\n1,1,2018-01-01,returned\n2,3,2018-01-02,completed\n3,1,2018-01-04,completed\n',
  'models/staging/stg_customers.sql':
    'with source as (select * from {{ ref("raw_customers") }}) select id as customer_id, first_name, last_name from source',
  'models/staging/stg_orders.sql':
    'select id as order_id, user_id as customer_id, order_date, status from {{ ref("raw_orders") }}',
  'models/staging/counts.sql':
    "{{ config(materialized='ephemeral') }}\nselect customer_id, count(*) as orders from {{ ref('stg_orders') }} group by 1",
  'models/customers.sql':
    '-- all customers\nwith c as (select * from {{ ref("stg_customers") }})\nselect c.*, coalesce(n.orders, 0) as orders from c left join {{ ref("counts") }} n using (customer_id)',
  'models/schema.yml': `
version: 2
models:
  - name: customers
    columns:
      - name: customer_id
        tests: [unique, not_null]
      - name: orders
        data_tests:
          - accepted_values: {values: [0, 1, 2], quote: false}
  - name: stg_orders
    columns:
      - name: status
        tests:
          - accepted_values:
              arguments:
                values: ['completed', 'returned']
      - name: customer_id
        tests:
          - relationships: {to: ref('stg_customers'), field: customer_id}
`,
};

describe('building a project on PostgreSQL', () => {
  it('seeds, builds and tests in the order of the graph', async () => {
    const url = await testDatabase();
    const results = await build(writeProject(jaffle), url);
    expect(firstFault(results)).toBeUndefined();
    expect(results.size).toBe(10);
    expect(
      await rowsOf(url, 'select customer_id, first_name, last_name, orders from public.customers order by 1'),
    ).toEqual([
      [1, 'Michael', 'P.', 2],
      [2, 'Shawn', 'M, Jr.', 0],
      [3, 'Kathleen', null, 1],
    ]);
  });

  it('gives the same when it is built again, and leaves nothing behind', async () => {
    const url = await testDatabase();
    const dir = writeProject(jaffle);
    await build(dir, url);
    const results = await build(dir, url);
    expect(firstFault(results)).toBeUndefined();
    const relations = await rowsOf(
      url,
      "select relname::text, relkind::text from pg_class where relnamespace = 'public'::regnamespace order by 1",
    );
    expect(relations).toEqual([
      ['customers', 'r'],
      ['raw_customers', 'r'],
      ['raw_orders', 'r'],
      ['stg_customers', 'v'],
      ['stg_orders', 'v'],
    ]);
  });
});
