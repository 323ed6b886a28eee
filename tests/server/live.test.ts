import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { database } from '../../scheduler/store/database.js';
import { run as statement } from '../../scheduler/store/driver.js';
import { urls } from '../../server/urls.js';
import { fixtureNow, runIdAt, type UiFixture, uiFixture } from '../support/ui-fixture.js';
import { type UiServer, uiServer } from '../support/ui-server.js';

const bank = 'Bank_Data_Transformation';
const runId = runIdAt(fixtureNow);

describe('live pages', () => {
  let fixture: UiFixture;
  let server: UiServer;
  beforeEach(async () => {
    fixture = await uiFixture();
    server = await uiServer(fixture.deps);
  });
  afterEach(async () => {
    await server.close();
    await fixture.close();
  });

  it('send nothing to a reader who has it all', async () => {
    const page = await (await server.get(urls.run(bank, runId))).text();
    const stream = await follow(server, urls.run(bank, runId), digestOf(page));
    expect(await stream.next('retry')).toContain('retry: 1000');
    fixture.clock.advanceBy(20_000);
    expect(await stream.next(': still here')).not.toContain('event: patch');
    await stream.close();
  });

  it('send every part to a reader who has something else', async () => {
    const stream = await follow(server, urls.run(bank, runId), 'something-else');
    const text = await stream.next('event: drawn');
    expect(
      patchesOf(text)
        .map((patch) => patch.id)
        .sort(),
    ).toEqual(['nav', 'run-head', 'run-tasks']);
    await stream.close();
  });

  it('send the row that changed and its group, and no other', async () => {
    const path = urls.dag(bank);
    const page = await (await server.get(path)).text();
    const stream = await follow(server, path, digestOf(page));
    await stream.next('retry');
    await succeed(fixture, 'analytics.dim_accounts');
    fixture.emit({
      kind: 'task_instance',
      at: fixtureNow,
      dagId: bank,
      runId,
      taskId: 'analytics.dim_accounts',
      mapIndex: -1,
      tryNumber: 1,
      from: 'running',
      to: 'success',
      reason: 'done',
    });
    const text = await stream.nextWhile('event: drawn', () => fixture.clock.advanceBy(500));
    const rows = patchesOf(text).filter((patch) => patch.id.startsWith('row-'));
    expect(rows.map((patch) => patch.id.replace(/^row-\d+-/, ''))).toEqual(['analytics', 'analytics.dim_accounts']);
    expect(rows[1]?.html.match(/<a class="[^"]*s-success[^"]*"[^>]*>/g)?.length).toBeGreaterThan(20);
    await stream.close();
  });

  it('do not answer events of other DAGs', async () => {
    const path = urls.run(bank, runId);
    const page = await (await server.get(path)).text();
    const stream = await follow(server, path, digestOf(page));
    await stream.next('retry');
    await succeed(fixture, 'analytics.dim_accounts');
    fixture.emit({
      kind: 'dag_run',
      at: fixtureNow,
      dagId: 'fx_rates_daily',
      runId: 'x',
      from: 'running',
      to: 'success',
      reason: 'done',
    });
    const text = await stream.nextWhile(': still here', () => fixture.clock.advanceBy(5000));
    expect(text).not.toContain('event: patch');
    await stream.close();
  });

  it('resume from the last event', async () => {
    const first = await follow(server, '/emails', 'nothing');
    const id = /^id: (.+)$/m.exec(await first.next('event: drawn'))?.[1] ?? '';
    await first.close();
    const second = await follow(server, '/emails', 'nothing', { 'last-event-id': id });
    await second.next('retry');
    fixture.clock.advanceBy(20_000);
    expect(await second.next(': still here')).not.toContain('event: patch');
    await second.close();
  });

  it('refuse what is no page', async () => {
    for (const path of ['/nowhere', '/login', '//evil.example/', 'http://evil.example/', '']) {
      const response = await server.get(`/live?path=${encodeURIComponent(path)}`);
      expect(response.status).toBe(404);
    }
  });
});

async function succeed(fixture: UiFixture, taskId: string): Promise<void> {
  const [run] = await fixture.store.read(
    database.selectFrom('dag_run').select('id').where('dag_id', '=', bank).where('run_id', '=', runId).compile(),
  );
  await fixture.store.transact([
    (function* () {
      yield* statement(
        database
          .updateTable('task_instance')
          .set({ state: 'success', ended_at: fixtureNow })
          .where('dag_run_id', '=', run?.id ?? -1)
          .where('task_id', '=', taskId)
          .compile(),
      );
    })(),
  ]);
}

function digestOf(page: string): string {
  return /data-live="([^"]+)"/.exec(page)?.[1] ?? '';
}

function patchesOf(text: string): { id: string; html: string }[] {
  return [...text.matchAll(/event: patch\ndata: (.+)\n/g)].map(
    (match) => JSON.parse(match[1] as string) as { id: string; html: string },
  );
}

async function follow(server: UiServer, path: string, digest: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const response = await fetch(
    `${server.url}/live?path=${encodeURIComponent(path)}&digest=${encodeURIComponent(digest)}`,
    {
      headers: { cookie: server.cookie, accept: 'text/event-stream', ...headers },
      signal: abort.signal,
    },
  );
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  const read = async () => {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the stream ended after: ${text}`);
    text += decoder.decode(value, { stream: true });
  };
  return {
    /** Everything up to what is waited for. */
    async next(awaited: string): Promise<string> {
      while (!text.includes(awaited)) await read();
      return text;
    },
    /** The same, moving the clock until it comes. */
    async nextWhile(awaited: string, move: () => void): Promise<string> {
      let pending = read();
      while (!text.includes(awaited)) {
        move();
        const came = await Promise.race([
          pending.then(() => true),
          new Promise<false>((resolve) => setImmediate(() => resolve(false))),
        ]);
        if (came) pending = read();
      }
      pending.catch(() => {});
      return text;
    },
    async close(): Promise<void> {
      abort.abort();
      await reader.cancel().catch(() => {});
    },
  };
}
