import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { urls } from '../../server/urls.js';
import { fixtureNow, runIdAt } from './ui-fixture.js';
import type { UiServer } from './ui-server.js';

const bank = 'Bank_Data_Transformation';
const live = runIdAt(fixtureNow);
const failed = runIdAt(fixtureNow - 3 * 3_600_000);
const broken = 'staging.tests.test_accepted_values_stg_accounts_account_status';

/** The pages that a picture is made of, by the picture's name. */
export const shownPages: Record<string, string> = {
  home: '/',
  dags: '/dags',
  'dag-grid': urls.dag(bank),
  'dag-grid-panel': `at:${bank}`,
  'dag-graph': urls.dag(bank, 'graph'),
  'dag-graph-panel': `graph:${bank}`,
  'dag-gantt': urls.dag(bank, 'gantt'),
  'dag-runs': urls.dag(bank, 'runs'),
  'dag-calendar': urls.dag(bank, 'calendar'),
  'dag-durations': urls.dag(bank, 'durations'),
  'dag-code': urls.dag(bank, 'code'),
  'dag-compare': urls.dag(bank, 'compare'),
  trigger: urls.dag('MinIO_S3_to_Warehouse', 'trigger'),
  run: urls.run(bank, live),
  'run-failed': urls.run(bank, failed),
  'run-gantt': urls.run(bank, live, 'gantt'),
  'task-logs': urls.task({ dagId: bank, runId: failed, taskId: broken }),
  'task-sql': urls.task({ dagId: bank, runId: failed, taskId: broken }, 'sql'),
  'task-sql-model': urls.task({ dagId: bank, runId: failed, taskId: 'staging.stg_accounts' }, 'sql'),
  'task-sql-tests': urls.task(
    {
      dagId: bank,
      runId: runIdAt(fixtureNow - 3_600_000),
      taskId: 'snapshots.tests.test_one_current_row_accounts_snapshot',
    },
    'sql',
  ),
  'task-xcom': urls.task({ dagId: bank, runId: failed, taskId: broken }, 'xcom'),
  'task-why': urls.task({ dagId: bank, runId: live, taskId: 'analytics.fct_transactions' }, 'why'),
  clear: urls.task({ dagId: bank, runId: live, taskId: 'analytics.fct_transactions' }, 'clear'),
  runs: '/runs',
  timeline: '/timeline',
  assets: '/assets',
  data: '/data',
  ledger: '/data/ledger',
  quarantine: '/data/quarantine',
  dashboards: '/dashboards',
  'dashboard-bank': '/dashboards/bank-kpis',
  emails: '/emails',
  email: '/emails/2',
  'import-errors': '/admin/import-errors',
  'audit-log': '/admin/audit-log',
  pools: '/admin/pools',
  variables: '/admin/variables',
  connections: '/admin/connections',
  'connection-edit': '/admin/connections/crm/edit',
  settings: '/admin/settings',
  help: '/help',
};

export const browserPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface Shot {
  page: string;
  theme: 'light' | 'dark';
  wide: boolean;
}

/**
 * Opens the pages and, with a folder, takes their pictures. Returns what the pages complained of in the console, and
 * those that scroll sideways.
 */
export async function takeScreenshots(server: UiServer, folder: string | null, shots: Shot[]): Promise<string[]> {
  if (folder !== null) mkdirSync(folder, { recursive: true });
  const faults: string[] = [];
  const browser = await openBrowser();
  const tabs = new Map<string, Page>();
  try {
    for (const shot of shots) {
      const kind = `${shot.theme}-${shot.wide ? 'wide' : 'phone'}`;
      const tab = tabs.get(kind) ?? (await openTab(browser, server, shot));
      if (!tabs.has(kind)) {
        tabs.set(kind, tab);
        tab.on('console', (message) => {
          if (message.type() === 'error') faults.push(`${tab.url()}: ${message.text()}`);
        });
        tab.on('pageerror', (error) => faults.push(`${tab.url()}: ${error.message}`));
      }
      await tab.goto(server.url + (await addressOf(server, shownPages[shot.page] ?? shot.page)), { waitUntil: 'load' });
      await tab.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      const sideways = await tab.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (Number(sideways) > 0) faults.push(`${shot.page} ${kind}: scrolls sideways by ${sideways}`);
      if (folder !== null) await tab.screenshot({ path: join(folder, `${shot.page}-${kind}.png`) });
    }
  } finally {
    await browser.close();
  }
  return faults;
}

async function openTab(browser: Browser, server: UiServer, { theme, wide }: Shot): Promise<Page> {
  const context = await browser.newContext({
    viewport: wide ? { width: 1440, height: 900 } : { width: 390, height: 844 },
    deviceScaleFactor: 1,
    colorScheme: theme,
  });
  const [name, value] = server.cookie.split('=') as [string, string];
  await context.addCookies([{ name, value, url: server.url }]);
  return context.newPage();
}

/** `at:DAG` and `graph:DAG` are the page with its most interesting square chosen. */
async function addressOf(server: UiServer, address: string): Promise<string> {
  const [kind, dagId] = address.split(':');
  if ((kind !== 'at' && kind !== 'graph') || dagId === undefined) return address;
  const page = await (await server.get(urls.dag(dagId))).text();
  const at = [...page.matchAll(/href="\?at=(\d+\.analytics\.fct_transactions)"/g)].at(-1)?.[1];
  return urls.dag(dagId, kind === 'graph' ? 'graph' : '', { at });
}
