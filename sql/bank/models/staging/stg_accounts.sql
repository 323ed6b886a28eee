{{ config(
    unique_key='account_id',
    incremental_strategy='delete+insert',
    indexes=[{'columns': ['account_id'], 'unique': true}, {'columns': ['load_seq']}]
) }}
-- The latest version of each account in the order of the log; deleted ones stay, marked.
{{ latest_version(ref('stg_account_changes'), 'account_id', [
  'account_number', 'customer_id', 'account_type', 'account_status', 'balance', 'interest_rate', 'currency',
  'opened_at', 'closed_at', 'created_at', 'updated_at'
]) }}
