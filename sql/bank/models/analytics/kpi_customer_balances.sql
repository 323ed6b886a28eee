-- Current balance of each customer over all their accounts.
select
  customer.customer_id,
  customer.first_name || ' ' || customer.last_name as full_name,
  coalesce(sum(account.balance), 0) as total_balance,
  count(account.account_id) as accounts
from {{ ref('dim_customers') }} as customer
left join {{ ref('dim_accounts') }} as account
  on account.customer_id = customer.customer_id and account.is_current
where customer.is_current
group by customer.customer_id, customer.first_name, customer.last_name
