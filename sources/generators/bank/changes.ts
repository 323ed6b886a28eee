import type { Faker } from '@faker-js/faker';
import type pg from 'pg';
import { newAddress, newAmount, newPhone } from './people.js';
import { isRefused, type RoundOptions, type RoundResult } from './round.js';

/**
 * What happens to a bank's existing rows: pending transactions settle or fail, a transaction is reversed, customers
 * move and change status, accounts change, are closed, and a customer who left is erased. Adds to `result`; answers how
 * many transactions that took.
 */
export async function changeBank(
  { pool, counts, signal }: RoundOptions,
  faker: Faker,
  result: RoundResult,
): Promise<{ transactions: number }> {
  let transactions = 0;
  const steps: (() => Promise<void>)[] = [
    async () => {
      result.settled += await settlePending(pool, faker);
    },
    async () => {
      if (counts.transactions < 5 || !(await reverseOne(pool))) return;
      result.reversed++;
      transactions++;
    },
    async () => {
      result.changed += (await changeCustomers(pool, faker)) + (await changeAccounts(pool, faker));
    },
    async () => {
      const closing = counts.transactions < 5 ? null : await closeOne(pool, faker);
      if (!closing) return;
      result.closed++;
      transactions += closing.transactions;
    },
    async () => {
      result.deleted += await eraseOne(pool, counts.customers);
    },
  ];
  for (const step of steps) if (!signal?.aborted) await step();
  return { transactions };
}

/** Nine in ten settle; one that the account cannot pay fails. */
async function settlePending(pool: pg.Pool, faker: Faker): Promise<number> {
  const { rows } = await pool.query(`select id from transactions where status = 'PENDING' order by id limit 50`);
  for (const { id } of rows) {
    const status = faker.number.int({ min: 1, max: 10 }) === 1 ? 'FAILED' : 'COMPLETED';
    await settle(pool, id, status);
  }
  return rows.length;
}

async function settle(pool: pg.Pool, id: string, status: 'FAILED' | 'COMPLETED'): Promise<void> {
  try {
    await pool.query(`update transactions set status = $2 where id = $1 and status = 'PENDING'`, [id, status]);
  } catch (error) {
    if (!isRefused(error) || status === 'FAILED') throw error;
    await settle(pool, id, 'FAILED');
  }
}

/** Money goes back by a transaction of its own; the original stays and says that it was reversed. */
async function reverseOne(pool: pg.Pool): Promise<boolean> {
  try {
    const { rowCount } = await pool.query(
      `with original as (
         select t.* from transactions t join accounts a on a.id = t.account_id
          where t.status = 'COMPLETED' and t.reversal_of is null
            and (t.txn_type = 'WITHDRAWAL' or (t.txn_type = 'DEPOSIT' and a.balance >= t.amount)) and a.status = 'ACTIVE'
          order by t.id desc offset 3 limit 1
       ), marked as (
         update transactions t set status = 'REVERSED' from original o where t.id = o.id
       )
       insert into transactions (account_id, txn_type, direction, amount, reference, description, reversal_of)
       select account_id,
              case txn_type when 'DEPOSIT' then 'WITHDRAWAL' else 'DEPOSIT' end,
              case txn_type when 'DEPOSIT' then 'DEBIT' else 'CREDIT' end,
              amount, reference, 'Reversal of transaction ' || id, id
         from original`,
    );
    return rowCount === 1;
  } catch (error) {
    if (isRefused(error)) return false;
    throw error;
  }
}

async function changeCustomers(pool: pg.Pool, faker: Faker): Promise<number> {
  const { rows } = await pool.query(
    'select count(*)::int as n, coalesce(min(id), 0) as least, coalesce(max(id), 0) as most from customers',
  );
  const { n, least, most } = rows[0];
  let changed = 0;
  for (let i = 0; i < Math.min(3, Math.ceil(n / 5)); i++) {
    const id = faker.number.int({ min: least, max: most });
    const [column, value] = faker.helpers.arrayElement([
      ['address', newAddress(faker)],
      ['address', newAddress(faker)],
      ['phone', newPhone(faker)],
      ['status', faker.helpers.arrayElement(['ACTIVE', 'INACTIVE', 'SUSPENDED'])],
    ] as const);
    const { rowCount } = await pool.query(
      `update customers set ${column} = $2 where id = $1 and ${column} is distinct from $2`,
      [id, value],
    );
    changed += rowCount ?? 0;
  }
  return changed;
}

async function changeAccounts(pool: pg.Pool, faker: Faker): Promise<number> {
  const rate = await pool.query(
    `update accounts set interest_rate = $1
      where id = (select id from accounts where account_type = 'SAVINGS' and status = 'ACTIVE' and interest_rate <> $1
                   order by updated_at limit 1)`,
    [newAmount(faker, 1, 5)],
  );
  // An account rests for a while, and is used again.
  const rest = await pool.query(
    `update accounts set status = case status when 'ACTIVE' then 'INACTIVE' else 'ACTIVE' end
      where id = (select id from accounts where status <> 'CLOSED' order by status = 'INACTIVE' desc, updated_at limit 1)`,
  );
  return (rate.rowCount ?? 0) + (rest.rowCount ?? 0);
}

/** Pays the rest out, then closes. Only accounts whose customer has another one, and only when there are some to spare. */
async function closeOne(pool: pg.Pool, faker: Faker): Promise<{ transactions: number } | null> {
  const { rows } = await pool.query(
    `select id, balance from accounts
      where status = 'ACTIVE' and (select count(*) from accounts where status = 'ACTIVE') > 12
        and not exists (select from transactions t
                         where t.status = 'PENDING' and accounts.id in (t.account_id, t.related_account_id))
      order by id offset $1 limit 1`,
    [faker.number.int({ min: 0, max: 9 })],
  );
  const account = rows[0];
  if (!account) return null;
  const client = await pool.connect();
  try {
    await client.query('begin');
    const paid = await client.query(
      `insert into transactions (account_id, txn_type, direction, amount, description)
       select id, 'WITHDRAWAL', 'DEBIT', balance, 'Balance paid out' from accounts where id = $1 and balance > 0`,
      [account.id],
    );
    await client.query(`update accounts set status = 'CLOSED', closed_at = now() where id = $1`, [account.id]);
    await client.query('commit');
    return { transactions: paid.rowCount ?? 0 };
  } catch (error) {
    await client.query('rollback');
    // Someone else moved money in between: it is closed another time.
    if (isRefused(error)) return null;
    throw error;
  } finally {
    client.release();
  }
}

/** A customer asks to be forgotten: accounts, transactions and entries go too. Those with transfers have to be kept. */
async function eraseOne(pool: pg.Pool, customersPerRound: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from customers
      where id = (select c.id from customers c
                   where (select count(*) from customers) > 2 * $1
                     and not exists (select from accounts a join transactions t
                                         on t.txn_type = 'TRANSFER' and a.id in (t.account_id, t.related_account_id)
                                      where a.customer_id = c.id)
                   order by c.id limit 1)`,
    [Math.max(1, customersPerRound)],
  );
  return rowCount ?? 0;
}
