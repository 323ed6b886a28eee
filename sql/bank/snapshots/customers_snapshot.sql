{% snapshot customers_snapshot %}
{{ config(
    unique_key='customer_id',
    strategy='check',
<<<<<<< HEAD
    check_cols=['first_name', 'last_name', 'email', 'phone', 'cust_address', 'cust_status'],
    hard_deletes='invalidate'
) }}

-- What staging showed at each run. Changes between two runs are not seen here: dim_customers has them all.
select * from {{ ref('stg_customers') }}
where not is_deleted

=======
    check_cols=['first_name', 'last_name', 'email', 'phone', 'date_of_birth', 'cust_address', 'cust_status'],
    hard_deletes='invalidate'
) }}
-- What a dbt snapshot sees: the latest row at each run. The dimensions hold every version in between as well.
select
  customer_id, first_name, last_name, email, phone, date_of_birth, cust_address, cust_status, created_at, updated_at
from {{ ref('stg_customers') }}
where not is_deleted
>>>>>>> lake
{% endsnapshot %}
