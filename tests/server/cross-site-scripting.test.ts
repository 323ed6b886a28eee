import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages } from '../../server/pages/index.js';
import { urls } from '../../server/urls.js';
import { fixtureNow, runIdAt, type UiFixture, uiFixture } from '../support/ui-fixture.js';
import { type UiServer, uiServer } from '../support/ui-server.js';
import { fakeWarehouse } from '../support/ui-warehouse.js';

/** Each would run, break out of an attribute, or leave its element, if it reached a page as it is. */
const payload = `<script>alert(1)</script>"><img src=x onerror=alert(2)>' onmouseover='alert(3)' </textarea></title></style><svg/onload=alert(4)>{{7*7}}<%= 7*7 %>\${7*7}`;

describe('texts of other people', () => {
  let fixture: UiFixture;
  let server: UiServer;
  let dashboards: string;
  let visited: Map<string, string>;
  beforeAll(async () => {
    dashboards = mkdtempSync(join(tmpdir(), 'millrace-dashboards-'));
    writeFileSync(
      join(dashboards, 'evil.md'),
      `---\ntitle: ${JSON.stringify(payload)}\n---\n# ${payload}\n\n[x](javascript:alert(5))\n\n\`\`\`sql kpi\nselect '${payload}' from analytics.kpi_balance_by_account_type\n\`\`\`\n\n<BarChart data={kpi} x=account_type y=average_balance title="t ${payload.replaceAll('"', '')}" />\n`,
    );
    fixture = await uiFixture({ payload, warehouse: fakeWarehouse(payload), dashboardFolders: [dashboards] });
    server = await uiServer(fixture.deps);
    visited = await crawl(server);
  }, 120_000);
  afterAll(async () => {
    await server.close();
    await fixture.close();
    rmSync(dashboards, { recursive: true, force: true });
  });

  it('reach every kind of page', () => {
    const missing = pages
      .map((page) => page.path)
      .filter((path) => ![...visited.keys()].some((url) => matches(path, new URL(url, server.url).pathname)))
      .filter((path) => !/\/delete$|\/note$|\/grid$|\/help$|\/search$/.test(path));
    expect(missing).toEqual([]);
    expect([...visited.values()].filter((text) => text.includes('alert(1)')).length).toBeGreaterThan(40);
  });

  it('never become part of a page', () => {
    const broken: string[] = [];
    for (const [url, text] of visited) {
      if (/<script>alert|<img src=x|<svg\/onload|"javascript:|'javascript:/.test(text)) broken.push(`element: ${url}`);
      if (tagsOf(text).some((tag) => /\son\w+\s*=/i.test(tag.replace(/"[^"]*"/g, '""'))))
        broken.push(`handler: ${url}`);
      if (
        /<script(?![^>]*\ssrc=)/.test(text) ||
        /\sstyle=/.test(
          tagsOf(text)
            .join('')
            .replace(/"[^"]*"/g, '""'),
        )
      )
        broken.push(`inline: ${url}`);
    }
    expect(broken).toEqual([]);
  });

  it('stay in the sandbox of an e-mail', async () => {
    const response = await server.get('/emails/1/html');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
  });

  it('cannot begin a formula in a CSV', async () => {
    const { csvCell } = await import('../../server/pages/dashboards.js');
    expect(['=1+1', '+1', '-1', '@x', '\tx'].map((cell) => csvCell(cell, false)[0])).toEqual(["'", "'", "'", "'", "'"]);
    expect(csvCell('-12.5', true)).toBe('-12.5');
    expect(csvCell('a "b", c', false)).toBe('"a ""b"", c"');
  });
});

/** Follows every link of the site that leads to a page. */
async function crawl(server: UiServer): Promise<Map<string, string>> {
  const visited = new Map<string, string>();
  const perKind = new Map<string, number>();
  const queue = [
    '/',
    '/dags',
    '/runs',
    '/assets',
    '/data',
    '/dashboards',
    '/emails',
    '/admin',
    '/timeline',
    '/data/ledger',
    '/data/quarantine',
    // No DAG of the fixture has a schedule of times, so none leads to its backfills.
    urls.dag('MinIO_S3_to_Warehouse', 'backfill', { from: payload, to: '2026-01-01T00:00' }),
    // Most tasks are of a SQL project and show what they came to with their SQL: this one has a page for it.
    urls.task({ dagId: 'Bank_Data_Transformation', runId: runIdAt(fixtureNow), taskId: 'wait_for_load' }, 'result'),
  ];
  for (let url = queue.shift(); url !== undefined; url = queue.shift()) {
    if (visited.has(url)) continue;
    const kind = url
      .replace(/\?.*/, '')
      .replace(/runs\/[^/]+/, 'runs/:run')
      .replace(/tasks\/[^/]+/, 'tasks/:task')
      .replace(/dags\/[^/]+/, 'dags/:dag')
      .replace(/\/\d+/, '/:id');
    if ((perKind.get(kind) ?? 0) >= 4) continue;
    perKind.set(kind, (perKind.get(kind) ?? 0) + 1);
    const response = await server.get(url);
    if (!response.headers.get('content-type')?.startsWith('text/html')) {
      await response.body?.cancel();
      continue;
    }
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${url} gives ${response.status}: ${text.slice(0, 300)}`);
    visited.set(url, text);
    for (const match of text.matchAll(/\shref="([^"]*)"/g)) {
      const target = new URL(decodeEntities(match[1] as string), server.url + url);
      if (target.origin === server.url && !/^\/(static|api)\/|\/log\.txt$/.test(target.pathname))
        queue.push(target.pathname + target.search);
    }
  }
  return visited;
}

function decodeEntities(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function tagsOf(text: string): string[] {
  return text.match(/<[a-z][^<>]*(?:"[^"]*"[^<>]*)*>/gi) ?? [];
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path);
}
