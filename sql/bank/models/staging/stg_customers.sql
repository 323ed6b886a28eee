{{ config(
    unique_key='customer_id',
    incremental_strategy='delete+insert',
    indexes=[{'columns': ['customer_id'], 'unique': true}, {'columns': ['load_seq']}]
) }}
-- The latest version of each customer in the order of the log; deleted ones stay, marked.
{{ latest_version(ref('stg_customer_changes'), 'customer_id', [
  'first_name', 'last_name', 'email', 'phone', 'date_of_birth', 'cust_address', 'cust_status', 'created_at', 'updated_at'
]) }}
