/** A project of that many models in folders of 50, each reading up to three others, with two tests each. */
export function syntheticProject(models: number): Record<string, string> {
  const files: Record<string, string> = {
    'dbt_project.yml': 'name: synthetic\nprofile: synthetic\nmodels:\n  synthetic:\n    +materialized: view\n',
  };
  const described = new Map<string, string[]>();
  for (let index = 0; index < models; index++) {
    const folder = `models/group_${Math.floor(index / 50)}`;
    const inputs = [index - 1, index - 7, index - 31]
      .filter((other) => other >= 0)
      .map((other) => `select id, name, amount from {{ ref('model_${other}') }}`);
    const source = inputs.length > 0 ? inputs.join('\nunion all\n') : "select 1 as id, 'a' as name, 2 as amount";
    files[`${folder}/model_${index}.sql`] =
      `{{ config(tags=['t${index % 10}']) }}\n{% set parts = ['a', 'b'] %}\nwith source as (\n${source}\n)\nselect id, name, amount{% for part in parts %}, ${index} as {{ part }}{% endfor %}\nfrom source\n{% if is_incremental() %}where id > 0{% endif %}\n`;
    const entry = `  - name: model_${index}\n    description: Model number ${index}.\n    columns:\n      - name: id\n        data_tests: [unique, not_null]\n`;
    described.set(folder, [...(described.get(folder) ?? []), entry]);
  }
  for (const [folder, entries] of described) files[`${folder}/schema.yml`] = `version: 2\nmodels:\n${entries.join('')}`;
  return files;
}

/** A shop: 3 seeds, 3 staging views, 2 tables, 20 tests. */
export function shopProject(): Record<string, string> {
  const rows = (count: number, make: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => make(index + 1)).join('\n');
  const day = (index: number) => `2026-01-${String((index % 28) + 1).padStart(2, '0')}`;
  return {
    'dbt_project.yml':
      'name: shop\nprofile: shop\nmodels:\n  shop:\n    +materialized: table\n    staging:\n      +materialized: view\n',
    'seeds/raw_customers.csv': `id,first_name,last_name\n${rows(100, (index) => `${index},First${index},L.`)}\n`,
    'seeds/raw_orders.csv': `id,user_id,order_date,status\n${rows(99, (index) => `${index},${(index * 7) % 100 || 1},${day(index)},${['placed', 'shipped', 'completed'][index % 3]}`)}\n`,
    'seeds/raw_payments.csv': `id,order_id,payment_method,amount\n${rows(113, (index) => `${index},${(index % 99) + 1},${['card', 'coupon', 'transfer'][index % 3]},${index * 100}`)}\n`,
    'models/staging/stg_customers.sql':
      "select id as customer_id, first_name, last_name from {{ ref('raw_customers') }}",
    'models/staging/stg_orders.sql':
      "select id as order_id, user_id as customer_id, order_date, status from {{ ref('raw_orders') }}",
    'models/staging/stg_payments.sql':
      "select id as payment_id, order_id, payment_method, amount / 100 as amount from {{ ref('raw_payments') }}",
    'models/orders.sql': `{% set methods = ['card', 'coupon', 'transfer'] %}
with paid as (
  select order_id, {% for method in methods %}sum(case when payment_method = '{{ method }}' then amount else 0 end) as {{ method }}_amount, {% endfor %}sum(amount) as total
  from {{ ref('stg_payments') }} group by order_id
)
select o.*, {% for method in methods %}p.{{ method }}_amount, {% endfor %}coalesce(p.total, 0) as amount
from {{ ref('stg_orders') }} o left join paid p using (order_id)`,
    'models/customers.sql': `with totals as (select customer_id, min(order_date) as first_order, count(*) as orders, sum(amount) as value from {{ ref('orders') }} group by 1)
select c.*, t.first_order, t.orders, t.value from {{ ref('stg_customers') }} c left join totals t using (customer_id)`,
    'models/schema.yml': `version: 2
models:
  - {name: stg_customers, columns: [{name: customer_id, data_tests: [unique, not_null]}]}
  - name: stg_orders
    columns:
      - {name: order_id, data_tests: [unique, not_null]}
      - {name: status, data_tests: [{accepted_values: {values: [placed, shipped, completed]}}]}
  - name: stg_payments
    columns:
      - {name: payment_id, data_tests: [unique, not_null]}
      - {name: payment_method, data_tests: [{accepted_values: {values: [card, coupon, transfer]}}]}
  - name: customers
    columns:
      - {name: customer_id, data_tests: [unique, not_null]}
      - {name: first_name, data_tests: [not_null]}
      - {name: last_name, data_tests: [not_null]}
  - name: orders
    columns:
      - {name: order_id, data_tests: [unique, not_null]}
      - {name: customer_id, data_tests: [not_null, {relationships: {to: ref('customers'), field: customer_id}}]}
      - {name: order_date, data_tests: [not_null]}
      - {name: status, data_tests: [not_null, {accepted_values: {values: [placed, shipped, completed]}}]}
      - {name: amount, data_tests: [not_null]}
`,
  };
}
