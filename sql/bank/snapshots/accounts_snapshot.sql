{% snapshot accounts_snapshot %}
{{ config(
    unique_key='account_id',
    strategy='check',
    check_cols=['customer_id', 'account_type', 'account_status', 'balance', 'interest_rate'],
    hard_deletes='invalidate'
) }}

-- What staging showed at each run. Changes between two runs are not seen here: dim_accounts has them all.
select * from {{ ref('stg_accounts') }}
where not is_deleted

{% endsnapshot %}
