{{ config(
    unique_key='ledger_entry_id',
    incremental_strategy='delete+insert',
    indexes=[
      {'columns': ['ledger_entry_id'], 'unique': true},
      {'columns': ['transaction_id']},
      {'columns': ['load_seq']},
    ]
) }}
{%- set columns = ['ledger_entry_id', 'transaction_id', 'account_id', 'entry_type', 'amount', 'txn_time'] %}
-- The latest version of each ledger entry in the order of the log; deleted ones stay, marked.
with changed as (
  select
    key as ledger_entry_id,
    {{ field('transaction_id', 'bigint') }} as transaction_id,
    {{ field('account_id', 'bigint') }} as account_id,
    {{ field('entry_type') }} as entry_type,
    {{ field('amount', 'numeric(18, 2)') }} as amount,
    {{ field('created_at', 'timestamptz') }} as txn_time,
    is_deleted,
    changed_at,
    lsn,
    seq,
    load_seq,
    load_timestamp
  from ({{ newest_events('ledger_entries', 'ledger_entry_id') }}) as event
)

select * from changed
{%- if is_incremental() %}
union all
{{ truncated_rows('ledger_entries', columns, 'ledger_entry_id') }}
{%- endif %}
