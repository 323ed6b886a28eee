-- Schemas, bookkeeping and landing tables of the warehouse. May run any number of times, on PostgreSQL 15 and newer.
create schema if not exists millrace;
create schema if not exists raw;
create schema if not exists staging;
create schema if not exists snapshots;
create schema if not exists analytics;

comment on schema millrace is 'What Millrace remembers of its loads.';
comment on schema raw is 'Change events as they were captured, one row each.';
comment on schema staging is 'Typed change events and the latest version of each row.';
comment on schema snapshots is 'dbt snapshots (slowly changing dimensions, type 2).';
comment on schema analytics is 'Dimensions, facts and key figures: what dashboards read.';

-- Makes the guard against overlapping versions three times faster; everything works without it.
do $body$
begin
  create extension if not exists btree_gist with schema public;
exception when others then
  raise notice 'btree_gist is not to be had: %', sqlerrm;
end
$body$;

-- One row per object that was loaded; it commits in the transaction of its rows, so an object is loaded once, for ever.
create table if not exists millrace.load_ledger (
  file_id bigint generated always as identity primary key,
  bucket text not null,
  key text collate "C" not null,
  etag text not null,
  size bigint not null,
  table_name text not null,
  -- Events in the object, and how many of them were already there from another object.
  rows bigint not null default 0,
  skipped_rows bigint not null default 0,
  run_id text not null,
  loaded_at timestamptz not null default clock_timestamp(),
  -- Grows in the order of the commits: what is greater than the last one seen is what has come since.
  load_seq bigint,
  -- Set when retention took its events out of `raw`.
  events_deleted_at timestamptz,
  unique (bucket, key, etag)
);
create index if not exists load_ledger_load_seq on millrace.load_ledger (load_seq);
create index if not exists load_ledger_table on millrace.load_ledger (table_name, load_seq);
create sequence if not exists millrace.load_seq;

-- Objects that could not be loaded, and why. A row stays when its object was mended and loaded later.
create table if not exists millrace.load_quarantine (
  bucket text not null,
  key text collate "C" not null,
  etag text not null,
  size bigint not null,
  table_name text not null,
  reason text not null,
  -- Number of the line that is wrong, from 1; null when it is no line's fault.
  line bigint,
  excerpt text,
  run_id text not null,
  tries integer not null default 1,
  quarantined_at timestamptz not null default clock_timestamp(),
  -- Set when someone asks for another try: the object is then pending again.
  released_at timestamptz,
  released_by text,
  -- Set when the object was loaded after all.
  resolved_at timestamptz,
  primary key (bucket, key)
);

-- Objects that were listed and are not loaded yet. A row goes in the transaction that loads or quarantines its object;
-- what a failed run leaves here, the next one takes.
create table if not exists millrace.load_pending (
  bucket text not null,
  key text collate "C" not null,
  etag text not null,
  size bigint not null,
  listed_at timestamptz not null default clock_timestamp(),
  primary key (bucket, key)
);

-- When a whole bucket was last compared with the ledger, and how long that took.
create table if not exists millrace.load_scan (
  bucket text primary key,
  full_at timestamptz not null,
  full_ms double precision not null,
  objects bigint not null
);

-- A landing table for the change events of one source table whose primary key is `id`.
--   lsn, seq   where the event stands in the stream. For events of Millrace: LSN of the commit and place in the
--              transaction. For Debezium's: LSN of the commit before, and the event's own LSN made unique by the key,
--              since rows of one multi-row insert share it (and all rows of a snapshot share theirs).
--   key        the row it is about; only a truncate has none.
--   file_id    the object it came from (millrace.load_ledger).
create or replace procedure millrace.create_raw_table(table_name text)
language plpgsql as $body$
begin
  execute format($ddl$
    create table if not exists raw.%1$I (
      payload jsonb not null,
      lsn bigint not null generated always as (
        coalesce(
          payload->'source'->>'commit_lsn',
          (payload->'source'->>'sequence')::jsonb->>0,
          payload->'source'->>'lsn'
        )::bigint
      ) stored,
      seq bigint not null generated always as (
        case
          when payload->'source'->'commit_lsn' is not null then (payload->'source'->>'seq')::bigint
          when payload->>'op' = 'r' then coalesce(payload->'after'->>'id', payload->'before'->>'id')::bigint
          else (payload->'source'->>'lsn')::bigint * 32768
            + coalesce((coalesce(payload->'after'->>'id', payload->'before'->>'id')::bigint & 32767), 0)
        end
      ) stored,
      op text not null generated always as (payload->>'op') stored,
      key bigint generated always as (
        coalesce(payload->'after'->>'id', payload->'before'->>'id')::bigint
      ) stored,
      file_id bigint not null default current_setting('millrace.file_id')::bigint,
      loaded_at timestamptz not null default now(),
      constraint known_op check (op in ('r', 'c', 'u', 'd', 't')),
      constraint has_key check (key is not null or op = 't'),
      unique (lsn, seq)
    )$ddl$, table_name);
  execute format(
    'create index if not exists %I on raw.%I using brin (file_id) with (pages_per_range = 32)',
    table_name || '_file_id', table_name);
  execute format(
    'create index if not exists %I on raw.%I (lsn, seq) where op = ''t''', table_name || '_truncates', table_name);
end
$body$;

call millrace.create_raw_table('customers');
call millrace.create_raw_table('accounts');
call millrace.create_raw_table('transactions');
call millrace.create_raw_table('ledger_entries');
