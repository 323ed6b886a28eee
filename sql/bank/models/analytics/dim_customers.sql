{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='customer_id',
    indexes=[{'columns': ['customer_id', 'effective_from']}, {'columns': ['load_seq']}],
    post_hook="{{ guard_history('customer_id') }}"
) }}

{{ version_history(ref('stg_customer_changes'), key='customer_id', columns=[
    'first_name', 'last_name', 'email', 'phone', 'date_of_birth', 'cust_address', 'cust_status',
]) }}
