import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { releaseQuarantine } from '../../scheduler/operators/file-load/index.js';
import type { ChangeEvent } from '../../sources/cdc/envelope.js';
import { accountRow, customerRow, depositEvents } from '../support/bank-events.js';
import { changeEvent, eventObject } from '../support/change-events.js';
import { testLake } from '../support/lake.js';

type Lake = Awaited<ReturnType<typeof testLake>>;

afterEach(() => vi.unstubAllEnvs());

describe('MinIO_S3_to_Warehouse', () => {
  it('loads what is new, reports it and starts the transformation once', async () => {
    vi.stubEnv('MILLRACE_BASE_URL', 'https://millrace.example.org');
    const lake = await testLake();
    await put(lake, openingEvents(), depositEvents(1, 300, '100.00', '125.50'));
    const run = await load(lake);
    expect(run.state).toBe('success');
    expect(run.emails[0]?.html).toContain('>raw.accounts</td>');
    expect(run.emails[0]?.html).toMatch(
      /href="https:\/\/millrace\.example\.org\/dags\/MinIO_S3_to_Warehouse\/runs\/manual__/,
    );
    expect(run.emails).toHaveLength(1);
    expect(run.emails[0]).toMatchObject({ subject: 'Warehouse Load Report', to: ['data-team@localhost'] });
    const lines = run.emails[0]?.text.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        '- accounts: 2 files, 2 rows',
        '- customers: 1 files, 1 rows',
        '- ledger_entries: 1 files, 2 rows',
        '- transactions: 1 files, 2 rows',
        'Status: success',
      ]),
    );
    expect(run.triggered).toMatchObject([
      { dagId: 'Bank_Data_Transformation', conf: { parent_run_id: expect.stringContaining('manual__') } },
    ]);
    expect(Object.keys(run.tasks).filter((task) => task.startsWith('load_files'))).toHaveLength(4);
  });

  it('says why it does nothing when there is nothing', async () => {
    const lake = await testLake();
    const run = await load(lake);
    expect(run).toMatchObject({ state: 'success', emails: [], triggered: [] });
    expect(run.tasks['summarize_load']?.state).toBe('skipped');
    expect(run.tasks['summarize_load']?.log).toContain('No files were loaded');
  });

  it('tells of an empty run when it is asked to, and starts nothing', async () => {
    vi.stubEnv('LOAD_REPORT', 'always');
    vi.stubEnv('MAIL_TO', 'a@example.org, b@example.org');
    const run = await load(await testLake());
    expect(run.emails).toMatchObject([{ to: ['a@example.org', 'b@example.org'] }]);
    expect(run.emails[0]?.text).toContain('No files were loaded.');
    expect(run.triggered).toEqual([]);
  });

  it('reports files in quarantine, and starts nothing for them alone', async () => {
    const lake = await testLake();
    const key = 'customers/date=2026-01-15/customers-bad.jsonl';
    await lake.store.put(key, Buffer.from('{"op":\n'));
    const run = await load(lake);
    expect(run.state).toBe('success');
    expect(run.emails[0]?.text).toMatch(
      /^- customers\/date=2026-01-15\/customers-bad\.jsonl: invalid input syntax.* \(line 1\)$/m,
    );
    expect(run.emails[0]?.text).toContain('Status: success, with files in quarantine');
    expect(run.triggered).toEqual([]);

    await lake.store.put(key, Buffer.from(`${JSON.stringify(openingEvents()[0])}\n`));
    await releaseQuarantine(lake.warehouse, key, 'someone');
    expect((await load(lake)).triggered).toHaveLength(1);
  });

  it('starts nothing when a load failed, and catches up with the next run', async () => {
    const lake = await testLake();
    await put(lake, openingEvents());
    await lake.warehouse.query(
      'alter table raw.accounts rename to elsewhere; create view raw.accounts as select 1 as payload',
    );
    const failed = await load(lake);
    expect(failed.state).toBe('failed');
    expect(failed.triggered).toEqual([]);
    await lake.warehouse.query('drop view raw.accounts; alter table raw.elsewhere rename to accounts');
    const next = await load(lake);
    expect(next.state).toBe('success');
    expect(next.triggered).toHaveLength(1);
    expect((await lake.warehouse.query('select count(*) from raw.accounts')).rows).toEqual([{ count: 1 }]);
  });
});

describe('Bank_Data_Transformation', () => {
  it('builds, tests, reconciles and reports', async () => {
    const lake = await testLake();
    await put(
      lake,
      openingEvents(),
      depositEvents(1, 300, '100.00', '125.50'),
      depositEvents(2, 400, '125.50', '151.00'),
    );
    await load(lake);
    const run = await transform(lake);
    expect(run.state).toBe('success');
    expect(run.emails).toHaveLength(1);
    expect(run.emails[0]?.subject).toBe('Bank Data Transformation Completed');
    expect(run.emails[0]?.text).toMatch(/^- models: 15 built, 0 failed, 0 skipped$/m);
    expect(run.emails[0]?.text).toMatch(/^- tests: 6\d passed, 0 warned, 0 failed, 0 skipped$/m);
    expect(run.emails[0]?.text).toMatch(/^- reconciled: 4 change events, 0 differences$/m);
    const { rows } = await lake.warehouse.query(
      `select total_balance, total_transactions, total_transaction_amount, average_balance_per_account, total_accounts,
              total_customers from analytics.kpi_totals`,
    );
    expect(rows).toEqual([
      {
        total_balance: '151.00',
        total_transactions: 2,
        total_transaction_amount: '51.00',
        average_balance_per_account: '151.00',
        total_accounts: 1,
        total_customers: 1,
      },
    ]);
    const versions = await lake.warehouse.query('select balance, is_current from analytics.dim_accounts order by lsn');
    expect(versions.rows).toEqual([
      { balance: '100.00', is_current: false },
      { balance: '125.50', is_current: false },
      { balance: '151.00', is_current: true },
    ]);
  });

  it('stops what depends on a test that fails, and reports the rows', async () => {
    const lake = await testLake();
    const strange = changeEvent({ table: 'accounts', lsn: 201, after: accountRow(2, { status: 'FROZEN' }) });
    await put(lake, openingEvents(), [strange]);
    await load(lake);
    const run = await transform(lake);
    expect(run.state).toBe('failed');
    expect(run.emails).toHaveLength(1);
    expect(run.emails[0]?.subject).toBe('Bank Data Transformation Failed');
    expect(run.emails[0]?.text).toMatch(/accounts_.*failed: .*1/);
    expect(run.emails[0]?.text).toContain('value_field: FROZEN, n_records: 1');
    expect(run.emails[0]?.html).toContain('>FROZEN</td>');
    expect(run.tasks['bank.analytics.dim_accounts']?.state).toBe('upstream_failed');
    expect(run.tasks['bank.kpi.kpi_totals']?.state).toBe('upstream_failed');
  });

  it('reports a change that is missing from the log, and goes on', async () => {
    const lake = await testLake();
    await put(lake, openingEvents(), depositEvents(2, 400, '125.50', '151.00'));
    await load(lake);
    const run = await transform(lake);
    expect(run.state).toBe('success');
    expect(run.tasks['reconcile']?.log).toContain('does not follow from the one before it');
    expect(run.emails[0]?.text).toContain(
      'raw.accounts 1: the change at (400, 1) does not follow from the one before it',
    );
  });
});

describe('Lake_Retention', () => {
  it('deletes nothing unless it is told to, and then what was loaded long ago', async () => {
    const lake = await testLake();
    await put(lake, openingEvents());
    await load(lake);
    await lake.warehouse.query(`update millrace.load_ledger set loaded_at = loaded_at - interval '3 days'`);
    const idle = await run(lake, 'lake-retention');
    expect(Object.values(idle.tasks).map((task) => task.state)).toEqual(['skipped', 'skipped']);

    vi.stubEnv('RETENTION_RAW_DAYS', '2');
    const busy = await run(lake, 'lake-retention');
    expect(busy.tasks['delete_old_events']).toMatchObject({ state: 'success', returnValue: 2 });
    expect(busy.tasks['delete_loaded_objects']?.state).toBe('skipped');
    expect((await lake.warehouse.query('select count(*) from raw.accounts')).rows).toEqual([{ count: 0 }]);
  });
});

function openingEvents(): ChangeEvent[] {
  return [
    changeEvent({ table: 'customers', lsn: 100, after: customerRow(1) }),
    changeEvent({ table: 'accounts', lsn: 200, after: accountRow(1) }),
  ];
}

/** An object for each table of each group of events. */
async function put(lake: Lake, ...groups: ChangeEvent[][]): Promise<void> {
  for (const events of groups) {
    for (const table of new Set(events.map((event) => event.source.table))) {
      const { key, body } = eventObject(events.filter((event) => event.source.table === table));
      await lake.store.put(key, body);
    }
  }
}

function load(lake: Lake) {
  return run(lake, 'minio-s3-to-warehouse');
}

function transform(lake: Lake) {
  return run(lake, 'bank-data-transformation');
}

/** Runs the DAG of a file as it would be imported now: afresh, with the settings of the moment. */
async function run(lake: Lake, name: string) {
  vi.resetModules();
  const { default: dag } = await import(`../../dags/bank/${name}.ts`);
  const { testDag } = await import('millrace');
  return testDag(dag, {
    connections: { warehouse: lake.warehouseUrl, lake: lake.store.url },
    baseFolder: join(packageRoot, 'dags/bank'),
  });
}
