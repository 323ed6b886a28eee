{{ config(
    unique_key='transaction_id',
    incremental_strategy='delete+insert',
    indexes=[{'columns': ['transaction_id'], 'unique': true}, {'columns': ['load_seq']}]
) }}
{%- set columns = [
  'transaction_id', 'account_id', 'related_account_id', 'txn_type', 'direction', 'amount', 'balance_after', 'txn_status',
  'reference', 'txn_desc', 'reversal_of', 'txn_time', 'posted_at', 'updated_at'
] %}
-- The latest version of each transaction in the order of the log; deleted ones stay, marked.
with changed as (
  select
    key as transaction_id,
    {{ field('account_id', 'bigint') }} as account_id,
    {{ field('related_account_id', 'bigint') }} as related_account_id,
    {{ field('txn_type') }} as txn_type,
    {{ field('direction') }} as direction,
    {{ field('amount', 'numeric(18, 2)') }} as amount,
    {{ field('balance_after', 'numeric(18, 2)') }} as balance_after,
    {{ field('status') }} as txn_status,
    {{ field('reference') }} as reference,
    {{ field('description') }} as txn_desc,
    {{ field('reversal_of', 'bigint') }} as reversal_of,
    {{ field('created_at', 'timestamptz') }} as txn_time,
    {{ field('posted_at', 'timestamptz') }} as posted_at,
    {{ field('updated_at', 'timestamptz') }} as updated_at,
    is_deleted,
    changed_at,
    lsn,
    seq,
    load_seq,
    load_timestamp
  from ({{ newest_events('transactions', 'transaction_id') }}) as event
)

select * from changed
{%- if is_incremental() %}
union all
{{ truncated_rows('transactions', columns, 'transaction_id') }}
{%- endif %}
