{{ config(
    unique_key='version_id',
    incremental_strategy='delete+insert',
    indexes=[
      {'columns': ['version_id'], 'unique': true},
      {'columns': ['account_id', 'lsn', 'seq']},
      {'columns': ['load_seq']},
    ],
    post_hook=["{{ guard_one_current_row('account_id') }}", "{{ guard_no_overlap('account_id') }}"]
) }}
-- Tests of staging, and then the snapshots, come first. depends_on: {{ ref('accounts_snapshot') }}
{{ versions(ref('stg_account_changes'), 'account_id', [
  'account_number', 'customer_id', 'account_type', 'account_status', 'balance', 'interest_rate', 'currency', 'created_at'
]) }}
