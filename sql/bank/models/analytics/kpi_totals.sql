-- The key figures of the bank, one row.
select
  accounts.total_balance,
  transactions.total_transactions,
  transactions.total_amount,
  round(accounts.total_balance / nullif(accounts.total_accounts, 0), 2) as average_balance_per_account,
  accounts.total_accounts,
  customers.total_customers
from (
  select coalesce(sum(balance), 0) as total_balance, count(*) as total_accounts
  from {{ ref('dim_accounts') }} where is_current
) as accounts
cross join (
  select count(*) as total_customers from {{ ref('dim_customers') }} where is_current
) as customers
cross join (
  select count(*) as total_transactions, coalesce(sum(amount), 0) as total_amount
  from {{ ref('fct_transactions') }} where is_in_kpis
) as transactions
