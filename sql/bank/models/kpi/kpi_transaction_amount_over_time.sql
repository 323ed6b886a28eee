-- Amount and number of transactions in each hour (UTC) in which they were made.
select
  currency,
  date_trunc('hour', txn_time at time zone 'UTC') as txn_hour,
  (txn_time at time zone 'UTC')::date as txn_date,
  count(*) as transactions,
  sum(amount) as total_amount
from {{ ref('fct_transactions') }}
where is_in_kpis
group by 1, 2, 3
