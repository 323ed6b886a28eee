{#- Statements and their results. -#}

{% macro statement(name=none, fetch_result=false, auto_begin=true, language='sql') -%}
  {%- if execute: -%}
    {%- set text = caller() -%}
    {%- set response, table = adapter.execute(text, auto_begin=auto_begin, fetch=fetch_result) -%}
    {%- if name is not none: -%}{{ store_result(name, response=response, agate_table=table) }}{%- endif -%}
  {%- endif -%}
{%- endmacro %}

{% macro noop_statement(name=none, message=none, code=none, rows_affected=none, res=none) -%}
  {%- if name is not none: -%}{{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}{%- endif -%}
{%- endmacro %}

{% macro run_query(sql) %}
  {% call statement("run_query_statement", fetch_result=true, auto_begin=false) %}{{ sql }}{% endcall %}
  {% do return(load_result("run_query_statement").table) %}
{% endmacro %}

{% macro run_hooks(hooks, inside_transaction=True) %}
  {% for hook in hooks | selectattr('transaction', 'equalto', inside_transaction) %}
    {% if not inside_transaction and loop.first %}{% do adapter.commit_if_open() %}{% endif %}
    {% set rendered = render(hook.get('sql')) | trim %}
    {% if (rendered | length) > 0 %}{% call statement(auto_begin=inside_transaction) %}{{ rendered }}{% endcall %}{% endif %}
  {% endfor %}
{% endmacro %}

{% macro make_hook_config(sql, inside_transaction) %}{{ tojson({"sql": sql, "transaction": inside_transaction}) }}{% endmacro %}
{% macro before_begin(sql) %}{{ make_hook_config(sql, inside_transaction=False) }}{% endmacro %}
{% macro in_transaction(sql) %}{{ make_hook_config(sql, inside_transaction=True) }}{% endmacro %}
{% macro after_commit(sql) %}{{ make_hook_config(sql, inside_transaction=False) }}{% endmacro %}

{% macro set_sql_header(config) -%}{{ config.set('sql_header', caller()) }}{%- endmacro %}

{% macro should_full_refresh() %}
  {% set configured = config.get('full_refresh') %}
  {% do return(flags.FULL_REFRESH if configured is none else configured) %}
{% endmacro %}

{% macro should_store_failures() %}
  {% set configured = config.get('store_failures') %}
  {% do return(flags.STORE_FAILURES if configured is none else configured) %}
{% endmacro %}

{% macro is_incremental() %}
  {% if not execute %}{{ return(False) }}{% endif %}
  {% set relation = load_relation(this) %}
  {{ return(relation is not none and relation.type == 'table' and model.config.materialized == 'incremental' and not should_full_refresh()) }}
{% endmacro %}

{% macro get_limit_sql(sql, limit) %}{{ return(adapter.dispatch('get_limit_sql', 'dbt')(sql, limit)) }}{% endmacro %}
{% macro default__get_limit_sql(sql, limit) %}{{ sql }}{% if limit is not none %}
limit {{ limit }}{% endif %}{% endmacro %}
{% macro get_limit_subquery_sql(sql, limit) %}{{ return(get_limit_sql('select * from (' ~ sql ~ ') as model_limit_subq', limit)) }}{% endmacro %}
{% macro get_show_sql(compiled_code, sql_header, limit) %}{% if sql_header %}{{ sql_header }}
{% endif %}{{ get_limit_subquery_sql(compiled_code, limit) }}{% endmacro %}
