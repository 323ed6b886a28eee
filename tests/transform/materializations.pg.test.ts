import { describe, expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.js';
import { addFiles, build, rowsOf, writeProject } from './projects.js';

async function setUp(sql: string, files: Record<string, string>) {
  const url = await testDatabase();
  if (sql) await rowsOf(url, sql);
  const dir = writeProject(files);
  return { url, dir, run: (options: Parameters<typeof build>[2] = {}) => build(dir, url, options) };
}

const model = (config: string, sql = 'select * from src') => ({ 'models/m.sql': `{{ config(${config}) }}\n${sql}` });
const incremental = (config: string) =>
  model(
    `materialized='incremental', ${config}`,
    'select id, v from src {% if is_incremental() %} where batch = 2 {% else %} where batch = 1 {% endif %}',
  );
const source = `create table src (batch int, id int, v text); insert into src values (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'B'), (2, 3, 'C')`;

describe('incremental models', () => {
  const wanted: Record<string, [string, unknown[][]]> = {
    append: [
      `incremental_strategy='append'`,
      [
        [1, 'a'],
        [2, 'B'],
        [2, 'b'],
        [3, 'C'],
      ],
    ],
    'delete+insert': [
      `incremental_strategy='delete+insert', unique_key='id'`,
      [
        [1, 'a'],
        [2, 'B'],
        [3, 'C'],
      ],
    ],
    'delete+insert with a predicate': [
      `incremental_strategy='delete+insert', unique_key=['id'], incremental_predicates=["DBT_INTERNAL_DEST.v <> 'b'"]`,
      [
        [1, 'a'],
        [2, 'B'],
        [2, 'b'],
        [3, 'C'],
      ],
    ],
    merge: [
      `incremental_strategy='merge', unique_key='id'`,
      [
        [1, 'a'],
        [2, 'B'],
        [3, 'C'],
      ],
    ],
    'merge without a key': [
      `incremental_strategy='merge'`,
      [
        [1, 'a'],
        [2, 'B'],
        [2, 'b'],
        [3, 'C'],
      ],
    ],
    'merge that leaves a column alone': [
      `incremental_strategy='merge', unique_key='id', merge_exclude_columns=['v']`,
      [
        [1, 'a'],
        [2, 'b'],
        [3, 'C'],
      ],
    ],
    'no strategy but a key': [
      `unique_key='id'`,
      [
        [1, 'a'],
        [2, 'B'],
        [3, 'C'],
      ],
    ],
  };
  for (const [name, [config, rows]] of Object.entries(wanted))
    it(`bring new rows in by ${name}`, async () => {
      const { url, run } = await setUp(source, incremental(config));
      await run();
      expect(await rowsOf(url, 'select * from m order by 1, 2')).toEqual([
        [1, 'a'],
        [2, 'b'],
      ]);
      expect((await run()).get('m')).toMatchObject({ status: 'success' });
      expect(await rowsOf(url, 'select * from m order by 1, 2')).toEqual(rows);
    });

  it('are rebuilt by a full refresh, unless their config forbids it', async () => {
    for (const [config, rows] of [
      ['', 2],
      ['full_refresh=false', 4],
    ] as const) {
      const { url, run } = await setUp(source, incremental(config));
      await run();
      await run({ fullRefresh: true });
      expect(await rowsOf(url, 'select count(*) from m')).toEqual([[rows]]);
    }
  });

  it('use a strategy of the project', async () => {
    const { url, run } = await setUp(source, {
      ...incremental(`incremental_strategy='only_new', unique_key='id'`),
      'macros/only_new.sql': `{% macro get_incremental_only_new_sql(arg_dict) %}insert into {{ arg_dict.target_relation }} select * from {{ arg_dict.temp_relation }} s where s.id not in (select id from {{ arg_dict.target_relation }}){% endmacro %}`,
    });
    await run();
    await run();
    expect(await rowsOf(url, 'select * from m order by 1')).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'C'],
    ]);
  });

  it('name the strategy that does not exist', async () => {
    const { run } = await setUp(source, incremental(`incremental_strategy='magic'`));
    await run();
    expect((await run()).get('m')?.message).toMatch(
      /could not find an incremental strategy macro with the name 'get_incremental_magic_sql'/,
    );
  });

  const changes: Record<string, [string, unknown]> = {
    ignore: [
      'select id, v, 1 as extra from src where batch = 2',
      [
        ['id', 'integer'],
        ['v', 'text'],
      ],
    ],
    append_new_columns: [
      'select id, v, 1 as extra from src where batch = 2',
      [
        ['extra', 'integer'],
        ['id', 'integer'],
        ['v', 'text'],
      ],
    ],
    sync_all_columns: [
      'select id::bigint as id, 1 as extra from src where batch = 2',
      [
        ['extra', 'integer'],
        ['id', 'bigint'],
      ],
    ],
  };
  for (const [mode, [sql, columns]] of Object.entries(changes))
    it(`meet changed columns with ${mode}`, async () => {
      const { url, dir, run } = await setUp(
        source,
        model(`materialized='incremental', on_schema_change='${mode}'`, 'select id, v from src where batch = 1'),
      );
      await run();
      addFiles(dir, model(`materialized='incremental', on_schema_change='${mode}'`, sql));
      const result = (await run()).get('m');
      expect(result?.status, result?.message).toBe('success');
      const sqlColumns = `select column_name, data_type from information_schema.columns where table_name = 'm' order by 1`;
      expect(await rowsOf(url, sqlColumns)).toEqual(columns);
    });

  it('fail on changed columns when told to, naming them', async () => {
    const config = `materialized='incremental', on_schema_change='fail'`;
    const { dir, run } = await setUp(source, model(config, 'select id, v from src'));
    await run();
    addFiles(dir, model(config, 'select id, 1 as extra from src'));
    expect((await run()).get('m')?.message).toMatch(/new columns extra; missing columns v/);
  });

  it('grow a text column that became longer', async () => {
    const { url, dir, run } = await setUp(source, model(`materialized='incremental'`, `select 'a'::varchar(2) as v`));
    await run();
    addFiles(dir, model(`materialized='incremental'`, `select 'abcdef'::varchar(9) as v`));
    expect((await run()).get('m')?.status).toBe('success');
    expect(await rowsOf(url, 'select max(v) from m')).toEqual([['abcdef']]);
  });
});

describe('tables and views', () => {
  it('take each other’s place', async () => {
    const { url, dir, run } = await setUp(source, model(`materialized='view'`));
    for (const kind of ['table', 'view', 'materialized_view', 'incremental', 'table']) {
      addFiles(dir, model(`materialized='${kind}'`));
      const result = (await run()).get('m');
      expect(result?.status, `${kind}: ${result?.message}`).toBe('success');
      expect(await rowsOf(url, 'select count(*) from m')).toEqual([[4]]);
    }
  });

  it('keep the old relation when the new one cannot be built', async () => {
    const { url, dir, run } = await setUp(source, model(`materialized='table'`));
    await run();
    addFiles(dir, model(`materialized='table'`, 'select id / 0 as broken from src'));
    const result = (await run()).get('m');
    expect(result).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/Database Error in model 'm' \(models\/m.sql\)\ndivision by zero/),
    });
    expect(await rowsOf(url, 'select count(*) from m')).toEqual([[4]]);
  });

  it('build what a killed run left half done', async () => {
    const { url, run } = await setUp(
      `${source}; create table m__dbt_tmp (x int); create view m__dbt_backup as select 1 as x`,
      model(`materialized='table'`),
    );
    expect((await run()).get('m')?.status).toBe('success');
    expect(await rowsOf(url, `select count(*) from pg_class where relname like 'm\\_\\_dbt%'`)).toEqual([[0]]);
  });

  it('have the indexes of their config', async () => {
    const { url, run } = await setUp(
      source,
      model(
        `materialized='table', indexes=[{'columns': ['id', 'v'], 'unique': true}, {'columns': ['v'], 'type': 'hash'}]`,
      ),
    );
    await run();
    const definitions = await rowsOf(
      url,
      `select regexp_replace(indexdef, '^(CREATE (UNIQUE )?INDEX).* USING', '\\1') from pg_indexes where tablename = 'm' order by 1`,
    );
    expect(definitions).toEqual([['CREATE INDEX hash (v)'], ['CREATE UNIQUE INDEX btree (id, v)']]);
  });

  it('run hooks inside and outside of the transaction, in order', async () => {
    const { url, run } = await setUp(`${source}; create table log (at serial, what text, tx bigint)`, {
      'dbt_project.yml': `name: shop\nprofile: shop\non-run-start: "insert into log (what) values ('start')"\non-run-end:\n  - "insert into log (what) values ('end {{ results | length }} {{ schemas | join }}')"\nmodels:\n  +pre-hook: "insert into log (what, tx) values ('project', txid_current())"\n`,
      ...model(
        `pre_hook="insert into log (what, tx) values ('inside', txid_current())", post_hook=[before_begin("insert into log (what) values ('outside')"), "insert into log (what, tx) select 'rows ' || count(*), txid_current() from {{ this }}"]`,
      ),
    });
    await run();
    expect((await rowsOf(url, 'select what from log order by at')).flat()).toEqual([
      'start',
      'project',
      'inside',
      'rows 4',
      'outside',
      'end 1 public',
    ]);
    expect(await rowsOf(url, 'select count(distinct tx) from log')).toEqual([[1]]);
  });

  it('enforce a contract: names, types, constraints', async () => {
    const yml = (type: string) => `models:
  - name: m
    config: {contract: {enforced: true}, materialized: table}
    constraints: [{type: check, expression: "id > 0", name: positive}]
    columns:
      - {name: id, data_type: ${type}, constraints: [{type: not_null}, {type: primary_key}]}
      - {name: v, data_type: text}
`;
    const { url, dir, run } = await setUp(source, {
      'models/m.sql': 'select v, id from src where batch = 1',
      'models/m.yml': yml('int'),
    });
    const result = (await run()).get('m');
    expect(result?.status, result?.message).toBe('success');
    expect(
      await rowsOf(
        url,
        `select conname::text from pg_constraint where conrelid = 'm'::regclass and contype in ('c', 'p') order by 1`,
      ),
    ).toEqual([['m__dbt_tmp_pkey'], ['positive']]);
    addFiles(dir, { 'models/m.yml': yml('text') });
    expect((await run()).get('m')?.message).toMatch(
      /has an enforced contract that failed:\n {2}id: integer in the query, text in the contract/,
    );
  });

  it('persist descriptions and apply grants', async () => {
    const role = `reader_${Math.floor(performance.now())}`;
    const { url, run } = await setUp(`${source}; create role ${role}`, {
      ...model(
        `materialized='table', persist_docs={'relation': true, 'columns': true}, grants={'select': ['${role}']}`,
      ),
      'models/m.yml': `models: [{name: m, description: "It's m", columns: [{name: id, description: the key}]}]`,
    });
    for (const _ of [1, 2]) {
      const result = (await run()).get('m');
      expect(result?.status, result?.message).toBe('success');
    }
    expect(
      await rowsOf(
        url,
        `select obj_description('m'::regclass), col_description('m'::regclass, 2), has_table_privilege('${role}', 'm', 'select')`,
      ),
    ).toEqual([["It's m", 'the key', true]]);
    await rowsOf(url, `drop owned by ${role}; drop role ${role}`);
  });

  it('are built by a materialization of the project', async () => {
    const { url, run } = await setUp(source, {
      ...model(`materialized='counted'`),
      'macros/counted.sql': `{% materialization counted, default %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% call statement('main') -%} create table {{ target_relation }} as select count(*) as n from ({{ sql }}) q {%- endcall %}
  {{ adapter.commit() }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}`,
    });
    expect((await run()).get('m')).toMatchObject({ status: 'success', message: 'SELECT 1' });
    expect(await rowsOf(url, 'select n from m')).toEqual([[4]]);
  });
});

describe('the names of relations', () => {
  it('follow the macros of the project', async () => {
    const { url, run } = await setUp(source, {
      ...model(`schema='marts', alias='renamed'`),
      'macros/names.sql': `{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or target.schema }}{% endmacro %}{% macro generate_alias_name(custom_alias_name=none, node=none) %}x_{{ custom_alias_name or node.name }}{% endmacro %}`,
    });
    expect((await run()).get('m')?.relation).toMatch(/"marts"."x_renamed"$/);
    expect(await rowsOf(url, 'select count(*) from marts.x_renamed')).toEqual([[4]]);
  });

  it('follow dbt’s rule otherwise', async () => {
    const { run } = await setUp(source, model(`schema='marts'`));
    expect((await run()).get('m')?.relation).toMatch(/"public_marts"."m"$/);
  });
});
