-- Current balances of each type of account.
select
  currency,
  account_type,
  count(*) as accounts,
  sum(balance) as total_balance,
  round(avg(balance), 2) as average_balance
from {{ ref('dim_accounts') }}
where is_current
group by currency, account_type
