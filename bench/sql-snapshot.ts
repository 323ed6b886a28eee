/** A snapshot of `public.src` by timestamp, kept in `public.own`. */
export function snapshotFiles(): Record<string, string> {
  return {
    'dbt_project.yml': 'name: bench\nprofile: bench\n',
    'snapshots/own.sql': `{% snapshot own %}{{ config(target_schema='public', unique_key='id', strategy='timestamp', updated_at='updated_at') }}select * from public.src{% endsnapshot %}`,
  };
}

/** SQL that makes the source with that many keys. */
export function snapshotRows(keys: number): string {
  return `create table src as select id::int, 'customer ' || id as name, (id % 1000)::numeric as amount, timestamp '2026-01-01' + (id % 1000) * interval '1 second' as updated_at
from generate_series(1, ${keys}) id; alter table src add primary key (id)`;
}

/**
 * The statements that dbt sends for the same snapshot, written from its documented sequence: a staging table with two joins and the hash of every
 * changed row's versions, an UPDATE by that hash, an INSERT; one transaction. They keep their history in `public.dbts`.
 */
export function dbtSnapshotStatements(): string {
  const hash = `md5(coalesce(cast(id as varchar ), '') || '|' || coalesce(cast(updated_at as varchar ), ''))`;
  return `begin;
create temporary table dbts__dbt_tmp as (
  with snapshot_query as (select * from public.src),
  snapshotted_data as (select *, id as dbt_unique_key from public.dbts where dbt_valid_to is null),
  insertions_source_data as (
    select *, id as dbt_unique_key, updated_at as dbt_updated_at, updated_at as dbt_valid_from,
      coalesce(nullif(updated_at, updated_at), null) as dbt_valid_to, ${hash} as dbt_scd_id
    from snapshot_query
  ),
  updates_source_data as (
    select *, id as dbt_unique_key, updated_at as dbt_updated_at, updated_at as dbt_valid_from, updated_at as dbt_valid_to
    from snapshot_query
  ),
  insertions as (
    select 'insert' as dbt_change_type, source_data.*
    from insertions_source_data as source_data
    left outer join snapshotted_data on snapshotted_data.dbt_unique_key = source_data.dbt_unique_key
    where snapshotted_data.dbt_unique_key is null
      or (snapshotted_data.dbt_unique_key is not null and (snapshotted_data.dbt_valid_from < source_data.updated_at))
  ),
  updates as (
    select 'update' as dbt_change_type, source_data.*, snapshotted_data.dbt_scd_id
    from updates_source_data as source_data
    join snapshotted_data on snapshotted_data.dbt_unique_key = source_data.dbt_unique_key
    where (snapshotted_data.dbt_valid_from < source_data.updated_at)
  )
  select * from insertions
  union all
  select * from updates
);
update public.dbts set dbt_valid_to = s.dbt_valid_to
from dbts__dbt_tmp as s
where s.dbt_scd_id::text = public.dbts.dbt_scd_id::text
  and s.dbt_change_type::text in ('update'::text, 'delete'::text)
  and public.dbts.dbt_valid_to is null;
insert into public.dbts (id, name, amount, updated_at, dbt_updated_at, dbt_valid_from, dbt_valid_to, dbt_scd_id)
select id, name, amount, updated_at, dbt_updated_at, dbt_valid_from, dbt_valid_to, dbt_scd_id
from dbts__dbt_tmp as s where s.dbt_change_type::text = 'insert'::text;
drop table dbts__dbt_tmp;
commit`;
}
