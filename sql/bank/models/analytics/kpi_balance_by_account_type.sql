-- Current balances per type of account.
select
  account_type,
  round(avg(balance), 2) as average_balance,
  sum(balance) as total_balance,
  count(*) as accounts
from {{ ref('dim_accounts') }}
where is_current
group by account_type
