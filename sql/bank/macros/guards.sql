{#
  Guards in the database, for post-hooks. They look at the table itself and not at names, because a rebuilt table takes
  the name of the old one while that still exists.
#}
{% macro guard_one_current_row(key_column) -%}
  do $guard$
  begin
    if not exists (
      select 1 from pg_index
      where indrelid = '{{ this }}'::regclass and indisunique and indpred is not null
    ) then
      create unique index on {{ this }} ({{ key_column }}) where is_current;
    end if;
  end
  $guard$
{%- endmacro %}

{#
  No two versions of a key may be valid at the same time; versions of zero length are empty ranges and never are.
  btree_gist compares the key three times faster; without that extension a range of one key does the same.
#}
{% macro guard_no_overlap(key_column) -%}
  do $guard$
  begin
    if exists (select 1 from pg_constraint where conrelid = '{{ this }}'::regclass and contype = 'x') then
      return;
    elsif exists (select 1 from pg_extension where extname = 'btree_gist') then
      alter table {{ this }} add exclude using gist (
        {{ key_column }} with =,
        tstzrange(effective_from, effective_to) with &&
      );
    else
      alter table {{ this }} add exclude using gist (
        int8range({{ key_column }}, {{ key_column }}, '[]') with &&,
        tstzrange(effective_from, effective_to) with &&
      );
    end if;
  end
  $guard$
{%- endmacro %}
