-- Every completed transaction has one debit and one credit of its amount. Only as far as the log of both tables is whole.
select txn.transaction_id, txn.amount, entry.debits, entry.credits, entry.entries
from {{ ref('stg_transactions') }} as txn
left join (
  select
    transaction_id,
    count(*) as entries,
    sum(amount) filter (where entry_type = 'DEBIT') as debits,
    sum(amount) filter (where entry_type = 'CREDIT') as credits
  from {{ ref('stg_ledger_entries') }}
  where not is_deleted
  group by transaction_id
) as entry on entry.transaction_id = txn.transaction_id
where not txn.is_deleted
  and txn.txn_status in ('COMPLETED', 'REVERSED')
  and txn.lsn <= (select min(complete_lsn) from {{ ref('load_cut') }} where table_name in ('transactions', 'ledger_entries'))
  and (entry.entries is distinct from 2 or entry.debits is distinct from txn.amount or entry.credits is distinct from txn.amount)
