/** The files of a new project, by path. One DAG, one SQL project with one model, and how to start. */
export function projectTemplate(name: string, millraceVersion: string): Record<string, string> {
  return {
    'package.json': `${JSON.stringify(
      {
        name,
        private: true,
        type: 'module',
        scripts: { start: 'millrace standalone --no-examples', test: 'millrace dags test orders' },
        dependencies: { millrace: millraceVersion },
      },
      null,
      2,
    )}\n`,
    'tsconfig.json': `${JSON.stringify(
      {
        compilerOptions: {
          target: 'ES2022',
          module: 'NodeNext',
          moduleResolution: 'NodeNext',
          strict: true,
          noEmit: true,
          skipLibCheck: true,
        },
        include: ['dags'],
      },
      null,
      2,
    )}\n`,
    '.gitignore': 'node_modules\n.millrace\n.env\n',
    'README.md': readme(name),
    'dags/orders.ts': dagFile,
    'sql/shop/dbt_project.yml': projectFile,
    'sql/shop/profiles.yml': profilesFile,
    'sql/shop/models/sources.yml': sourcesFile,
    'sql/shop/models/daily_revenue.sql': modelFile,
    'sql/shop/models/daily_revenue.yml': modelTests,
  };
}

const readme = (name: string) => `# ${name}

    npm install
    npm start

The web UI is on http://localhost:8080; the first start prints a link to log in. \`dags/\` holds the pipelines: a saved
file is picked up within a second. \`sql/shop\` is a dbt project: it runs in dbt as well.

- Run the DAG: \`npx millrace dags trigger orders\`, or the button in the web UI.
- Test it in this terminal, without a server: \`npm test\`.
- Look into the warehouse: \`psql "$(npx millrace url warehouse)"\`.
- Use your own systems: set \`WAREHOUSE_URL\`, \`OBJECT_STORE_URL\`, \`SMTP_URL\` … in \`.env\`.
`;

const dagFile = `import { Dag, getContext, postgres } from 'millrace';

const dag = new Dag('orders', {
  description: 'Loads the orders of a day and sums them up.',
  schedule: '@daily',
  startDate: '2026-01-01',
  catchup: false,
  tags: ['example'],
});

const loadOrders = dag.task(
  'load_orders',
  async () => {
    const { log } = getContext();
    const warehouse = postgres('warehouse');
    const orders = [
      { id: 1, placedAt: '2026-01-01T09:00:00Z', amount: '19.90' },
      { id: 2, placedAt: '2026-01-01T17:30:00Z', amount: '5.10' },
      { id: 3, placedAt: '2026-01-02T08:15:00Z', amount: '42.00' },
    ];
    await warehouse.query('create schema if not exists raw');
    await warehouse.query(
      'create table if not exists raw.orders (id int primary key, placed_at timestamptz not null, amount numeric not null)',
    );
    for (const { id, placedAt, amount } of orders) {
      await warehouse.query('insert into raw.orders values ($1, $2, $3) on conflict (id) do nothing', [id, placedAt, amount]);
    }
    log.info(\`\${orders.length} orders are in raw.orders\`);
    return orders.length;
  },
  { retries: 2, retryDelay: 10 },
);

dag.sqlProject('shop', 'sql/shop').after(loadOrders());

export default dag;
`;

const projectFile = `name: shop
version: '1.0.0'
config-version: 2
profile: shop
model-paths: [models]

models:
  shop:
    +schema: analytics
    +materialized: table
`;

const profilesFile = `# For dbt. Millrace uses its connection \`warehouse\`.
shop:
  target: dev
  outputs:
    dev:
      type: postgres
      host: "{{ env_var('PGHOST', '127.0.0.1') }}"
      port: "{{ env_var('PGPORT', '54329') | int }}"
      user: "{{ env_var('PGUSER', 'millrace') }}"
      password: "{{ env_var('PGPASSWORD', '') }}"
      dbname: "{{ env_var('PGDATABASE', 'warehouse') }}"
      schema: public
      threads: 4
`;

const sourcesFile = `version: 2
sources:
  - name: raw
    tables:
      - name: orders
`;

const modelFile = `select
  (placed_at at time zone 'UTC')::date as day,
  count(*) as orders,
  sum(amount) as revenue
from {{ source('raw', 'orders') }}
group by 1
`;

const modelTests = `version: 2
models:
  - name: daily_revenue
    description: One row per day with orders.
    columns:
      - name: day
        data_tests: [unique, not_null]
      - name: revenue
        data_tests: [not_null]
`;
