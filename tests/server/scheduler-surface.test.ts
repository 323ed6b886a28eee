import { afterEach, describe, expect, it } from 'vitest';
import { type ControlDeps, controlMethods } from '../../cli/control-methods.js';
import type { Json } from '../../kernel/json.js';
import { chain, dag } from '../support/dag-builder.js';
import { type Harness, type HarnessOptions, startHarness } from '../support/scheduler-harness.js';
import { uiFixture } from '../support/ui-fixture.js';
import { uiServer } from '../support/ui-server.js';

const day = (number: number) => Date.UTC(2026, 0, number);
const daily = { kind: 'cron' as const, crons: ['0 0 * * *'], interval: false, summary: 'daily' };
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

// biome-ignore lint/suspicious/noExplicitAny: the tests read any JSON
type Answer = any;

/** The real scheduler behind the real web app and the methods of the command line. */
async function surface(options: HarnessOptions = {}) {
  const h = await startHarness({ now: day(10), ...options });
  const fixture = await uiFixture({ size: 'empty' });
  const { commands, explain, events } = h.scheduler;
  const server = await uiServer({ ...fixture.deps, store: h.store, commands, explain, events, clock: h.clock });
  ends.push(server.close, fixture.close);
  const given = await fetch(`${server.url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: fixture.deps.settings.adminPassword }),
  });
  const { access_token } = (await given.json()) as { access_token: string };
  const api = async (method: string, path: string, body?: unknown): Promise<{ status: number; json: Answer }> => {
    const response = await fetch(`${server.url}/api/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await h.settled();
    return { status: response.status, json: await response.json() };
  };
  const scheduling = { scheduler: h.scheduler, secrets: h.secrets, masker: h.masker };
  const methods = controlMethods({ scheduling, store: h.store } as unknown as ControlDeps);
  const cli = async (method: string, params: Json): Promise<Answer> => {
    const answer = await methods[method]?.(params as never);
    await h.settled();
    return answer;
  };
  return { h, server, api, cli };
}

const running = (h: Harness) => [...h.executor.running.values()].map((one) => one.runId);

describe('why a task does not run', () => {
  it('is the same sentence on its page, in the API and in the terminal', async () => {
    const { h, server, api, cli } = await surface({ behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    const runId = await h.trigger('d');
    const says = 'all_success: all upstream tasks must succeed; of 1 upstream 1 unfinished';
    const run = encodeURIComponent(runId);
    const { json } = await api('GET', `/dags/d/dagRuns/${run}/taskInstances/t1/dependencies`);
    expect(json).toEqual({
      dependencies: [
        { name: 'Task Instance State', reason: says },
        { name: 't0', reason: 't0 is running' },
      ],
    });
    expect(await cli('explain', { dagId: 'd', taskId: 't1' })).toMatchObject({ summary: says });
    const page = await (await server.get(`/dags/d/runs/${run}/tasks/t1`)).text();
    expect(page).toContain(says);
    expect(await api('GET', `/dags/d/dagRuns/${run}/taskInstances/nowhere/dependencies`)).toMatchObject({
      status: 404,
    });
  });
});

describe('a DAG file that cannot be imported', () => {
  it('is told with line and excerpt on its page, over REST and in the terminal; the last good version runs on', async () => {
    const { h, server, api, cli } = await surface();
    await h.declare(dag({ dagId: 'd', tasks: chain(1) }));
    const excerpt = '> 9 | const = 3;';
    const error = { fileloc: 'test.ts', message: 'Expected identifier', line: 9, column: 7, excerpt, stack: null };
    await h.scheduler.saveImports({ files: [], errors: [error], removed: [] });
    await h.settled();
    const page = await (await server.get('/admin/import-errors')).text();
    const { json } = await api('GET', '/importErrors');
    const told = (await cli('importErrors', {}))[0];
    expect(page).toContain('Expected identifier');
    expect(page).toContain('&gt; 9 | const = 3;');
    expect(json.total_entries).toBe(1);
    expect(json.import_errors[0]).toMatchObject({ filename: 'test.ts', stack_trace: expect.stringContaining(excerpt) });
    expect(told).toMatchObject({ fileloc: 'test.ts', line: 9, column_number: 7, excerpt });
    expect(await h.runState('d', await h.trigger('d'))).toBe('success');
    await h.declare(dag({ dagId: 'd', tasks: chain(2) }));
    expect((await api('GET', '/importErrors')).json.total_entries).toBe(0);
  });
});

describe('backfills over REST', () => {
  const wish = { dag_id: 'd', from_date: '2026-01-01T00:00:00Z', to_date: '2026-01-05T00:00:00Z', max_active_runs: 2 };

  async function start() {
    const all = await surface({ behaviour: () => 'hold' });
    await all.h.declare(
      dag({ dagId: 'd', schedule: daily, tasks: chain(1) }),
      dag({ dagId: 'timeless', tasks: chain(1) }),
    );
    return all;
  }

  it('are tried out, made, looked at, paused, gone on with and cancelled', async () => {
    const { h, api } = await start();
    const tried = await api('POST', '/backfills/dry_run', { ...wish, run_backwards: true });
    expect(tried).toMatchObject({ status: 200, json: { total_entries: 5 } });
    expect(tried.json.backfills[0]).toEqual({ logical_date: '2026-01-05T00:00:00.000Z' });
    expect((await api('GET', '/backfills')).json).toEqual({ backfills: [], total_entries: 0 });

    const made = await api('POST', '/backfills', { ...wish, dag_run_conf: { why: 'late files' } });
    expect(made).toMatchObject({
      status: 200,
      json: {
        id: 1,
        dag_id: 'd',
        is_paused: false,
        reprocess_behavior: 'none',
        max_active_runs: 2,
        dag_run_conf: { why: 'late files' },
        completed_at: null,
      },
    });
    const ofBackfill = () => running(h).filter((id) => id.startsWith('backfill__'));
    expect(ofBackfill()).toHaveLength(2);
    expect((await api('GET', '/backfills?dag_id=d&active=true')).json.total_entries).toBe(1);
    expect((await api('GET', '/backfills?dag_id=timeless')).json.total_entries).toBe(0);

    expect((await api('PUT', '/backfills/1/pause')).json.is_paused).toBe(true);
    const [first] = ofBackfill();
    await h.scheduler.commands.setDagRunState('d', first as string, 'success', { user: 't', via: 'test' });
    await h.settled();
    expect(ofBackfill()).toHaveLength(1);
    expect((await api('PUT', '/backfills/1/unpause')).json.is_paused).toBe(false);
    expect(ofBackfill()).toHaveLength(2);
    expect((await api('PUT', '/backfills/1/cancel')).json.completed_at).toBe('2026-01-10T00:00:00.000Z');
    expect(await h.rows("select state, count(*) as n from dag_run where run_type = 'backfill' group by state")).toEqual(
      [
        { state: 'failed', n: 2 },
        { state: 'running', n: 2 },
        { state: 'success', n: 1 },
      ],
    );
  });

  it.each([
    [{ ...wish, dag_id: 'nowhere' }, 404, /nowhere/],
    [{ ...wish, dag_id: 'timeless' }, 422, /no schedule of times/],
    [{ ...wish, from_date: '2027-01-01T00:00:00Z', to_date: '2027-01-02T00:00:00Z' }, 422, /future/],
    [{ ...wish, to_date: '2025-12-01T00:00:00Z' }, 422, /first date lies after the last/],
    [{ ...wish, reprocess_behavior: 'some' }, 422, /reprocess_behavior/],
    [{ ...wish, max_active_runs: 0 }, 422, /max_active_runs/],
    [{ ...wish, unknown: true }, 422, /unknown/],
  ])('are refused: %j: %i', async (body, status, message) => {
    const { api } = await start();
    const answer = await api('POST', '/backfills', body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.json)).toMatch(message);
  });

  it('are one a DAG at a time, and 404 where there is none', async () => {
    const { api } = await start();
    expect((await api('POST', '/backfills', wish)).status).toBe(200);
    expect((await api('POST', '/backfills', wish)).status).toBe(409);
    for (const path of ['/backfills/7', '/backfills/x']) expect((await api('GET', path)).status).toBe(404);
    expect((await api('PUT', '/backfills/7/cancel')).status).toBe(404);
  });
});

describe('backfills on their page', () => {
  it('show their dates first, then are made, held and ended', async () => {
    const { h, server } = await surface({ behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', schedule: daily, tasks: chain(1) }), dag({ dagId: 'timeless', tasks: chain(1) }));
    await h.trigger('d', { logicalDate: day(2) });
    const form = { from: '2026-01-01T00:00', to: '2026-01-04T00:00', reprocess: 'none', max_active_runs: '1' };
    const page = async (query = '') => (await server.get(`/dags/d/backfill${query}`)).text();
    const tried = await page(`?${new URLSearchParams(form)}`);
    expect(tried).toContain('Make 3 runs');
    expect(tried).toContain('left out: in flight');
    expect(await h.rows('select * from backfill')).toEqual([]);
    expect(await page('?from=2027-01-01T00:00&to=2027-01-02T00:00')).toContain('the dates lie in the future');
    expect(await page('?from=soon&to=2027-01-02T00:00')).toContain('&quot;soon&quot; is not a time');

    expect((await server.post('/dags/d/backfill', form)).status).toBe(303);
    await h.settled();
    expect(
      await h.rows("select state, count(*) as n from dag_run where run_type = 'backfill' group by 1 order by 1"),
    ).toEqual([
      { state: 'queued', n: 2 },
      { state: 'running', n: 1 },
    ]);
    expect(await page()).toContain('under way');
    await server.post('/backfills/1/pause', { paused: 'true' });
    expect(await page()).toContain('paused');
    await server.post('/backfills/1/pause', { paused: 'false' });
    await server.post('/backfills/1/cancel', {});
    await h.settled();
    expect(await page()).toMatch(/over<\/span>/);
    expect(await (await server.get('/dags/d')).text()).toContain('/dags/d/backfill');
    expect(await (await server.get('/dags/timeless')).text()).not.toContain('/backfill');
  });
});

describe('the terminal', () => {
  it('makes, lists, pauses and cancels backfills', async () => {
    const { h, cli } = await surface({ behaviour: () => 'hold' });
    await h.declare(dag({ dagId: 'd', schedule: daily, tasks: chain(1) }));
    const wish = { dagId: 'd', from: day(1), to: day(4), maxActiveRuns: 1 };
    expect((await cli('createBackfill', { ...wish, dryRun: true })).runs).toHaveLength(4);
    expect(await cli('createBackfill', wish)).toMatchObject({ backfillId: 1 });
    await cli('setBackfillPaused', { id: 1, paused: true });
    expect(await cli('backfills', { dagId: 'd' })).toMatchObject([
      {
        id: 1,
        is_paused: 1,
        states: expect.arrayContaining([
          { state: 'running', total: 1 },
          { state: 'queued', total: 3 },
        ]),
      },
    ]);
    await cli('cancelBackfill', { id: 1 });
    await expect(cli('cancelBackfill', { id: 1 })).rejects.toMatchObject({ code: 'BACKFILL_NOT_FOUND' });
  });

  it('clears and marks around a task, and only says so when asked', async () => {
    const { h, cli } = await surface();
    await h.declare(dag({ dagId: 'd', tasks: chain(3) }));
    for (const number of [1, 2, 3]) await h.trigger('d', { runId: `day${number}`, logicalDate: day(number) });
    const place = { dagId: 'd', runId: 'day2' };
    const names = (meant: { runId: string; taskId: string }[]) => meant.map((one) => `${one.runId} ${one.taskId}`);
    expect(
      names(await cli('clear', { ...place, taskIds: ['t1'], past: true, downstream: true, dryRun: true })),
    ).toEqual(['day1 t1', 'day1 t2', 'day2 t1', 'day2 t2']);
    const mark = { ...place, taskId: 't1', mapIndex: null, state: 'failed', future: true };
    expect(names(await cli('mark', { ...mark, dryRun: true }))).toEqual(['day2 t1', 'day3 t1']);
    expect(await h.rows("select * from task_instance where state = 'failed'")).toEqual([]);
    await cli('mark', mark);
    expect(await h.rows("select count(*) as n from task_instance where state = 'failed'")).toEqual([{ n: 2 }]);
  });
});
