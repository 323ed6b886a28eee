select
    currency,
    date_trunc('hour', txn_time at time zone 'UTC') as txn_hour,
    (txn_time at time zone 'UTC')::date as txn_date,
    count(*) as transactions,
    sum(amount) as total_amount
from {{ ref('fct_transactions') }}
where not is_deleted
group by 1, 2, 3
