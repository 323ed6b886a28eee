-- Amount and number of transactions per type.
select
  txn_type,
  sum(amount) as total_amount,
  count(*) as transactions
from {{ ref('fct_transactions') }}
where is_in_kpis
group by txn_type
