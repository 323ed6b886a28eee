import type { Faker } from '@faker-js/faker';
import pg from 'pg';
import { changeBank } from './changes.js';
import { newAmount, newCustomer, seededFaker } from './people.js';

export interface RoundCounts {
  customers: number;
  accountsPerCustomer: number;
  transactions: number;
  /** Upper bound of an amount, in whole currency units. */
  amountMax: number;
}

export interface RoundOptions {
  pool: pg.Pool;
  counts: RoundCounts;
  seed: number;
  /** Epoch milliseconds: for dates of birth; the rows themselves take their times from the database. */
  now: number;
  signal?: AbortSignal;
}

/** What one round did. `rejected` were refused by the rules of the bank, mostly for insufficient funds. */
export interface RoundResult {
  customers: number;
  accounts: number;
  transactions: number;
  rejected: number;
  settled: number;
  reversed: number;
  changed: number;
  closed: number;
  deleted: number;
}

export const noResult: Readonly<RoundResult> = {
  customers: 0,
  accounts: 0,
  transactions: 0,
  rejected: 0,
  settled: 0,
  reversed: 0,
  changed: 0,
  closed: 0,
  deleted: 0,
};

/**
 * One round of the bank's life, each step committed by itself: new customers with accounts, transactions among active
 * accounts, then changes of what is there. The same seed on an empty database gives the same rows.
 */
export async function generateRound(options: RoundOptions): Promise<RoundResult> {
  const { pool, counts, seed, signal } = options;
  const faker = seededFaker(seed);
  const result = { ...noResult };
  const opened: number[] = [];
  for (let i = 0; i < counts.customers && !signal?.aborted; i++) {
    opened.push(...(await addCustomer(options, faker)));
    result.customers++;
  }
  result.accounts = opened.length;
  const changes = await changeBank(options, faker, result);
  const accounts = [...opened, ...(await olderAccounts(pool, opened))];
  for (let i = changes.transactions; i < counts.transactions && !signal?.aborted; i++) {
    if (await addTransaction(pool, faker, accounts, counts.amountMax)) result.transactions++;
    else result.rejected++;
  }
  result.transactions += changes.transactions;
  return result;
}

async function addCustomer({ pool, counts, now }: RoundOptions, faker: Faker): Promise<number[]> {
  const { rows } = await pool.query(`select nextval('customers_id_seq')::int as id`);
  const id: number = rows[0].id;
  const customer = newCustomer(faker, id, now);
  const accounts = Array.from({ length: counts.accountsPerCustomer }, () => newAccount(faker));
  const inserted = await pool.query(
    `with customer as (
       insert into customers (id, first_name, last_name, email, phone, date_of_birth, address)
       values ($1, $2, $3, $4, $5, $6, $7) returning id
     )
     insert into accounts (customer_id, account_type, balance, interest_rate)
     select c.id, a.* from customer c, unnest($8::text[], $9::numeric[], $10::numeric[]) as a (type, balance, rate)
     returning id`,
    [
      id,
      customer.firstName,
      customer.lastName,
      customer.email,
      customer.phone,
      customer.dateOfBirth,
      customer.address,
      accounts.map(({ type }) => type),
      accounts.map(({ balance }) => balance),
      accounts.map(({ interestRate }) => interestRate),
    ],
  );
  return inserted.rows.map((row) => row.id);
}

export function newAccount(faker: Faker): { type: string; balance: string; interestRate: string } {
  const type = faker.helpers.arrayElement(['SAVINGS', 'CHECKING', 'CREDIT']);
  return {
    type,
    balance: newAmount(faker, 50, 2000),
    interestRate: type === 'SAVINGS' ? newAmount(faker, 1, 5) : '0.00',
  };
}

/** Older customers go on using their accounts. */
async function olderAccounts(pool: pg.Pool, opened: readonly number[]): Promise<number[]> {
  const { rows } = await pool.query(
    `select id from accounts where status = 'ACTIVE' and id <> all ($1::int[]) order by id desc limit 200`,
    [opened],
  );
  return rows.map((row) => row.id);
}

/** Answers false when the rules of the bank refuse it. */
async function addTransaction(
  pool: pg.Pool,
  faker: Faker,
  accounts: readonly number[],
  amountMax: number,
): Promise<boolean> {
  if (accounts.length === 0) return false;
  const wanted = faker.helpers.arrayElement(['DEPOSIT', 'WITHDRAWAL', 'TRANSFER']);
  const type = wanted === 'TRANSFER' && accounts.length < 2 ? 'DEPOSIT' : wanted;
  const account = faker.helpers.arrayElement(accounts);
  const others = accounts.filter((id) => id !== account);
  const related = type === 'TRANSFER' ? faker.helpers.arrayElement(others) : null;
  const amount = newAmount(faker, 5, amountMax);
  // A few need a clearing house first: they are settled, or fail, in a later round.
  const status = faker.number.int({ min: 1, max: 20 }) === 1 ? 'PENDING' : 'COMPLETED';
  try {
    await pool.query(
      `insert into transactions (account_id, related_account_id, txn_type, direction, amount, status, reference, description)
       values ($1, $2, $3::text, case $3::text when 'DEPOSIT' then 'CREDIT' else 'DEBIT' end, $4, $5, $6, $7)`,
      [
        account,
        related,
        type,
        amount,
        status,
        faker.string.alphanumeric({ length: 12, casing: 'upper' }),
        describe(faker, type),
      ],
    );
    return true;
  } catch (error) {
    if (isRefused(error)) return false;
    throw error;
  }
}

/** A rule of the bank (23514), or an account that was erased in between (23503), as opposed to a fault. */
export function isRefused(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '23514' || error.code === '23503');
}

function describe(faker: Faker, type: string): string {
  const words: Record<string, string[]> = {
    DEPOSIT: ['Paycheck deposit', 'Cash deposit', 'Refund', 'Interest'],
    WITHDRAWAL: ['ATM withdrawal', 'Card payment', 'Groceries', 'Rent', 'Utilities'],
    TRANSFER: ['Transfer to savings', 'Shared bill', 'Gift', 'Loan repayment'],
  };
  return faker.helpers.arrayElement(words[type] as string[]);
}
