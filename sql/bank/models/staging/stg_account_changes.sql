{{ config(
    incremental_strategy='append',
    indexes=[
      {'columns': ['lsn', 'seq'], 'unique': true},
      {'columns': ['account_id', 'lsn', 'seq']},
      {'columns': ['load_seq']},
    ]
) }}
-- Every change of an account that was captured, typed. A truncate has no account_id.
select
  key as account_id,
  {{ field('account_number') }} as account_number,
  {{ field('customer_id', 'bigint') }} as customer_id,
  {{ field('account_type') }} as account_type,
  {{ field('status') }} as account_status,
  {{ field('balance', 'numeric(18, 2)') }} as balance,
  {{ field('interest_rate', 'numeric(5, 2)') }} as interest_rate,
  {{ field('currency') }} as currency,
  {{ field('opened_at', 'timestamptz') }} as opened_at,
  {{ field('closed_at', 'timestamptz') }} as closed_at,
  {{ field('created_at', 'timestamptz') }} as created_at,
  {{ field('updated_at', 'timestamptz') }} as updated_at,
  op,
  {{ change_time('payload') }} as changed_at,
  lsn,
  seq,
  load_seq,
  load_timestamp
from ({{ new_images('accounts') }}) as event
