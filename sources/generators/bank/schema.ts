import type pg from 'pg';
import { refuseForeignTables } from './foreign-tables.js';

/**
 * Makes the bank's tables, rules and triggers where they are missing; running it again changes nothing. The rules of
 * money live in the database: whoever inserts a transaction, its two ledger entries, the balances and `balance_after`
 * follow in the same commit, or it is refused. Throws SOURCE_FOREIGN when the database has such tables of someone else's.
 *
 * `direction` is the customer's view: CREDIT for a deposit, DEBIT for what leaves the account. `entry_type` is the
 * bank's books, where a deposit is a DEBIT of the account; the entry without an account is the outside world.
 */
export async function ensureBankSchema(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    // Two processes that start together must not make the same table twice.
    await client.query(`select pg_advisory_xact_lock(hashtext('millrace bank schema'))`);
    await client.query("set local client_min_messages = 'warning'");
    await refuseForeignTables(client);
    for (const sql of [tables, functions, triggers, replicaIdentity]) await client.query(sql);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

/** The tables whose changes are captured. */
export const bankTables = ['customers', 'accounts', 'transactions', 'ledger_entries'] as const;

const tables = `
create table if not exists currencies (
  code char(3) primary key,
  name varchar(50) not null
);
insert into currencies (code, name)
values ('USD', 'US Dollar'), ('EUR', 'Euro'), ('GBP', 'Pound Sterling')
on conflict do nothing;

create table if not exists customers (
  id serial primary key,
  first_name varchar(100) not null,
  last_name varchar(100) not null,
  email varchar(255) not null unique,
  phone varchar(20),
  date_of_birth date,
  address text,
  status varchar(20) not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE', 'SUSPENDED')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create sequence if not exists account_number_seq start 1000000000;

create table if not exists accounts (
  id serial primary key,
  account_number varchar(20) not null unique
    default 'AC' || to_char(nextval('account_number_seq'), 'FM0000000000'),
  customer_id integer not null references customers on delete cascade,
  account_type varchar(20) not null check (account_type in ('SAVINGS', 'CHECKING', 'CREDIT', 'LOAN')),
  status varchar(20) not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE', 'CLOSED')),
  balance numeric(18, 2) not null default 0 check (balance >= 0),
  opening_balance numeric(18, 2) not null default 0 check (opening_balance >= 0),
  interest_rate numeric(5, 2) not null default 0,
  currency char(3) not null default 'USD' references currencies,
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint closed_accounts_are_empty check ((status = 'CLOSED') = (closed_at is not null) and (status <> 'CLOSED' or balance = 0))
);
create index if not exists accounts_customer_id on accounts (customer_id);

create table if not exists transactions (
  id bigserial primary key,
  account_id integer not null references accounts on delete cascade,
  related_account_id integer references accounts,
  txn_type varchar(20) not null check (txn_type in ('DEPOSIT', 'WITHDRAWAL', 'TRANSFER')),
  direction varchar(10) not null,
  amount numeric(18, 2) not null check (amount > 0),
  balance_after numeric(18, 2) check (balance_after >= 0),
  status varchar(20) not null default 'COMPLETED' check (status in ('PENDING', 'COMPLETED', 'FAILED', 'REVERSED')),
  reference varchar(100),
  description text,
  reversal_of bigint unique references transactions on delete cascade,
  created_at timestamptz not null default now(),
  posted_at timestamptz,
  updated_at timestamptz not null default now(),
  constraint direction_is_the_customers_view
    check (direction = case txn_type when 'DEPOSIT' then 'CREDIT' else 'DEBIT' end),
  constraint only_transfers_have_a_counterpart
    check ((txn_type = 'TRANSFER') = (related_account_id is not null) and related_account_id <> account_id)
);
create index if not exists transactions_account_id on transactions (account_id);
create index if not exists transactions_related_account_id
  on transactions (related_account_id) where related_account_id is not null;

create table if not exists ledger_entries (
  id bigserial primary key,
  transaction_id bigint not null references transactions on delete cascade,
  account_id integer references accounts on delete cascade,
  entry_type varchar(10) not null check (entry_type in ('DEBIT', 'CREDIT')),
  amount numeric(18, 2) not null check (amount > 0),
  created_at timestamptz not null default now()
);
create index if not exists ledger_entries_account_id on ledger_entries (account_id);
create index if not exists ledger_entries_transaction_id on ledger_entries (transaction_id);
`;

const functions = `
create or replace function touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end $$;

create or replace function keep_opening_balance() returns trigger language plpgsql as $$
begin
  new.opening_balance := new.balance;
  return new;
end $$;

-- Set-based, so that one transaction and a batch of thousands take the same way. Balances of accounts that occur
-- more than once in a batch run on in the order of the ids.
create or replace function post_transactions(posted bigint[]) returns void language plpgsql as $$
declare
  refused record;
begin
  -- The smaller id first: transfers in opposite directions wait for each other instead of deadlocking.
  perform from accounts a
    where a.id in (select t.account_id from transactions t where t.id = any (posted)
                   union select t.related_account_id from transactions t where t.id = any (posted))
    order by a.id for no key update;

  select a.id, a.status, a.currency, t.id as transaction_id into refused
    from transactions t
    join accounts s on s.id = t.account_id
    join accounts a on a.id = t.account_id or a.id = t.related_account_id
   where t.id = any (posted) and (a.status <> 'ACTIVE' or a.currency <> s.currency)
   limit 1;
  if found then
    raise exception 'Account % (%, %) does not take transaction %', refused.id, refused.status, refused.currency,
      refused.transaction_id using errcode = 'check_violation';
  end if;

  with posting as (
    select id, account_id, related_account_id, txn_type, amount from transactions where id = any (posted)
  ), leg as (
    select id, account_id, case txn_type when 'DEPOSIT' then amount else -amount end as delta from posting
    union all
    select id, related_account_id, amount from posting where txn_type = 'TRANSFER'
  ), running as (
    select leg.id, leg.account_id,
           a.balance + sum(leg.delta) over (partition by leg.account_id order by leg.id) as balance
      from leg join accounts a on a.id = leg.account_id
  ), moved as (
    update accounts a set balance = a.balance + d.delta, updated_at = now()
      from (select account_id, sum(delta) as delta from leg group by account_id) d
     where a.id = d.account_id
  ), entered as (
    insert into ledger_entries (transaction_id, account_id, entry_type, amount)
    select id, account_id, case txn_type when 'DEPOSIT' then 'DEBIT' else 'CREDIT' end, amount from posting
    union all
    select id, related_account_id, case txn_type when 'DEPOSIT' then 'CREDIT' else 'DEBIT' end, amount from posting
  )
  update transactions t set balance_after = r.balance, posted_at = now(), updated_at = now()
    from running r
   -- Said twice: without it, a large table is read whole to find the rows of the batch.
   where t.id = any (posted) and t.id = r.id and t.account_id = r.account_id;
exception when check_violation then
  if sqlerrm like 'Account %' then raise; end if;
  raise exception 'Insufficient funds' using errcode = 'check_violation', detail = sqlerrm;
end $$;

create or replace function post_inserted_transactions() returns trigger language plpgsql as $$
declare
  posted bigint[] := (select array_agg(id) from inserted where status = 'COMPLETED');
begin
  if posted is not null then perform post_transactions(posted); end if;
  return null;
end $$;

create or replace function post_settled_transactions() returns trigger language plpgsql as $$
declare
  posted bigint[] := (select array_agg(n.id) from former f join latter n using (id)
                       where f.status = 'PENDING' and n.status = 'COMPLETED');
begin
  if posted is not null then perform post_transactions(posted); end if;
  return null;
end $$;

create or replace function check_transaction_change() returns trigger language plpgsql as $$
begin
  if (new.account_id, new.related_account_id, new.txn_type, new.amount)
     is distinct from (old.account_id, old.related_account_id, old.txn_type, old.amount) then
    raise exception 'Transaction % cannot be rewritten', old.id using errcode = 'check_violation';
  end if;
  if new.status <> old.status
     and (old.status, new.status) not in (('PENDING', 'COMPLETED'), ('PENDING', 'FAILED'), ('COMPLETED', 'REVERSED')) then
    raise exception 'Transaction % cannot go from % to %', old.id, old.status, new.status using errcode = 'check_violation';
  end if;
  new.updated_at := now();
  return new;
end $$;

create or replace function keep_counterparts() returns trigger language plpgsql as $$
begin
  if exists (select from transactions where txn_type = 'TRANSFER' and old.id in (account_id, related_account_id)) then
    raise exception 'Account % has transfers with another account, which needs them', old.id
      using errcode = 'restrict_violation';
  end if;
  return old;
end $$;
`;

const triggers = `
create or replace trigger touch before update on customers for each row execute function touch_updated_at();
create or replace trigger touch before update on accounts for each row execute function touch_updated_at();
create or replace trigger opening before insert on accounts for each row execute function keep_opening_balance();
create or replace trigger counterparts before delete on accounts for each row execute function keep_counterparts();
-- What the posting itself writes needs neither check: it runs inside a trigger.
create or replace trigger change before update on transactions for each row
  when (pg_trigger_depth() = 0) execute function check_transaction_change();
create or replace trigger post_inserted after insert on transactions
  referencing new table as inserted for each statement execute function post_inserted_transactions();
create or replace trigger post_settled after update on transactions
  referencing old table as former new table as latter for each statement
  when (pg_trigger_depth() = 0) execute function post_settled_transactions();
`;

/** Deletes and updates then carry the whole row as it was. */
const replicaIdentity = `
do $$
declare
  name text;
begin
  foreach name in array array['customers', 'accounts', 'transactions', 'ledger_entries'] loop
    -- Only where it is not so yet: it locks the table, and a generator that starts beside others must not wait.
    if (select relreplident from pg_class where oid = name::regclass) <> 'f' then
      execute format('alter table %I replica identity full', name);
    end if;
  end loop;
end $$;
`;
