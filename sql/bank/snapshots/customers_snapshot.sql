{% snapshot customers_snapshot %}
{{ config(
    unique_key='customer_id',
    strategy='check',
    check_cols=['first_name', 'last_name', 'email', 'phone', 'cust_address', 'cust_status'],
    hard_deletes='invalidate'
) }}

-- What staging showed at each run. Changes between two runs are not seen here: dim_customers has them all.
select * from {{ ref('stg_customers') }}
where not is_deleted

{% endsnapshot %}
