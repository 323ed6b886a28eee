{#- Relations and columns: DDL leaves that the materializations call and that a project may override. -#}

{% macro load_cached_relation(relation) %}
  {% do return(adapter.get_relation(database=relation.database, schema=relation.schema, identifier=relation.identifier)) %}
{% endmacro %}
{% macro load_relation(relation) %}{% do return(load_cached_relation(relation)) %}{% endmacro %}

{% macro get_or_create_relation(database, schema, identifier, type) %}
  {%- set found = adapter.get_relation(database=database, schema=schema, identifier=identifier) -%}
  {% if found %}{% do return([true, found]) %}{% endif %}
  {% do return([false, api.Relation.create(database=database, schema=schema, identifier=identifier, type=type)]) %}
{% endmacro %}

{% macro make_intermediate_relation(base_relation, suffix='__dbt_tmp') %}{{ return(adapter.dispatch('make_intermediate_relation', 'dbt')(base_relation, suffix)) }}{% endmacro %}
{% macro default__make_intermediate_relation(base_relation, suffix) %}{{ return(base_relation.suffixed(suffix)) }}{% endmacro %}
{% macro make_temp_relation(base_relation, suffix='__dbt_tmp') %}{{ return(adapter.dispatch('make_temp_relation', 'dbt')(base_relation, suffix)) }}{% endmacro %}
{% macro default__make_temp_relation(base_relation, suffix) %}{{ return(base_relation.suffixed(suffix ~ py_current_timestring()).include(schema=false, database=false)) }}{% endmacro %}
{% macro make_backup_relation(base_relation, backup_relation_type, suffix='__dbt_backup') %}{{ return(adapter.dispatch('make_backup_relation', 'dbt')(base_relation, backup_relation_type, suffix)) }}{% endmacro %}
{% macro default__make_backup_relation(base_relation, backup_relation_type, suffix) %}{{ return(base_relation.suffixed(suffix, backup_relation_type)) }}{% endmacro %}
{% macro py_current_timestring() %}{{ return(modules.datetime.datetime.now().strftime("%H%M%S%f")) }}{% endmacro %}

{% macro create_schema(relation) -%}{{ adapter.dispatch('create_schema', 'dbt')(relation) }}{% endmacro %}
{% macro default__create_schema(relation) -%}
  {%- call statement('create_schema') -%}create schema if not exists {{ relation.without_identifier().include(database=false) }}{%- endcall -%}
{% endmacro %}
{% macro drop_schema(relation) -%}{{ adapter.dispatch('drop_schema', 'dbt')(relation) }}{% endmacro %}
{% macro default__drop_schema(relation) -%}
  {%- call statement('drop_schema') -%}drop schema if exists {{ relation.without_identifier().include(database=false) }} cascade{%- endcall -%}
{% endmacro %}

{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}{{ adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code) }}{%- endmacro %}
{% macro default__create_table_as(temporary, relation, sql) -%}
  {%- set sql_header = config.get('sql_header', none) -%}
  {{- sql_header ~ '\n' if sql_header is not none -}}
  create {% if temporary %}temporary {% elif config.get('unlogged') and target.type == 'postgres' %}unlogged {% endif %}table {{ relation.include(database=not temporary, schema=not temporary) }}
  {%- set contract = config.get('contract') %}
  {%- if contract and contract.enforced and not temporary %}
  {{ get_assert_columns_equivalent(sql) }}
  {{ get_table_columns_and_constraints() }};
  insert into {{ relation }} ({{ get_column_names() }}) (
    {{ get_select_subquery(sql) }}
  )
  {%- else %} as (
{{ sql }}
  )
  {%- endif %}
{%- endmacro %}
{% macro get_create_table_as_sql(temporary, relation, sql) -%}{{ create_table_as(temporary, relation, sql) }}{%- endmacro %}

{% macro create_view_as(relation, sql) -%}{{ adapter.dispatch('create_view_as', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__create_view_as(relation, sql) -%}
  {%- set sql_header = config.get('sql_header', none) -%}
  {{- sql_header ~ '\n' if sql_header is not none -}}
  create view {{ relation }}
  {%- set contract = config.get('contract') %}
  {%- if contract and contract.enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %} as (
{{ sql }}
  )
{%- endmacro %}
{% macro get_create_view_as_sql(relation, sql) -%}{{ create_view_as(relation, sql) }}{%- endmacro %}

{% macro get_create_materialized_view_as_sql(relation, sql) -%}{{ adapter.dispatch('get_create_materialized_view_as_sql', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__get_create_materialized_view_as_sql(relation, sql) -%}create materialized view if not exists {{ relation }} as {{ sql }}{%- endmacro %}
{% macro refresh_materialized_view(relation) -%}{{ adapter.dispatch('refresh_materialized_view', 'dbt')(relation) }}{%- endmacro %}
{% macro default__refresh_materialized_view(relation) -%}refresh materialized view {{ relation }}{%- endmacro %}

{% macro drop_relation(relation) -%}{{ return(adapter.dispatch('drop_relation', 'dbt')(relation)) }}{% endmacro %}
{% macro default__drop_relation(relation) -%}
  {% call statement('drop_relation', auto_begin=False) -%}{{ get_drop_sql(relation) }}{%- endcall %}
{% endmacro %}
{% macro drop_relation_if_exists(relation) %}{% if relation is not none %}{{ adapter.drop_relation(relation) }}{% endif %}{% endmacro %}
{% macro get_drop_sql(relation) -%}{{ adapter.dispatch('get_drop_sql', 'dbt')(relation) }}{% endmacro %}
{% macro default__get_drop_sql(relation) -%}drop {{ (relation.type or 'table') | replace('_', ' ') }} if exists {{ relation }} cascade{% endmacro %}
{% macro get_rename_sql(relation, new_name) -%}{{ adapter.dispatch('get_rename_sql', 'dbt')(relation, new_name) }}{% endmacro %}
{% macro default__get_rename_sql(relation, new_name) -%}alter {{ (relation.type or 'table') | replace('_', ' ') }} {{ relation }} rename to {{ adapter.quote(new_name) }}{% endmacro %}
{% macro rename_relation(from_relation, to_relation) -%}{{ return(adapter.dispatch('rename_relation', 'dbt')(from_relation, to_relation)) }}{% endmacro %}
{% macro default__rename_relation(from_relation, to_relation) -%}
  {% call statement('rename_relation') -%}{{ get_rename_sql(from_relation, to_relation.identifier) }}{%- endcall %}
{% endmacro %}
{#- DuckDB does not rename a table that has indexes: they are dropped, and made again behind the rename under names of their own, since a name that
    was dropped is free only after the commit. What becomes a backup goes soon and needs none. -#}
{% macro duckdb__rename_relation(from_relation, to_relation) -%}
  {%- set indexes = run_query("select index_name, is_unique, sql from duckdb_indexes() where database_name = '" ~ from_relation.database ~ "' and schema_name = '" ~ from_relation.schema ~ "' and table_name = '" ~ from_relation.identifier ~ "'") -%}
  {%- for index in indexes -%}
    {%- do run_query('drop index ' ~ adapter.quote(from_relation.database) ~ '.' ~ adapter.quote(from_relation.schema) ~ '.' ~ adapter.quote(index.index_name)) -%}
  {%- endfor -%}
  {{ default__rename_relation(from_relation, to_relation) }}
  {%- for index in indexes if not to_relation.identifier.endswith('__dbt_backup') -%}
    {%- set name = local_md5(index.index_name ~ to_relation.render() ~ modules.datetime.datetime.utcnow().isoformat()) -%}
    {%- set columns = index.sql.partition('(')[2].rpartition(')')[0] -%}
    {%- do run_query('create ' ~ ('unique ' if index.is_unique else '') ~ 'index "' ~ name ~ '" on ' ~ to_relation ~ ' (' ~ columns ~ ')') -%}
  {%- endfor -%}
{% endmacro %}
{% macro truncate_relation(relation) -%}{{ return(adapter.dispatch('truncate_relation', 'dbt')(relation)) }}{% endmacro %}
{% macro default__truncate_relation(relation) -%}
  {% call statement('truncate_relation') -%}{{ 'truncate table' if target.type == 'postgres' else 'delete from' }} {{ relation }}{%- endcall %}
{% endmacro %}

{% macro get_columns_in_relation(relation) -%}{{ return(adapter.get_columns_in_relation(relation)) }}{% endmacro %}
{% macro get_columns_in_query(select_sql) -%}{{ return(adapter.get_column_schema_from_query(select_sql) | map(attribute='name') | list) }}{% endmacro %}
{% macro get_column_schema_from_query(select_sql, select_sql_header=none) -%}{{ return(adapter.get_column_schema_from_query(select_sql)) }}{% endmacro %}
{% macro get_empty_subquery_sql(select_sql, select_sql_header=none) -%}{{ adapter.dispatch('get_empty_subquery_sql', 'dbt')(select_sql, select_sql_header) }}{% endmacro %}
{% macro default__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
  {%- if select_sql_header is not none %}{{ select_sql_header }}
  {% endif -%}
  select * from (
    {{ select_sql }}
  ) as __dbt_sbq
  where false
  limit 0
{%- endmacro %}
{% macro get_empty_schema_sql(columns) -%}
  select {% for name in columns %}{% set column = columns[name] %}cast(null as {{ column['data_type'] }}) as {{ adapter.quote(column['name']) if column['quote'] else column['name'] }}{{ ", " if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro alter_column_type(relation, column_name, new_column_type) -%}{{ return(adapter.dispatch('alter_column_type', 'dbt')(relation, column_name, new_column_type)) }}{% endmacro %}
{% macro default__alter_column_type(relation, column_name, new_column_type) -%}
  {% call statement('alter_column_type') -%}
    alter table {{ relation }} alter column {{ adapter.quote(column_name) }} type {{ new_column_type }}{% if target.type == 'postgres' %} using {{ adapter.quote(column_name) }}::{{ new_column_type }}{% endif %}
  {%- endcall %}
{% endmacro %}
{% macro alter_relation_add_remove_columns(relation, add_columns=none, remove_columns=none) -%}{{ return(adapter.dispatch('alter_relation_add_remove_columns', 'dbt')(relation, add_columns, remove_columns)) }}{% endmacro %}
{% macro default__alter_relation_add_remove_columns(relation, add_columns, remove_columns) -%}
  {% for column in add_columns or [] %}
    {% do run_query('alter table ' ~ relation ~ ' add column ' ~ column.quoted ~ ' ' ~ column.expanded_data_type) %}
  {% endfor %}
  {% for column in remove_columns or [] %}
    {% do run_query('alter table ' ~ relation ~ ' drop column ' ~ column.quoted ~ (' cascade' if target.type == 'postgres' else '')) %}
  {% endfor %}
{% endmacro %}
{% macro create_columns(relation, columns) %}{{ adapter.dispatch('create_columns', 'dbt')(relation, columns) }}{% endmacro %}
{% macro default__create_columns(relation, columns) %}{% do alter_relation_add_remove_columns(relation, columns, none) %}{% endmacro %}
{% macro diff_columns(source_columns, target_columns) %}
  {% set names = target_columns | map(attribute='column') | list %}
  {{ return(source_columns | rejectattr('column', 'in', names) | list) }}
{% endmacro %}

{% macro get_create_index_sql(relation, index_dict) -%}{{ return(adapter.dispatch('get_create_index_sql', 'dbt')(relation, index_dict)) }}{% endmacro %}
{% macro default__get_create_index_sql(relation, index_dict) -%}
  {%- set columns = index_dict.columns if index_dict.columns is not string else [index_dict.columns] -%}
  {%- set name = local_md5((columns | join('_')) ~ '_' ~ relation.render() ~ '_' ~ (index_dict.unique or false) ~ '_' ~ (index_dict.type or '') ~ '_' ~ modules.datetime.datetime.utcnow().isoformat()) -%}
  create {% if index_dict.unique %}unique {% endif %}index if not exists "{{ name }}" on {{ relation }} {% if index_dict.type %}using {{ index_dict.type }} {% endif %}({{ columns | join(', ') }})
{%- endmacro %}
{% macro create_indexes(relation) -%}{{ adapter.dispatch('create_indexes', 'dbt')(relation) }}{%- endmacro %}
{% macro default__create_indexes(relation) -%}
  {%- for index in config.get('indexes', default=[]) -%}
    {%- do run_query(get_create_index_sql(relation, index)) -%}
  {%- endfor -%}
{% endmacro %}

{% macro get_table_columns_and_constraints() -%}{{ adapter.dispatch('get_table_columns_and_constraints', 'dbt')() }}{%- endmacro %}
{% macro default__get_table_columns_and_constraints() -%}
(
  {%- for line in adapter.render_raw_columns_constraints(raw_columns=model['columns']) + adapter.render_raw_model_constraints(raw_constraints=model['constraints']) %}
    {{ line }}{{ "," if not loop.last }}
  {%- endfor %}
)
{%- endmacro %}
{% macro get_column_names() -%}
  {%- for column in model['columns'].values() %}{{ adapter.quote(column.name) if column.get('quote') else column.name }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}
{% macro get_select_subquery(sql) -%}
  select {{ get_column_names() }}
  from (
    {{ sql }}
  ) as model_subq
{%- endmacro %}
{% macro get_assert_columns_equivalent(sql) -%}{% do adapter.assert_columns_equivalent(sql) %}{%- endmacro %}

{% macro information_schema_name(database) %}{% if database %}{{ database }}.{% endif %}INFORMATION_SCHEMA{% endmacro %}
{% macro list_schemas(database) -%}{{ return(run_query('select distinct schema_name from information_schema.schemata')) }}{% endmacro %}
{% macro check_schema_exists(information_schema, schema) -%}
  {{ return(run_query("select count(*) from information_schema.schemata where schema_name = '" ~ schema ~ "'")) }}
{% endmacro %}
{% macro list_relations_without_caching(schema_relation) %}{{ return(adapter.list_relations(database=schema_relation.database, schema=schema_relation.schema)) }}{% endmacro %}

{% macro copy_grants() %}{{ return(true) }}{% endmacro %}
{% macro should_revoke(existing_relation, full_refresh_mode=True) %}{{ return(existing_relation is not none and not full_refresh_mode) }}{% endmacro %}
{% macro get_grant_sql(relation, privilege, grantees) %}{{ return(adapter.dispatch('get_grant_sql', 'dbt')(relation, privilege, grantees)) }}{% endmacro %}
{% macro default__get_grant_sql(relation, privilege, grantees) -%}grant {{ privilege }} on {{ relation }} to {{ grantees | join(', ') }}{%- endmacro %}
{% macro get_revoke_sql(relation, privilege, grantees) %}{{ return(adapter.dispatch('get_revoke_sql', 'dbt')(relation, privilege, grantees)) }}{% endmacro %}
{% macro default__get_revoke_sql(relation, privilege, grantees) -%}revoke {{ privilege }} on {{ relation }} from {{ grantees | join(', ') }}{%- endmacro %}
{% macro apply_grants(relation, grant_config, should_revoke=True) %}{% do adapter.apply_grants(relation, grant_config, should_revoke) %}{% endmacro %}

{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}{{ adapter.dispatch('persist_docs', 'dbt')(relation, model, for_relation, for_columns) }}{% endmacro %}
{% macro default__persist_docs(relation, model, for_relation, for_columns) -%}
  {% if for_relation and config.persist_relation_docs() and model.description %}
    {% do run_query(alter_relation_comment(relation, model.description)) %}
  {% endif %}
  {% if for_columns and config.persist_column_docs() and model.columns %}
    {% set comments = alter_column_comment(relation, model.columns) %}
    {% if comments and comments | trim %}{% do run_query(comments) %}{% endif %}
  {% endif %}
{% endmacro %}
{% macro alter_relation_comment(relation, relation_comment) -%}{{ return(adapter.dispatch('alter_relation_comment', 'dbt')(relation, relation_comment)) }}{% endmacro %}
{% macro default__alter_relation_comment(relation, comment) -%}comment on {{ (relation.type or 'table') | replace('_', ' ') }} {{ relation }} is '{{ comment | replace("'", "''") }}'{% endmacro %}
{% macro alter_column_comment(relation, column_dict) -%}{{ return(adapter.dispatch('alter_column_comment', 'dbt')(relation, column_dict)) }}{% endmacro %}
{% macro default__alter_column_comment(relation, column_dict) -%}
  {%- set existing = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
  {%- for name in column_dict if name in existing and column_dict[name]['description'] -%}
    comment on column {{ relation }}.{{ adapter.quote(name) }} is '{{ column_dict[name]['description'] | replace("'", "''") }}';
  {% endfor -%}
{%- endmacro %}

{% macro validate_sql(sql) -%}{{ return(adapter.get_column_schema_from_query(sql)) }}{% endmacro %}
{% macro collect_freshness(source, loaded_at_field, filter) %}{{ return(adapter.dispatch('collect_freshness', 'dbt')(source, loaded_at_field, filter)) }}{% endmacro %}
{% macro default__collect_freshness(source, loaded_at_field, filter) -%}
select max({{ loaded_at_field }}) as max_loaded_at, {{ current_timestamp() }} as snapshotted_at
from {{ source }}
{%- if filter %}
where {{ filter }}
{%- endif %}
{%- endmacro %}
