import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { urls } from '../../server/urls.js';
import { fixtureNow, runIdAt, type UiFixture, uiFixture } from '../support/ui-fixture.js';
import { type UiServer, uiServer } from '../support/ui-server.js';
import { fakeWarehouse } from '../support/ui-warehouse.js';

const bank = 'Bank_Data_Transformation';
const live = runIdAt(fixtureNow);
const failed = runIdAt(fixtureNow - 3 * 3_600_000);
const broken = 'staging.tests.test_accepted_values_stg_accounts_account_status';

/** Every page, by what it must say. */
const pagePaths: [path: string, words: string[]][] = [
  ['/', ['Failed in the last 24 h', 'FROZEN is not among', 'Running now', 'Next up', 'Change capture']],
  ['/dags', [bank, 'MinIO_S3_to_Warehouse', 'After MinIO_S3_to_Warehouse', 'Import errors']],
  ['/dags?tab=failed', ['fx_rates_daily']],
  ['/dags?q=ledger', ['ledger_balance_check']],
  [urls.dag(bank), ['stg_customers', 'Up for retry', 'median', 'Trigger…']],
  [urls.dag(bank, 'grid', { fold: 'all' }), ['staging', 'Unfold all']],
  [urls.dag(bank, 'graph'), ['dim_accounts', 'svg', 'nodes']],
  [urls.dag(bank, 'runs'), ['succes', 'Triggered by']],
  [urls.dag(bank, 'code'), ['version 2', 'v2']],
  [urls.dag(bank, 'events'), ['trigger_dag_run']],
  [urls.dag(bank, 'details'), ['Max active runs']],
  [urls.dag('MinIO_S3_to_Warehouse', 'trigger'), ['max_files', 'quarantine', 'curl -X POST', 'What will happen']],
  [urls.dag('MinIO_S3_to_Warehouse', 'backfill'), ['First logical date', 'Show the dates']],
  [urls.run(bank, live), ['fct_transactions', 'lock timeout', 'Stop…']],
  [urls.run(bank, failed), ['1 task failed', 'Retry failed…']],
  [urls.run(bank, failed, 'graph'), ['svg']],
  [urls.run(bank, failed, 'details'), ['Logical date']],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }), ['lock timeout after 15.0 s', 'Jump to line', 'Try 2']],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }, 'sql'), ['n_records', 'Failing rows', 'FROZEN']],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }, 'sql'), ['SQL of the failing rows', 'the first 2 of 3']],
  [urls.task({ dagId: bank, runId: failed, taskId: 'staging.stg_accounts' }, 'sql'), ['Compiled SQL', 'rows affected']],
  [
    urls.task(
      {
        dagId: bank,
        runId: runIdAt(fixtureNow - 3_600_000),
        taskId: 'snapshots.tests.test_one_current_row_accounts_snapshot',
      },
      'sql',
    ),
    ['3 nodes, 1 not well', 'test_one_current_row_accounts_snapshot_1'],
  ],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }, 'tries'), ['first try']],
  [urls.task({ dagId: bank, runId: live, taskId: 'analytics.fct_transactions' }, 'why'), ['Waits for']],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }, 'xcom'), ['return_value', 'customers']],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }, 'rendered'), ['data@example.test']],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }, 'details'), ['Trigger rule']],
  [urls.task({ dagId: bank, runId: failed, taskId: broken }, 'events'), ['No event']],
  [urls.run(bank, live, 'clear'), ['Clear the run', 'analytics.fct_transactions']],
  [urls.task({ dagId: bank, runId: live, taskId: 'analytics.fct_transactions' }, 'clear'), ['Downstream tasks']],
  [urls.task({ dagId: bank, runId: live, taskId: 'analytics.fct_transactions' }, 'mark'), ['Skipped']],
  [urls.run(bank, live, 'mark'), ['Mark the run']],
  [urls.run(bank, live, 'note'), ['Note on']],
  [urls.dag(bank, 'delete'), ['cannot be undone']],
  [urls.dag(bank, 'gantt'), ['svg', 'stg_customers']],
  [urls.dag(bank, 'calendar'), ['Runs by day', 'succeeded']],
  [urls.dag(bank, 'durations'), ['the slowest first', 'fct_transactions']],
  [urls.dag(bank, 'compare'), ['The first task whose state differs', 'The same version']],
  [urls.run(bank, failed, 'gantt'), ['svg']],
  [urls.run(bank, failed, 'events'), ['mark']],
  [urls.run(bank, failed, 'code'), ['version 2']],
  ['/timeline', ['Runs by DAG', bank]],
  ['/assets', ['analytics.fct_transactions', 'kpi_dashboard_refresh']],
  ['/assets/1', ['1 event', 'Starts']],
  ['/runs?day=2026-11-20', [bank]],
  ['/runs', ['MinIO_S3_to_Warehouse']],
  ['/runs?state=failed', [bank]],
  ['/emails', ['Warehouse Load Report', '421 relay refused']],
  ['/emails/1', ['Warehouse Load Report', 'iframe']],
  ['/data', ['0/1A7F3D08', 'fct_transactions', 'in quarantine']],
  ['/data/ledger', ['customers/date=2026-11-21', 'Already there']],
  ['/data/quarantine', ['broken line', 'Load again']],
  ['/dashboards', ['Bank KPIs']],
  ['/dashboards/bank-kpis', ['Total balance', '$512.4k', 'Data table', 'Savings', 'svg']],
  ['/search?q=bank', [bank]],
  ['/help', ['Ctrl K', 'auth/token']],
  ['/admin', ['broken.ts', 'Unexpected']],
  ['/admin/import-errors', ['broken.ts']],
  ['/admin/audit-log', ['trigger_dag_run']],
  ['/admin/pools', ['default_pool', 'warehouse']],
  ['/admin/pools/new', ['New pool', 'Slots']],
  ['/admin/pools/warehouse/edit', ['Heavy statements']],
  ['/admin/pools/warehouse/delete', ['Delete pool warehouse']],
  ['/admin/variables', ['threshold', '0.75', 'eu-central-1', 'environment']],
  ['/admin/variables/new', ['New variable']],
  ['/admin/variables/import', ['Import variables']],
  ['/admin/variables/threshold/edit', ['0.75', 'How much']],
  ['/admin/variables/threshold/delete', ['Delete variable threshold']],
  ['/admin/connections', ['crm', 'mail.example.test', 'environment', 'its port is &quot;many&quot;']],
  ['/admin/connections/new', ['New connection']],
  ['/admin/connections/crm/edit', ['crm.example.test', '&quot;api_key&quot;:&quot;***&quot;']],
  ['/admin/connections/crm/delete', ['Delete connection crm']],
  ['/admin/settings', ['Scheduler', 'slots']],
];

describe('pages', () => {
  let fixture: UiFixture;
  let server: UiServer;
  beforeAll(async () => {
    fixture = await uiFixture({ warehouse: fakeWarehouse(), dashboardFolders: [join(packageRoot, 'dashboards')] });
    server = await uiServer(fixture.deps);
  });
  afterAll(async () => {
    await server.close();
    await fixture.close();
  });

  it.each(pagePaths)('shows %s', async (path, words) => {
    const response = await server.get(path);
    const text = await response.text();
    expect([response.status, text.slice(0, response.status === 200 ? 0 : 2000)]).toEqual([200, '']);
    for (const word of words) expect(text).toContain(word);
    expect(text).not.toMatch(/\b(undefined|NaN)\b|\[object Object\]/);
  });

  it('say why nothing can be written', async () => {
    const platform = fixture.deps.platform();
    const scheduler = { ...platform.scheduler, healthy: false, storeError: 'database or disk is full' };
    const ill = await uiServer({ ...fixture.deps, platform: () => ({ ...platform, scheduler }) });
    try {
      const text = await (await ill.get('/')).text();
      expect(text).toContain('Nothing can be written: database or disk is full');
      expect(text).toContain('Cannot write');
    } finally {
      await ill.close();
    }
  });
});
