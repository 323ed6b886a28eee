{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='account_id',
    indexes=[{'columns': ['account_id'], 'unique': true}, {'columns': ['load_seq']}]
) }}

-- depends_on: {{ ref('stg_load_horizon') }}
{{ staging_table('accounts', key='account_id', columns=account_columns()) }}
