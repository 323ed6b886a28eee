{{ config(
    unique_key='version_id',
    incremental_strategy='delete+insert',
    indexes=[
      {'columns': ['version_id'], 'unique': true},
      {'columns': ['customer_id', 'lsn', 'seq']},
      {'columns': ['load_seq']},
    ],
    post_hook=["{{ guard_one_current_row('customer_id') }}", "{{ guard_no_overlap('customer_id') }}"]
) }}
-- Tests of staging, and then the snapshots, come first. depends_on: {{ ref('customers_snapshot') }}
{{ versions(ref('stg_customer_changes'), 'customer_id', [
  'first_name', 'last_name', 'email', 'phone', 'date_of_birth', 'cust_address', 'cust_status', 'created_at'
]) }}
