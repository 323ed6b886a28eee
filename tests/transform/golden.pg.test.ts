import { describe, expect, it } from 'vitest';
import type { NodeResult } from '../../transform/model.js';
import { Bench, warehouses } from '../support/warehouses.js';
import { addFiles, writeProject } from './projects.js';

/** What is built and how often. Each run may change the source first, or files of the project. */
interface Scenario {
  /** The node's name, `m` unless said. */
  node?: string;
  files: Record<string, string>;
  runs: {
    sql?: string[];
    files?: Record<string, string>;
    fullRefresh?: boolean;
    eventTime?: { start?: string; end?: string };
  }[];
  /** Shows what was built. */
  shown?: string;
  only?: 'PostgreSQL' | 'DuckDB';
}

const source = [
  'create table src (batch int, id int, v varchar)',
  "insert into src values (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'B'), (2, 3, 'C')",
];
const again = [{ sql: source }, {}];
const model = (config: string, sql = 'select id, v from src') => ({
  'models/m.sql': `{{ config(${config}) }}\n${sql}`,
});
const incremental = (config: string) =>
  model(
    `materialized='incremental', ${config}`,
    'select id, v from src where batch = {{ 2 if is_incremental() else 1 }}',
  );
const versioned = [
  'create table src (id int, v varchar, updated_at timestamp)',
  "insert into src values (1, 'a', '2026-01-01'), (2, 'x', '2026-01-01')",
];
const changed = ['delete from src', "insert into src values (1, 'b', '2026-01-02'), (3, 'z', '2026-01-02')"];
const snapshot = (config: string) => ({
  // Times are those of the test.
  'macros/time.sql': "{% macro snapshot_get_time() %}timestamp '2026-02-01'{% endmacro %}",
  'snapshots/m.sql': `{% snapshot m %}{{ config(unique_key='id', ${config}) }}\nselect * from src{% endsnapshot %}`,
});
const versions = 'select * from m';
const timestamp = "strategy='timestamp', updated_at='updated_at'";

const scenarios: Record<string, Scenario> = {
  view: { files: model("materialized='view'"), runs: again },
  table: { files: model("materialized='table', indexes=[{'columns': ['id'], 'unique': false}]"), runs: again },
  'table in place of a view': {
    files: model("materialized='view'"),
    runs: [{ sql: source }, { files: model("materialized='table'") }],
  },
  'table with a contract': {
    files: {
      ...model("materialized='table'", 'select v, id from src where batch = 1'),
      'models/m.yml': `models:\n  - name: m\n    config: {contract: {enforced: true}}\n    columns:\n      - {name: id, data_type: int, constraints: [{type: not_null}]}\n      - {name: v, data_type: varchar}\n`,
    },
    runs: again,
  },
  ephemeral: {
    files: {
      'models/e.sql': "{{ config(materialized='ephemeral') }}\nselect id, v from src",
      ...model("materialized='table'", "select * from {{ ref('e') }} where id > 1"),
    },
    runs: [{ sql: source }],
  },
  'materialized view': { only: 'PostgreSQL', files: model("materialized='materialized_view'"), runs: again },
  'incremental append': { files: incremental("incremental_strategy='append'"), runs: again },
  'incremental delete+insert': { files: incremental("unique_key='id'"), runs: again },
  'incremental delete+insert by two keys': {
    files: incremental("unique_key=['id', 'v'], incremental_strategy='delete+insert'"),
    runs: again,
  },
  'incremental merge': { files: incremental("unique_key='id', incremental_strategy='merge'"), runs: again },
  'incremental rebuilt by a full refresh': {
    files: incremental("unique_key='id'"),
    runs: [{ sql: source }, { fullRefresh: true }],
  },
  'incremental with a new column': {
    files: model(
      "materialized='incremental', on_schema_change='append_new_columns'",
      'select id from src where batch = 1',
    ),
    runs: [
      { sql: source },
      {
        files: model(
          "materialized='incremental', on_schema_change='append_new_columns'",
          'select id, v from src where batch = 2',
        ),
      },
    ],
  },
  'incremental microbatch': {
    files: {
      'models/events.sql': "{{ config(materialized='view', event_time='occurred') }} select * from src",
      ...model(
        "materialized='incremental', incremental_strategy='microbatch', unique_key='id', event_time='occurred', batch_size='day', begin='2026-01-01'",
        "select id, occurred from {{ ref('events') }}",
      ),
    },
    runs: [
      {
        sql: [
          'create table src (id int, occurred timestamp)',
          "insert into src values (1, '2026-01-01 10:00'), (2, '2026-01-02 10:00')",
          'create view events as select * from src',
        ],
        eventTime: { end: '2026-01-03' },
      },
    ],
  },
  seed: {
    files: { 'seeds/m.csv': 'id,v,at_day\n1,a,2026-01-01\n2,"b, c",\n' },
    runs: [{}, {}, { fullRefresh: true }],
  },
  'snapshot timestamp': { files: snapshot(timestamp), runs: [{ sql: versioned }, { sql: changed }], shown: versions },
  'snapshot timestamp invalidate': {
    files: snapshot(`${timestamp}, hard_deletes='invalidate'`),
    runs: [{ sql: versioned }, { sql: changed }],
    shown: versions,
  },
  'snapshot timestamp new_record': {
    files: snapshot(`${timestamp}, hard_deletes='new_record'`),
    runs: [{ sql: versioned }, { sql: changed }],
    shown: versions,
  },
  'snapshot timestamp valid_to_current and renamed columns': {
    files: snapshot(
      `${timestamp}, dbt_valid_to_current="timestamp '9999-12-31'", snapshot_meta_column_names={'dbt_valid_from': 'begun', 'dbt_valid_to': 'ended', 'dbt_scd_id': 'version_id', 'dbt_updated_at': 'changed'}`,
    ),
    runs: [{ sql: versioned }, { sql: changed }],
    shown: 'select * from m',
  },
  'snapshot check': {
    files: snapshot("strategy='check', check_cols=['v']"),
    runs: [{ sql: versioned }, { sql: changed }],
    shown: versions,
  },
  'snapshot check all with a new column': {
    files: snapshot("strategy='check', check_cols='all'"),
    runs: [{ sql: versioned }, { sql: ['alter table src add column extra int'] }],
    shown: versions,
  },
  'snapshot strict': {
    files: snapshot(`${timestamp}, hard_deletes='invalidate', strict=true`),
    runs: [{ sql: versioned }, { sql: changed }],
    shown: versions,
  },
  'snapshot change_log': {
    files: snapshot(
      "strategy='change_log', updated_at='updated_at', order_by=['lsn', 'seq'], op='op', watermark='load_seq'",
    ),
    runs: [
      {
        sql: [
          'create table src (id int, v varchar, op varchar, updated_at timestamp, lsn bigint, seq int, load_seq int)',
          "insert into src values (1, 'a', 'c', '2026-01-01', 10, 0, 1), (1, 'b', 'u', '2026-01-02', 20, 0, 1), (2, 'x', 'c', '2026-01-02', 20, 1, 1)",
        ],
      },
      {
        sql: [
          "insert into src values (1, 'late', 'u', '2026-01-02', 15, 0, 2), (2, null, 'd', '2026-01-03', 30, 0, 2), (null, null, 't', '2026-01-04', 40, 0, 2)",
        ],
      },
    ],
    shown: 'select * from m',
  },
  'generic tests': {
    node: 'not_null_m_v',
    files: {
      ...model("materialized='table'"),
      'models/m.yml': 'models: [{name: m, columns: [{name: v, data_tests: [not_null]}]}]',
    },
    runs: [{ sql: ['create table m as select 1 as id, cast(null as varchar) as v'] }],
  },
};

describe.each(warehouses)('the SQL on %s', (warehouse, makeWarehouse) => {
  for (const [name, scenario] of Object.entries(scenarios))
    it.skipIf(scenario.only !== undefined && scenario.only !== warehouse)(
      `of ${name} is the one that was looked at`,
      async () => {
        const bench = await Bench.open(writeProject(scenario.files), await makeWarehouse());
        const parts: string[] = [];
        for (const [index, run] of scenario.runs.entries()) {
          for (const sql of run.sql ?? []) await bench.rows(sql);
          addFiles(bench.project.dir, run.files ?? {});
          const reloaded = await bench.withProject();
          const result = await reloaded.run(scenario.node ?? 'm', run);
          parts.push(`-- run ${index + 1}: ${result.status}, ${result.message}\n`, written(result, bench));
          if (scenario.node === undefined) parts.push(await shown(bench, scenario.shown ?? 'select * from m'));
        }
        const folder = warehouse.toLowerCase();
        await expect(parts.join('\n')).toMatchFileSnapshot(
          `../golden/materializations/${folder}/${name.replaceAll(' ', '-')}.sql`,
        );
      },
    );
});

/** The statements as they were sent, without what is another each time. */
function written({ statements }: NodeResult, bench: Bench): string {
  const text = statements.map(({ sql }) => `${sql.trim()};\n`).join('\n');
  return text
    .replaceAll(bench.adapter.database, 'warehouse')
    .replace(/__dbt_tmp\d{12}/g, '__dbt_tmp<time>')
    .replace(/"[0-9a-f]{32}"/g, '"<hash>"')
    .replace(/current_[0-9a-f]{16}/g, 'current_<hash>');
}

/** What is there afterwards, as comments; sorted, since rows that are alike have no order of their own. */
async function shown(bench: Bench, sql: string): Promise<string> {
  const { columns, rows } = await bench.adapter.withConnection((connection) => connection.query(sql));
  const line = (values: unknown[]) => `--   ${values.map((value) => value ?? 'NULL').join(' | ')}`;
  return `${[line(columns.map(({ name }) => name)), ...rows.map(line).sort()].join('\n')}\n`;
}
