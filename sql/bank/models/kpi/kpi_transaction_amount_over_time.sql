-- Amount and number of transactions in each five minutes (UTC) in which they were made.
select
  currency,
  date_bin(interval '5 minutes', txn_time at time zone 'UTC', timestamp '2020-01-01') as txn_period,
  (txn_time at time zone 'UTC')::date as txn_date,
  count(*) as transactions,
  sum(amount) as total_amount
from {{ ref('fct_transactions') }}
where is_in_kpis
group by 1, 2, 3
