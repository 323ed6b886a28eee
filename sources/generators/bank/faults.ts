import type pg from 'pg';

/** Rules of the bank that must hold at any moment, each a query for the rows that break it. */
const rules: Record<string, string> = {
  'a posted transaction has one debit and one credit of its amount': `
    select t.id from transactions t left join ledger_entries e on e.transaction_id = t.id
     where t.status in ('COMPLETED', 'REVERSED') group by t.id, t.amount
    having count(e.id) <> 2 or count(*) filter (where e.entry_type = 'DEBIT' and e.amount = t.amount) <> 1
        or count(*) filter (where e.entry_type = 'CREDIT' and e.amount = t.amount) <> 1`,
  'a transaction that is not posted has no entries': `
    select t.id from transactions t join ledger_entries e on e.transaction_id = t.id
     where t.status in ('PENDING', 'FAILED')`,
  'a balance is what the account opened with and what its entries add': `
    select a.id from accounts a left join ledger_entries e on e.account_id = a.id
     group by a.id having a.balance <> a.opening_balance
       + coalesce(sum(case e.entry_type when 'DEBIT' then e.amount else -e.amount end), 0)`,
  'a posted transaction says the balance after it': `
    select id from transactions
     where (status in ('COMPLETED', 'REVERSED')) <> (balance_after is not null and posted_at is not null)`,
  'the last transaction of an account says its balance, unless it received a transfer since': `
    select a.id from accounts a
      join lateral (select t.id, t.balance_after from transactions t
                     where t.account_id = a.id and t.balance_after is not null
                     order by t.posted_at desc, t.id desc limit 1) l on true
     where l.balance_after <> a.balance
       and not exists (select from ledger_entries e where e.account_id = a.id
                        and e.entry_type = 'DEBIT' and e.transaction_id not in
                            (select id from transactions where account_id = a.id))`,
  'every reference leads to a row': `
    select t.id from transactions t left join accounts a on a.id = t.account_id left join accounts r on r.id = t.related_account_id
     where a.id is null or (r.id is null and t.related_account_id is not null)
    union all
    select e.id from ledger_entries e left join transactions t on t.id = e.transaction_id left join accounts a on a.id = e.account_id
     where t.id is null or (a.id is null and e.account_id is not null)`,
  'a reversed transaction has exactly one reversal of its amount': `
    select t.id from transactions t left join transactions r on r.reversal_of = t.id and r.amount = t.amount
     where (t.status = 'REVERSED') <> (r.id is not null)`,
};

/** The rules that do not hold, with some of the ids that break them; empty when the bank is in order. */
export async function findBankFaults(pool: pg.Pool): Promise<{ rule: string; ids: string[] }[]> {
  const faults: { rule: string; ids: string[] }[] = [];
  for (const [rule, query] of Object.entries(rules)) {
    const { rows } = await pool.query(`select id::text from (${query}) as broken limit 10`);
    if (rows.length > 0) faults.push({ rule, ids: rows.map((row) => row.id) });
  }
  return faults;
}
