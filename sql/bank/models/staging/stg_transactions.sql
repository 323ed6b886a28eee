{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='transaction_id',
    indexes=[{'columns': ['transaction_id'], 'unique': true}, {'columns': ['load_seq']}]
) }}

-- depends_on: {{ ref('stg_load_horizon') }}
{{ staging_table('transactions', key='transaction_id', columns={
    'account_id': "(content ->> 'account_id')::bigint",
    'related_account_id': "(content ->> 'related_account_id')::bigint",
    'txn_type': "content ->> 'txn_type'",
    'direction': "content ->> 'direction'",
    'amount': "(content ->> 'amount')::numeric(18, 2)",
    'balance_after': "(content ->> 'balance_after')::numeric(18, 2)",
    'txn_status': "content ->> 'status'",
    'reference': "content ->> 'reference'",
    'txn_desc': "content ->> 'description'",
    'txn_time': "(content ->> 'created_at')::timestamptz",
    'posted_at': "(content ->> 'posted_at')::timestamptz",
}) }}
