import { describe, expect, it } from 'vitest';
import type { PostgresSession } from '../../../connectors/postgres.js';
import { systemClock } from '../../../kernel/time.js';
import { listNewFiles, loadBatch } from '../../../scheduler/operators/file-load/index.js';
import { runGenerator } from '../../../sources/generators/bank/generator.js';
import { bankTables } from '../../../sources/generators/bank/schema.js';
import { type ReconcileResult, reconcileBank } from '../../../sources/reconcile/reconcile-bank.js';
import { testLake } from '../../support/lake.js';
import { capture, captureBench, caughtUp } from '../cdc/captured.js';

const clock = systemClock;

describe('reconciliation of the bank', () => {
  it('finds no difference while the generator, capture and loads go on', async () => {
    const bank = await runningBank();
    const ending = new AbortController();
    const generating = runGenerator({ sourceUrl: bank.url, intervalMs: 0, clock }, { signal: ending.signal });
    const loading = (async () => {
      while (!ending.signal.aborted) {
        await bank.load();
        await bank.build();
      }
    })();
    for (let i = 0; i < 3; i++) {
      const result = await bank.reconcile(60_000, bank.options.slot, 20_000);
      expect(result.differences).toEqual([]);
      expect(result).toMatchObject({ reached: true, waitingFor: null, differences: [], differencesTotal: 0 });
      expect(result.tables['accounts']?.sourceRows).toBeGreaterThan(5);
      expect(result.tables['accounts']?.sourceSum).toBe(result.tables['accounts']?.warehouseSum);
    }
    ending.abort();
    await Promise.all([generating, loading]);
  }, 120_000);

  it.each([
    [
      'a lost event',
      `delete from raw.transactions where key = 3`,
      { relation: 'raw.transactions', key: 3, problem: 'is in the source, not here' },
    ],
    [
      'a row that never was',
      `insert into raw.customers (payload, file_id) select jsonb_set(jsonb_set(jsonb_set(payload, '{after,id}', '999'), '{source,commit_lsn}', '8'), '{op}', '"c"'), 1 from raw.customers where op <> 'd' and payload->'after' <> 'null' limit 1`,
      { relation: 'raw.customers', key: 999, problem: 'is here, not in the source' },
    ],
    [
      'a cent',
      `update raw.accounts set payload = jsonb_set(payload, '{after,balance}', '"0.01"') where key = 2`,
      { relation: 'raw.accounts', key: 2, problem: 'is not as in the source' },
    ],
    [
      'a stale dimension',
      `update analytics.dim_accounts set balance = balance + 1 where account_id = 4`,
      { relation: 'analytics.dim_accounts', key: 4, problem: 'is not as in the source' },
    ],
    [
      'a wrong fact',
      `update analytics.fct_transactions set amount = 0 where transaction_id = (select min(transaction_id) from analytics.fct_transactions)`,
      { relation: 'analytics.fct_transactions', key: 1, problem: 'is not as in the source' },
    ],
    [
      'two current versions',
      `insert into analytics.dim_customers select * from analytics.dim_customers where customer_id = 1 and is_current`,
      { relation: 'analytics.dim_customers', key: 1, problem: 'has more than one current version' },
    ],
  ])(
    'finds %s',
    async (_, damage, difference) => {
      const bank = await runningBank();
      await caughtUp(bank);
      await bank.load();
      await bank.build();
      await bank.warehouse.query(damage);
      const result = await bank.reconcile(20_000);
      expect(result.reached).toBe(true);
      expect(result.differences).toContainEqual(difference);
    },
    60_000,
  );

  it('says what it waits for when the point is not reached in time', async () => {
    const bank = await runningBank();
    await caughtUp(bank);
    expect(await bank.reconcile(2_000)).toMatchObject({
      reached: false,
      waitingFor: expect.stringMatching(
        /^\d+ objects to be loaded, such as (customers|accounts|transactions|ledger_entries)\//,
      ),
    });
    await bank.load();
    expect(await bank.reconcile(2_000)).toMatchObject({ waitingFor: 'analytics.dim_customers to be built' });
    expect(await bank.reconcile(2_000, 'no_such_slot')).toMatchObject({
      waitingFor: 'the replication slot no_such_slot, which does not exist',
    });
  }, 60_000);
});

async function runningBank() {
  const bench = await captureBench([...bankTables]);
  const lake = await testLake();
  await runGenerator({ sourceUrl: bench.url, once: true, seed: 3, clock });
  capture({ ...bench.options, store: lake.store });
  const { warehouse, warehouseUrl, store } = lake;
  return {
    ...bench,
    warehouse,
    async load() {
      const { files } = await listNewFiles(lake, { now: Date.now(), full: true });
      await loadBatch(lake, files, { runId: 'test' });
    },
    build: () => warehouse.transaction(buildModels),
    reconcile: (timeoutMs: number, slotName = bench.options.slot, settleMs = 1_000): Promise<ReconcileResult> =>
      reconcileBank({ sourceUrl: bench.url, warehouseUrl, store, slotName, timeoutMs, settleMs, clock }),
  };
}

/** The models of the dbt project, in their plainest form: what they must come to, whichever way they are built. */
async function buildModels(session: PostgresSession): Promise<void> {
  const dimension = (table: string, key: string, columns: Record<string, string>) => `
    drop table if exists analytics.dim_${table};
    create table analytics.dim_${table} as
    select key as ${key}, ${Object.entries(columns)
      .map(([name, sql]) => `${sql} as ${name}`)
      .join(', ')},
           lsn, seq, effective_from, effective_to, effective_to is null as is_current
      from (select *, lead(effective_from) over (partition by key order by lsn, seq) as effective_to
              from (select *, max(to_timestamp((payload->'source'->>'ts_ms')::numeric / 1000))
                                over (partition by key order by lsn, seq) as effective_from
                      from raw.${table}) e) v
     where op <> 'd'`;
  const field = (name: string, type = 'text') => `(payload->'after'->>'${name}')::${type}`;
  await session.query(
    dimension('customers', 'customer_id', {
      first_name: field('first_name'),
      last_name: field('last_name'),
      email: field('email'),
      phone: field('phone'),
      cust_address: field('address'),
      cust_status: field('status'),
    }),
  );
  await session.query(
    dimension('accounts', 'account_id', {
      customer_id: field('customer_id', 'bigint'),
      account_type: field('account_type'),
      account_status: field('status'),
      balance: field('balance', 'numeric'),
      interest_rate: field('interest_rate', 'numeric'),
    }),
  );
  await session.query(`
    drop table if exists analytics.fct_transactions;
    create table analytics.fct_transactions as
    select distinct on (key) key as transaction_id, ${['account_id', 'related_account_id'].map((name) => `${field(name, 'bigint')} as ${name}`)},
           ${['txn_type', 'direction', 'reference'].map((name) => `${field(name)} as ${name}`)},
           ${field('status')} as txn_status, ${field('amount', 'numeric')} as amount,
           ${field('balance_after', 'numeric')} as balance_after, ${field('created_at', 'timestamptz')} as txn_time,
           op = 'd' as is_deleted
      from raw.transactions order by key, lsn desc, seq desc`);
}
