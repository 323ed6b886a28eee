select currency, txn_type, count(*) as transactions, sum(amount) as total_amount
from {{ ref('fct_transactions') }}
where not is_deleted
group by currency, txn_type
