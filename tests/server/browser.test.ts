import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { database } from '../../scheduler/store/database.js';
import { run as statement } from '../../scheduler/store/driver.js';
import { urls } from '../../server/urls.js';
import { browserPath, openBrowser, shownPages, takeScreenshots } from '../support/screenshots.js';
import { fixtureNow, runIdAt, type UiFixture, uiFixture } from '../support/ui-fixture.js';
import { type UiServer, uiServer } from '../support/ui-server.js';
import { fakeWarehouse } from '../support/ui-warehouse.js';

const bank = 'Bank_Data_Transformation';
const runId = runIdAt(fixtureNow);
const failedRun = runIdAt(fixtureNow - 3 * 3_600_000);
const failedTask = 'staging.tests.test_accepted_values_stg_accounts_account_status';

// Without Chromium on the machine these are skipped: CHROMIUM_PATH names one.
describe.skipIf(!existsSync(browserPath))('in a browser', { timeout: 240_000 }, () => {
  let browser: Browser;
  let fixture: UiFixture;
  let server: UiServer;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    fixture = await uiFixture({ warehouse: fakeWarehouse(), dashboardFolders: [join(packageRoot, 'dashboards')] });
    server = await uiServer(fixture.deps);
    context = await contextFor(server, browser, true);
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    await server.close();
    await fixture.close();
  });

  it('the grid fills its panel without a new page, and Back empties it', async () => {
    await page.goto(server.url + urls.dag(bank));
    await page.evaluate('window.stillHere = true');
    await page.locator('tr[data-name="analytics.fct_transactions"] a[data-cell]').last().click();
    await page.locator('#panel h2').filter({ hasText: 'analytics.fct_transactions' }).waitFor();
    expect(page.url()).toContain('at=');
    await page.goBack();
    await page.locator('#panel').waitFor({ state: 'hidden' });
    expect(await page.evaluate('window.stillHere')).toBe(true);
  });

  it('arrows move in the grid and Enter chooses', async () => {
    await page.goto(server.url + urls.dag(bank));
    await page.locator('tr[data-name="staging.stg_customers"] a[data-cell]').last().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.locator('#panel h2').filter({ hasText: 'stg_accounts' }).waitFor();
    await page.locator('#panel').filter({ hasText: '13:01' }).waitFor();
  });

  it('a change in the store reaches the open page', async () => {
    await page.goto(server.url + urls.run(bank, runId));
    await page.locator('[data-live-state] .dot.ok').waitFor();
    const [run] = await fixture.store.read(
      database.selectFrom('dag_run').select('id').where('dag_id', '=', bank).where('run_id', '=', runId).compile(),
    );
    await fixture.store.transact([
      (function* () {
        yield* statement(
          database
            .updateTable('task_instance')
            .set({ state: 'failed', error: 'the disk is full', ended_at: fixtureNow })
            .where('dag_run_id', '=', run?.id ?? -1)
            .where('task_id', '=', 'analytics.dim_accounts')
            .compile(),
        );
      })(),
    ]);
    const told = page.getByText('the disk is full').waitFor();
    let seen = false;
    void told.then(() => {
      seen = true;
    });
    while (!seen) {
      fixture.emit({
        kind: 'task_instance',
        at: fixtureNow,
        dagId: bank,
        runId,
        taskId: 'analytics.dim_accounts',
        mapIndex: -1,
        tryNumber: 1,
        from: 'running',
        to: 'failed',
        reason: '',
      });
      fixture.clock.advanceBy(500);
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))');
    }
    await told;
  });

  it('Trigger opens over the page, and triggers', async () => {
    await page.goto(`${server.url}${urls.dag('MinIO_S3_to_Warehouse')}`);
    await page.keyboard.press('t');
    const dialog = page.locator('dialog[open]');
    await dialog.getByText('What will happen').waitFor();
    await dialog.getByLabel('max_files').fill('77');
    await dialog.getByRole('button', { name: 'Trigger run' }).click();
    await page.getByText('Triggered MinIO_S3_to_Warehouse').waitFor();
    expect(fixture.asked.at(-1)).toMatchObject({
      command: 'triggerDagRun',
      args: [
        { dagId: 'MinIO_S3_to_Warehouse', conf: { max_files: 77, on_corrupt_file: 'quarantine', full_refresh: false } },
        {},
      ],
    });
  });

  it('Ctrl K goes anywhere by a few letters', async () => {
    await page.goto(`${server.url}/emails`);
    await page.keyboard.press('Control+k');
    await page.locator('dialog.palette input').fill('fxrat');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/dags/fx_rates_daily');
  });

  it('local time is that of the browser', async () => {
    await page.goto(`${server.url}/admin/settings`);
    await page.getByRole('button', { name: 'Local' }).click();
    await page.goto(`${server.url}${urls.run(bank, runId, 'details')}`);
    expect(await page.locator('.dl').textContent()).toContain('21 Nov 2026, 15:01');
  });

  it('the log opens at its first error and finds words', async () => {
    const failed = runIdAt(fixtureNow - 3 * 3_600_000);
    await page.goto(
      server.url +
        urls.task({
          dagId: bank,
          runId: failed,
          taskId: 'staging.tests.test_accepted_values_stg_accounts_account_status',
        }),
    );
    expect(await page.locator('.first-error').textContent()).toContain('lock timeout');
    await page.keyboard.press('/');
    await page.keyboard.type('subprocess');
    await page.locator('mark').filter({ hasText: 'subprocess' }).waitFor();
    expect(await page.locator('[data-log-hits]').textContent()).toBe('1 of 1');
  });

  it('groups of the log fold by the keyboard, and a search unfolds what it leads to', async () => {
    await page.goto(server.url + urls.task({ dagId: bank, runId: failedRun, taskId: failedTask }));
    const inside = page.locator('.log-line').filter({ hasText: 'bundle abcdef' });
    const head = page.getByRole('button', { name: 'Environment and settings' });
    expect(await inside.isVisible()).toBe(true);
    await head.focus();
    await page.keyboard.press('Enter');
    await inside.waitFor({ state: 'hidden' });
    expect(await head.getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('f');
    await inside.waitFor({ state: 'visible' });
    await page.keyboard.press('f');
    await inside.waitFor({ state: 'hidden' });
    await page.locator('[data-log-search]').fill('bundle abcdef');
    await inside.waitFor({ state: 'visible' });
  });

  it('the log shows lines of a level and above, with scripts and without', async () => {
    const levels = async (tab: Page) => tab.locator('.log-line .tx').allTextContents();
    const address = urls.task({ dagId: bank, runId: failedRun, taskId: failedTask });
    await page.goto(server.url + address);
    await page.getByLabel('Lines of which level').selectOption('error');
    await page.locator('.log-line').filter({ hasText: 'Try 1 of 3' }).waitFor({ state: 'detached' });
    expect(await levels(page)).toEqual([
      expect.stringContaining('lock timeout after'),
      expect.stringContaining('55P03'),
      expect.stringContaining('merge.ts'),
    ]);
    const plain = await contextFor(server, browser, false);
    const tab = await plain.newPage();
    await tab.goto(server.url + address);
    await tab.getByLabel('Lines of which level').selectOption('warning');
    await tab.getByRole('button', { name: 'Show' }).click();
    await tab.waitForURL('**level=warning**');
    expect((await levels(tab))[0]).toContain('has 1 column without a description');
    expect((await levels(tab)).join()).not.toContain('Try 1 of 3');
    await plain.close();
  });

  it('a connection is made by the keyboard alone; Enter saves it', async () => {
    await page.goto(`${server.url}/admin/connections`);
    await page.getByRole('link', { name: 'New connection…' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('dialog[open] input[name=connection_id]').waitFor();
    await page.keyboard.type('crm2');
    await page.keyboard.press('Tab');
    await page.keyboard.type('http');
    await page.keyboard.press('Enter');
    await page.getByText('Connection crm2 is saved').waitFor();
    expect(fixture.asked.at(-1)).toMatchObject({
      command: 'setConnection',
      args: [{ id: 'crm2', type: 'http' }, {}, 'create'],
    });
  });

  it('forms work without scripts', async () => {
    const plain = await contextFor(server, browser, false);
    const tab = await plain.newPage();
    await tab.goto(`${server.url}${urls.dag(bank)}`);
    await tab.getByRole('switch').first().click();
    await tab.getByText(`${bank} is paused`).waitFor();
    await tab.getByRole('link', { name: 'Trigger…' }).click();
    await tab.getByRole('button', { name: 'Trigger run' }).click();
    await tab.getByText(`Triggered ${bank}`).waitFor();
    expect(fixture.asked.map((call) => call.command)).toContain('triggerDagRun');
    await plain.close();
  });

  it('no page scrolls sideways or complains, wide or on a phone', async () => {
    const shots = Object.keys(shownPages).flatMap((name) =>
      [true, false].map((wide) => ({ page: name, theme: 'light' as const, wide })),
    );
    const faults = await takeScreenshots(server, null, shots);
    // The e-mail of the fixture holds a script; that the sandbox stops it is the point.
    expect(faults.filter((fault) => !/sandboxed and the 'allow-scripts'/.test(fault))).toEqual([]);
  });
});

async function contextFor(server: UiServer, browser: Browser, javaScriptEnabled: boolean): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    timezoneId: 'Europe/Berlin',
    javaScriptEnabled,
  });
  const [name, value] = server.cookie.split('=') as [string, string];
  await context.addCookies([{ name, value, url: server.url }]);
  return context;
}
