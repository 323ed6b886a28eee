import type { Faker } from '@faker-js/faker';
import type pg from 'pg';
import { centsText, newCustomer, seededFaker } from './people.js';
import { describe, isRefused, newAccount, noResult, type RoundOptions, type RoundResult } from './round.js';

/**
 * Many customers and transactions, for load: the same rules hold, because the same triggers post them, a batch at a
 * time. Balances are followed here, so that a batch asks for no money that is not there.
 */
export async function generateBulk(options: RoundOptions): Promise<RoundResult> {
  const { pool, counts, seed, signal } = options;
  const faker = seededFaker(seed);
  const result = { ...noResult };
  for (let left = counts.customers; left > 0 && !signal?.aborted; left -= batchRows) {
    const customers = Math.min(left, batchRows);
    await addCustomers(options, faker, customers);
    result.customers += customers;
    result.accounts += customers * counts.accountsPerCustomer;
  }
  const purse = await readPurse(pool);
  for (let left = counts.transactions; left > 0 && purse.ids.length > 0 && !signal?.aborted; left -= batchRows) {
    const transactions = Math.min(left, batchRows);
    if (await addTransactions(pool, faker, purse, transactions, counts.amountMax)) result.transactions += transactions;
    else result.rejected += transactions;
  }
  return result;
}

/** Larger batches are no faster, and make a reader of the log wait longer for its first change. */
const batchRows = 5_000;

async function addCustomers({ pool, counts, now }: RoundOptions, faker: Faker, count: number): Promise<void> {
  const { rows } = await pool.query(`select nextval('customers_id_seq')::int as id from generate_series(1, $1::int)`, [
    count,
  ]);
  const ids: number[] = rows.map((row) => row.id);
  const customers = ids.map((id) => newCustomer(faker, id, now));
  const accounts = ids.flatMap((customerId) =>
    Array.from({ length: counts.accountsPerCustomer }, () => ({ customerId, ...newAccount(faker) })),
  );
  await pool.query(
    `with new_customers as (
       insert into customers (id, first_name, last_name, email, phone, date_of_birth, address)
       select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::text[])
     )
     insert into accounts (customer_id, account_type, balance, interest_rate)
     select * from unnest($8::int[], $9::text[], $10::numeric[], $11::numeric[])`,
    [
      ids,
      customers.map(({ firstName }) => firstName),
      customers.map(({ lastName }) => lastName),
      customers.map(({ email }) => email),
      customers.map(({ phone }) => phone),
      customers.map(({ dateOfBirth }) => dateOfBirth),
      customers.map(({ address }) => address),
      accounts.map(({ customerId }) => customerId),
      accounts.map(({ type }) => type),
      accounts.map(({ balance }) => balance),
      accounts.map(({ interestRate }) => interestRate),
    ],
  );
}

/** What the active accounts hold, in cents. */
interface Purse {
  ids: number[];
  cents: Map<number, number>;
}

async function readPurse(pool: pg.Pool): Promise<Purse> {
  const { rows } = await pool.query(
    `select id, (balance * 100)::float8 as cents from accounts where status = 'ACTIVE' and currency = 'USD'
      order by id desc limit 1000000`,
  );
  return { ids: rows.map((row) => row.id), cents: new Map(rows.map((row) => [row.id, row.cents])) };
}

interface NewTransaction {
  account: number;
  related: number | null;
  type: string;
  cents: number;
}

/** Answers false when the batch was refused: someone else spent the money in between. The purse is read anew then. */
async function addTransactions(
  pool: pg.Pool,
  faker: Faker,
  purse: Purse,
  count: number,
  amountMax: number,
): Promise<boolean> {
  const batch = Array.from({ length: count }, () => newTransaction(faker, purse, amountMax));
  try {
    await pool.query(
      `insert into transactions (account_id, related_account_id, txn_type, direction, amount, description)
       select account, related, type, case type when 'DEPOSIT' then 'CREDIT' else 'DEBIT' end, amount, description
         from unnest($1::int[], $2::int[], $3::text[], $4::numeric[], $5::text[])
              as t (account, related, type, amount, description)`,
      [
        batch.map(({ account }) => account),
        batch.map(({ related }) => related),
        batch.map(({ type }) => type),
        batch.map(({ cents }) => centsText(cents)),
        batch.map(({ type }) => describe(faker, type)),
      ],
    );
    return true;
  } catch (error) {
    if (!isRefused(error)) throw error;
    Object.assign(purse, await readPurse(pool));
    return false;
  }
}

function newTransaction(faker: Faker, { ids, cents }: Purse, amountMax: number): NewTransaction {
  const pick = (below: number) => Math.floor(faker.number.float() * below);
  const account = ids[pick(ids.length)] as number;
  const other = ids[pick(ids.length)] as number;
  const held = cents.get(account) ?? 0;
  const wanted = 500 + pick(amountMax * 100 - 499);
  const amount = Math.min(wanted, held);
  const kind = pick(3);
  if (kind === 0 || amount === 0) {
    cents.set(account, held + wanted);
    return { account, related: null, type: 'DEPOSIT', cents: wanted };
  }
  cents.set(account, held - amount);
  if (kind === 1 || other === account) return { account, related: null, type: 'WITHDRAWAL', cents: amount };
  cents.set(other, (cents.get(other) ?? 0) + amount);
  return { account, related: other, type: 'TRANSFER', cents: amount };
}
