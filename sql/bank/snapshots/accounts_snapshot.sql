{% snapshot accounts_snapshot %}
{{ config(
    unique_key='account_id',
    strategy='check',
    check_cols=['customer_id', 'account_type', 'account_status', 'balance', 'interest_rate'],
    hard_deletes='invalidate'
) }}
-- What a dbt snapshot sees: the latest row at each run. The dimensions hold every version in between as well.
select
  account_id, account_number, customer_id, account_type, account_status, balance, interest_rate, currency, created_at,
  updated_at
from {{ ref('stg_accounts') }}
where not is_deleted
{% endsnapshot %}
