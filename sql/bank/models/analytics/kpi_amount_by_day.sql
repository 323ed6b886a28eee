-- Amount and number of transactions per day (UTC) on which they happened.
select
  (txn_time at time zone 'UTC')::date as day,
  sum(amount) as total_amount,
  count(*) as transactions
from {{ ref('fct_transactions') }}
where is_in_kpis
group by 1
