import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../kernel/time.js';
import { findBankFaults } from '../../../sources/generators/bank/faults.js';
import { runGenerator } from '../../../sources/generators/bank/generator.js';
import type { RoundResult } from '../../../sources/generators/bank/round.js';
import { bankTables, ensureBankSchema } from '../../../sources/generators/bank/schema.js';
import { testDatabase } from '../../support/postgres.js';

const clock = systemClock;

describe('the bank generator', () => {
  it('makes 5 customers, 10 accounts and up to 25 transactions with their entries on an empty database', async () => {
    const { url, pool } = await bank();
    const result = await runGenerator({ sourceUrl: url, once: true, clock });
    expect(await counts(pool)).toMatchObject({ customers: 5, accounts: 10, transactions: result.transactions });
    expect(result.transactions + result.rejected).toBe(25);
    expect(await findBankFaults(pool)).toEqual([]);
  });

  it('takes no table or function of others for its own, and changes nothing there', async () => {
    const { url, pool } = await bank();
    const refused = (message: RegExp) =>
      expect(runGenerator({ sourceUrl: url, once: true, clock })).rejects.toMatchObject({
        code: 'SOURCE_FOREIGN',
        message: expect.stringMatching(message),
        hint: expect.stringContaining('--no-examples'),
      });
    await pool.query('create table customers (id serial primary key, company text)');
    await refused(/a table customers that is not the example bank's: it has no column first_name/);
    await pool.query('drop table customers; create view accounts as select 1 as id');
    await refused(/the relation accounts, which is no ordinary table/);
    await pool.query(`drop view accounts;
      create function touch_updated_at() returns int language sql as 'select 7'`);
    await refused(/a function touch_updated_at/);
    expect((await pool.query('select touch_updated_at() as it')).rows).toEqual([{ it: 7 }]);
    const { rows } = await pool.query(`select relname from pg_class where relnamespace = 'public'::regnamespace`);
    expect(rows).toEqual([]);
  });

  it('goes on with a bank of its own that got another column', async () => {
    const { url, pool } = await bank();
    await runGenerator({ sourceUrl: url, once: true, clock });
    await pool.query('alter table customers add column nickname text');
    await runGenerator({ sourceUrl: url, once: true, clock });
    expect(await counts(pool)).toMatchObject({ customers: 10 });
  });

  it('gives the same rows for the same seed', async () => {
    const [first, second] = [await bank(), await bank()];
    for (const { url } of [first, second]) {
      await runGenerator({ sourceUrl: url, once: true, seed: 7, clock: { ...clock, now: () => 1_700_000_000_000 } });
    }
    const contents = async ({ pool }: Bank) =>
      (
        await pool.query(`select first_name, email, date_of_birth::text, address, a.balance, t.txn_type, t.amount, t.status
          from customers c join accounts a on a.customer_id = c.id left join transactions t on t.account_id = a.id
         order by a.id, t.id`)
      ).rows;
    expect(await contents(second)).toEqual(await contents(first));
    expect((await contents(first)).length).toBeGreaterThan(10);
  });

  it('changes, closes, reverses, settles and erases over the rounds, and the bank stays in order', async () => {
    const { url, pool } = await bank();
    const ending = new AbortController();
    let rounds = 0;
    const total = await runGenerator(
      { sourceUrl: url, intervalMs: 0, seed: 1, clock },
      {
        signal: ending.signal,
        onRound() {
          if (++rounds === 15) ending.abort();
        },
      },
    );
    for (const count of [
      'changed',
      'closed',
      'reversed',
      'settled',
      'deleted',
      'rejected',
    ] satisfies (keyof RoundResult)[]) {
      expect(total[count], count).toBeGreaterThan(0);
    }
    expect(await findBankFaults(pool)).toEqual([]);
    const late = await pool.query('select from customers where updated_at > created_at');
    expect(late.rowCount).toBeGreaterThan(0);
  });

  it('keeps the same rules in bulk', async () => {
    const { url, pool } = await bank();
    const result = await runGenerator({
      sourceUrl: url,
      once: true,
      bulk: true,
      customers: 300,
      transactions: 12_000,
      clock,
    });
    expect(result).toMatchObject({ customers: 300, accounts: 600, transactions: 12_000, rejected: 0 });
    expect(await counts(pool)).toEqual({ customers: 300, accounts: 600, transactions: 12_000, ledger_entries: 24_000 });
    expect(await findBankFaults(pool)).toEqual([]);
  });
});

describe('the rules of the bank', () => {
  it.each([
    [
      'a deposit is a credit in the view of the customer',
      `insert into transactions (account_id, txn_type, direction, amount) values (1, 'DEPOSIT', 'DEBIT', 5)`,
      /direction_is_the_customers_view/,
    ],
    [
      'money that is not there cannot be withdrawn',
      `insert into transactions (account_id, txn_type, direction, amount) values (1, 'WITHDRAWAL', 'DEBIT', 100.01)`,
      /Insufficient funds/,
    ],
    [
      'a batch may not overdraw on the way',
      `insert into transactions (account_id, txn_type, direction, amount) values (1, 'WITHDRAWAL', 'DEBIT', 150), (1, 'DEPOSIT', 'CREDIT', 100)`,
      /Insufficient funds/,
    ],
    [
      'a transfer needs a counterpart',
      `insert into transactions (account_id, txn_type, direction, amount) values (1, 'TRANSFER', 'DEBIT', 5)`,
      /only_transfers_have_a_counterpart/,
    ],
    [
      'an inactive account takes nothing',
      `insert into transactions (account_id, txn_type, direction, amount) values (3, 'DEPOSIT', 'CREDIT', 5)`,
      /Account 3 \(INACTIVE, USD\) does not take/,
    ],
    ['an amount cannot be rewritten', `update transactions set amount = 2 where id = 1`, /cannot be rewritten/],
    [
      'a failed transaction stays so',
      `update transactions set status = 'PENDING' where id = 1`,
      /cannot go from COMPLETED to PENDING/,
    ],
    [
      'an account with money cannot be closed',
      `update accounts set status = 'CLOSED', closed_at = now() where id = 1`,
      /closed_accounts_are_empty/,
    ],
    ['a counterpart cannot be deleted', `delete from customers where id = 1`, /has transfers with another account/],
  ])('%s', async (_, sql, message) => {
    const { pool } = await bank();
    await ensureBankSchema(pool);
    await pool.query(`insert into customers (first_name, last_name, email) values ('A', 'B', 'a@example.com')`);
    await pool.query(`insert into accounts (customer_id, account_type, balance, status)
      values (1, 'CHECKING', 100.00, 'ACTIVE'), (1, 'SAVINGS', 100.00, 'ACTIVE'), (1, 'SAVINGS', 1, 'INACTIVE')`);
    await pool.query(`insert into transactions (account_id, related_account_id, txn_type, direction, amount)
      values (2, 1, 'TRANSFER', 'DEBIT', 1), (1, 2, 'TRANSFER', 'DEBIT', 1)`);
    await expect(pool.query(sql)).rejects.toThrow(message);
    expect(await findBankFaults(pool)).toEqual([]);
  });
});

interface Bank {
  url: string;
  pool: pg.Pool;
}

async function bank(): Promise<Bank> {
  const url = await testDatabase();
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  onTestFinished(() => pool.end());
  return { url, pool };
}

async function counts(pool: pg.Pool): Promise<Record<string, number>> {
  const entries = await Promise.all(
    bankTables.map(async (table) => [table, (await pool.query(`select count(*)::int as n from ${table}`)).rows[0].n]),
  );
  return Object.fromEntries(entries);
}
