{{ config(
    incremental_strategy='append',
    indexes=[
      {'columns': ['lsn', 'seq'], 'unique': true},
      {'columns': ['customer_id', 'lsn', 'seq']},
      {'columns': ['load_seq']},
    ]
) }}
-- Every change of a customer that was captured, typed. A truncate has no customer_id.
select
  key as customer_id,
  {{ field('first_name') }} as first_name,
  {{ field('last_name') }} as last_name,
  {{ field('email') }} as email,
  {{ field('phone') }} as phone,
  {{ field('date_of_birth', 'date') }} as date_of_birth,
  {{ field('address') }} as cust_address,
  {{ field('status') }} as cust_status,
  {{ field('created_at', 'timestamptz') }} as created_at,
  {{ field('updated_at', 'timestamptz') }} as updated_at,
  op,
  {{ change_time('payload') }} as changed_at,
  lsn,
  seq,
  load_seq,
  load_timestamp
from ({{ new_images('customers') }}) as event
