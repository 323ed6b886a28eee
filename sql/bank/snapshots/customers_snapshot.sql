{% snapshot customers_snapshot %}
{{ config(
    unique_key='customer_id',
    strategy='check',
    check_cols=['first_name', 'last_name', 'email', 'phone', 'date_of_birth', 'cust_address', 'cust_status'],
    hard_deletes='invalidate'
) }}
-- What a dbt snapshot sees: the latest row at each run. The dimensions hold every version in between as well.
select
  customer_id, first_name, last_name, email, phone, date_of_birth, cust_address, cust_status, created_at, updated_at
from {{ ref('stg_customers') }}
where not is_deleted
{% endsnapshot %}
