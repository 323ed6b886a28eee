-- Current balance of each customer over all their accounts.
select
  customer.customer_id,
  customer.first_name || ' ' || customer.last_name as full_name,
  account.currency,
  count(*) as accounts,
  sum(account.balance) as total_balance
from {{ ref('dim_accounts') }} as account
join {{ ref('dim_customers') }} as customer on customer.customer_id = account.customer_id and customer.is_current
where account.is_current
group by 1, 2, 3
