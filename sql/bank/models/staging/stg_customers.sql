{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='customer_id',
    indexes=[{'columns': ['customer_id'], 'unique': true}, {'columns': ['load_seq']}]
) }}

-- depends_on: {{ ref('stg_load_horizon') }}
{{ staging_table('customers', key='customer_id', columns=customer_columns()) }}
