{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['account_id', 'lsn', 'seq']}, {'columns': ['load_seq']}]
) }}

-- depends_on: {{ ref('stg_load_horizon') }}
{{ change_table('accounts', key='account_id', columns=account_columns()) }}
