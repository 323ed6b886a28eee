-- Amount and number of transactions of each type.
select currency, txn_type, count(*) as transactions, sum(amount) as total_amount
from {{ ref('fct_transactions') }}
where is_in_kpis
group by currency, txn_type
