{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='ledger_entry_id',
    indexes=[{'columns': ['ledger_entry_id'], 'unique': true}, {'columns': ['load_seq']}]
) }}

-- depends_on: {{ ref('stg_load_horizon') }}
{{ staging_table('ledger_entries', key='ledger_entry_id', columns={
    'transaction_id': "(content ->> 'transaction_id')::bigint",
    'account_id': "(content ->> 'account_id')::bigint",
    'entry_type': "content ->> 'entry_type'",
    'amount': "(content ->> 'amount')::numeric(18, 2)",
    'txn_time': "(content ->> 'created_at')::timestamptz",
}) }}
