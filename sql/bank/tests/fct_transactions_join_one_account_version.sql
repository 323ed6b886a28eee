-- Each transaction finds exactly one version of its account at the time it was made.
select txn.transaction_id, count(account.account_id) as versions
from {{ ref('fct_transactions') }} as txn
left join {{ ref('dim_accounts') }} as account
    on account.account_id = txn.account_id
    and account.effective_from <= txn.txn_time
    and (account.effective_to > txn.txn_time or account.effective_to is null)
where not txn.is_deleted
group by txn.transaction_id
having count(account.account_id) <> 1
