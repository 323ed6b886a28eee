import type { Faker } from '@faker-js/faker';
import type pg from 'pg';
import { centsText, newCustomer, seededFaker } from './people.js';
import { isRefused, newAccount, noResult, type RoundOptions, type RoundResult } from './round.js';

/**
 * Many customers and transactions, for load. The posting is the one of the triggers, a batch at a time; balances are
 * followed here, so that a batch asks for no money that is not there. Two connections work on accounts of their own,
 * therefore a seed fixes what each of them does, but not the order of ids between them.
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
  const half = Math.ceil(counts.transactions / 2);
  const shares = [half, counts.transactions - half];
  const isTrusted = await mayPostUnchecked(pool);
  await Promise.all(
    shares.map((transactions, share) => addShare({ ...options, transactions, share, isTrusted, result })),
  );
  return result;
}

/** Larger batches are no faster, and make a reader of the log wait longer for its first change. */
const batchRows = 5_000;

interface ShareOptions extends RoundOptions {
  /** How many transactions. */
  transactions: number;
  /** 0 or 1: works on the accounts with even or odd ids. */
  share: number;
  isTrusted: boolean;
  /** Is added to. */
  result: RoundResult;
}

async function addShare({ pool, counts, seed, signal, transactions, share, isTrusted, result }: ShareOptions) {
  const faker = seededFaker(seed + share);
  const purse = await readPurse(pool, share);
  for (let left = transactions; left > 0 && purse.ids.length > 0 && !signal?.aborted; left -= batchRows) {
    const batch = Array.from({ length: Math.min(left, batchRows) }, () =>
      newTransaction(faker, purse, counts.amountMax),
    );
    if (await addTransactions(pool, batch, isTrusted)) {
      result.transactions += batch.length;
    } else {
      result.rejected += batch.length;
      Object.assign(purse, await readPurse(pool, share));
    }
  }
}

/**
 * A superuser may leave out the row by row checks of foreign keys, which take more than half of the time: the ids come
 * from the database, and posting locks their accounts until the commit.
 */
async function mayPostUnchecked(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query('select rolsuper from pg_roles where rolname = current_user');
  return rows[0].rolsuper;
}

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

/** What the active accounts of a share hold, in cents. */
interface Purse {
  ids: number[];
  cents: Map<number, number>;
}

async function readPurse(pool: pg.Pool, share: number): Promise<Purse> {
  const { rows } = await pool.query(
    `select id, (balance * 100)::float8 as cents from accounts
      where status = 'ACTIVE' and currency = 'USD' and id % 2 = $1 order by id desc limit 500000`,
    [share],
  );
  return { ids: rows.map((row) => row.id), cents: new Map(rows.map((row) => [row.id, row.cents])) };
}

interface NewTransaction {
  account: number;
  related: number | null;
  type: string;
  cents: number;
  description: string;
}

/** Answers false when the batch was refused: someone else spent the money in between. */
async function addTransactions(pool: pg.Pool, batch: readonly NewTransaction[], isTrusted: boolean): Promise<boolean> {
  const client = await pool.connect();
  try {
    await client.query(`begin; set local plan_cache_mode = force_custom_plan`);
    if (isTrusted) await client.query('set local session_replication_role = replica');
    const { rows } = await client.query(
      `insert into transactions (account_id, related_account_id, txn_type, direction, amount, description)
       select account, related, type, case type when 'DEPOSIT' then 'CREDIT' else 'DEBIT' end, amount, description
         from unnest($1::int[], $2::int[], $3::text[], $4::numeric[], $5::text[])
              as t (account, related, type, amount, description)
       returning id`,
      [
        batch.map(({ account }) => account),
        batch.map(({ related }) => related),
        batch.map(({ type }) => type),
        batch.map(({ cents }) => centsText(cents)),
        batch.map(({ description }) => description),
      ],
    );
    // Without the checks of foreign keys the triggers do not fire either: what they would do is done here.
    if (isTrusted) await client.query('select post_transactions($1)', [rows.map((row) => row.id)]);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback');
    if (isRefused(error)) return false;
    throw error;
  } finally {
    client.release();
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
    return { account, related: null, type: 'DEPOSIT', cents: wanted, description: 'Paycheck deposit' };
  }
  cents.set(account, held - amount);
  if (kind === 1 || other === account) {
    return { account, related: null, type: 'WITHDRAWAL', cents: amount, description: 'Card payment' };
  }
  cents.set(other, (cents.get(other) ?? 0) + amount);
  return { account, related: other, type: 'TRANSFER', cents: amount, description: 'Shared bill' };
}
