{{ config(
    unique_key='transaction_id',
    incremental_strategy='delete+insert',
    indexes=[
      {'columns': ['transaction_id'], 'unique': true},
      {'columns': ['account_id']},
      {'columns': ['load_seq']},
      {'columns': ['account_load_seq']},
    ]
) }}
-- One row per transaction, as it is now. What is deleted, or belongs to a deleted account, stays and is marked, and is
-- not in the key figures. A run takes the transactions that have changed, however old they are, and those of accounts
-- that were deleted (or came back) since.
with changed as (
  select transaction_id from {{ ref('stg_transactions') }}
  {%- if is_incremental() %}
  where load_seq > (select coalesce(max(load_seq), 0) from {{ this }})
  union
  select fact.transaction_id
  from {{ ref('stg_accounts') }} as account
  join {{ this }} as fact on fact.account_id = account.account_id
  where account.load_seq > (select coalesce(max(account_load_seq), 0) from {{ this }})
    and account.is_deleted and not fact.is_account_deleted
  union
  select fact.transaction_id
  from {{ this }} as fact
  join {{ ref('stg_accounts') }} as account on account.account_id = fact.account_id
  where fact.is_account_deleted and not account.is_deleted
  {%- endif %}
)

select
  txn.transaction_id,
  txn.account_id,
  txn.related_account_id,
  account.customer_id,
  txn.txn_type,
  txn.direction,
  txn.amount,
  txn.balance_after,
  account.currency,
  txn.txn_status,
  txn.reference,
  txn.txn_desc,
  txn.reversal_of,
  txn.txn_time,
  txn.posted_at,
  txn.is_deleted,
  coalesce(account.is_deleted, false) as is_account_deleted,
  not (txn.is_deleted or coalesce(account.is_deleted, false)) as is_in_kpis,
  txn.lsn,
  txn.seq,
  txn.load_seq,
  coalesce(account.load_seq, 0) as account_load_seq
from changed
join {{ ref('stg_transactions') }} as txn on txn.transaction_id = changed.transaction_id
left join {{ ref('stg_accounts') }} as account on account.account_id = txn.account_id
