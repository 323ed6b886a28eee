{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['customer_id', 'lsn', 'seq']}, {'columns': ['load_seq']}]
) }}

-- depends_on: {{ ref('stg_load_horizon') }}
{{ change_table('customers', key='customer_id', columns=customer_columns()) }}
