{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='transaction_id',
    indexes=[
        {'columns': ['transaction_id'], 'unique': true},
        {'columns': ['account_id']},
        {'columns': ['load_seq']},
        {'columns': ['account_load_seq']},
    ]
) }}

-- One row per transaction. New ones come in, changed ones are merged, whenever they arrive; those of a deleted account are
-- marked and stay out of the key figures.
with accounts as (
    select account_id, currency, is_deleted, load_seq from {{ ref('stg_accounts') }}
)

select
    txn.transaction_id,
    txn.account_id,
    txn.related_account_id,
    txn.txn_type,
    txn.direction,
    txn.amount,
    txn.balance_after,
    account.currency,
    txn.txn_status,
    txn.reference,
    txn.txn_desc,
    txn.txn_time,
    txn.posted_at,
    txn.is_deleted or coalesce(account.is_deleted, false) as is_deleted,
    txn.load_timestamp,
    txn.load_seq,
    case when account.is_deleted then account.load_seq else 0 end as account_load_seq
from {{ ref('stg_transactions') }} as txn
left join accounts as account on account.account_id = txn.account_id
{% if is_incremental() -%}
where txn.load_seq > (select coalesce(max(load_seq), 0) from {{ this }})
    or txn.account_id in (
        select account_id from accounts
        where is_deleted
            and load_seq > (select coalesce(max(account_load_seq), 0) from {{ this }})
    )
{%- endif %}
