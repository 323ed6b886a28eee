-- Every transaction finds exactly one version of its account that was valid when it was made: of the transactions that
-- were loaded last, as far as the log of the accounts is whole.
select txn.transaction_id, txn.account_id, txn.txn_time, version.found
from {{ ref('fct_transactions') }} as txn
cross join lateral (
  select count(*) as found
  from {{ ref('dim_accounts') }} as account
  where account.account_id = txn.account_id
    and tstzrange(account.effective_from, account.effective_to) @> txn.txn_time
) as version
where version.found <> 1
  and txn.is_in_kpis
  and txn.load_seq = (select max(newest.load_seq) from {{ ref('fct_transactions') }} as newest)
  and txn.lsn <= (select complete_lsn from {{ ref('load_cut') }} where table_name = 'accounts')
