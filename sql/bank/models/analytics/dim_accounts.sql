{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='account_id',
    indexes=[{'columns': ['account_id', 'effective_from']}, {'columns': ['load_seq']}],
    post_hook="{{ guard_history('account_id') }}"
) }}

{{ version_history(ref('stg_account_changes'), key='account_id', columns=[
    'account_number', 'customer_id', 'account_type', 'account_status', 'balance', 'interest_rate', 'currency',
    'opened_at', 'closed_at',
]) }}
