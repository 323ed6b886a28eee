-- Amount and number of transactions in each period (UTC) in which they were made: ten seconds in the last twenty minutes,
-- so that a bank that has just begun can be seen to live, five minutes before.
with transactions as (
  select
    currency,
    amount,
    txn_time at time zone 'UTC' as made_at,
    txn_time > max(txn_time) over () - interval '20 minutes' as is_recent
  from {{ ref('fct_transactions') }}
  where is_in_kpis
)

select
  currency,
  date_bin(
    case when is_recent then interval '10 seconds' else interval '5 minutes' end, made_at, timestamp '2020-01-01'
  ) as txn_period,
  made_at::date as txn_date,
  count(*) as transactions,
  sum(amount) as total_amount
from transactions
group by 1, 2, 3
