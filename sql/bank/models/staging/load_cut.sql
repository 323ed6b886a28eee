{{ config(materialized='table') }}
-- How far this run sees, the same for all its models: loads up to `load_seq`. `complete_lsn` is where the log of a table
-- is known to be whole: beyond it, an object may still be on its way or in quarantine.
select
  landed.table_name,
  (select coalesce(max(load_seq), 0) from {{ source('millrace', 'load_ledger') }}) as load_seq,
  least(landed.lsn, missing.lsn - 1) as complete_lsn
from (
  {%- for table in ['customers', 'accounts', 'transactions', 'ledger_entries'] %}
  select '{{ table }}' as table_name, max(lsn) as lsn from {{ source('raw', table) }}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
) as landed
left join (
  select split_part(key, '/', 1) as table_name, min(('x' || substring(key from '-([0-9a-f]{16})\.'))::bit(64)::bigint) as lsn
  from (
    select key from {{ source('millrace', 'load_pending') }}
    union all
    select key from {{ source('millrace', 'load_quarantine') }} where resolved_at is null
  ) as waiting
  group by 1
) as missing on missing.table_name = landed.table_name
