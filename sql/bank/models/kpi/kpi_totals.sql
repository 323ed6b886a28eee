-- The cards of the dashboard, one row per currency: money of different currencies is never added up.
with balances as (
  select currency, sum(balance) as total_balance, count(*) as total_accounts
  from {{ ref('dim_accounts') }}
  where is_current
  group by currency
),

transactions as (
  select currency, count(*) as total_transactions, sum(amount) as total_transaction_amount
  from {{ ref('fct_transactions') }}
  where is_in_kpis
  group by currency
)

select
  balances.currency,
  balances.total_balance,
  coalesce(transactions.total_transactions, 0) as total_transactions,
  coalesce(transactions.total_transaction_amount, 0) as total_transaction_amount,
  round(balances.total_balance / balances.total_accounts, 2) as average_balance_per_account,
  balances.total_accounts,
  (select count(*) from {{ ref('dim_customers') }} where is_current) as total_customers
from balances
left join transactions on transactions.currency = balances.currency
