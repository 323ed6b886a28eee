import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { fixtureNow, runIdAt, type UiFixture, uiFixture } from '../support/ui-fixture.js';
import { type UiServer, uiServer } from '../support/ui-server.js';

const bank = 'Bank_Data_Transformation';
const runId = runIdAt(fixtureNow);
const failed = runIdAt(fixtureNow - 3 * 3_600_000);
const broken = 'staging.tests.test_accepted_values_stg_accounts_account_status';
const run = `/dags/${bank}/dagRuns/${encodeURIComponent(runId)}`;
const failedRun = `/dags/${bank}/dagRuns/${encodeURIComponent(failed)}`;

/** The keys that Airflow's OpenAPI document requires of each shape. */
const required = JSON.parse(
  readFileSync(join(packageRoot, 'tests', 'server', 'airflow-shapes.json'), 'utf8'),
) as Record<string, string[]>;

// biome-ignore lint/suspicious/noExplicitAny: the tests read any JSON
type Answer = any;

describe('REST API v2', () => {
  let fixture: UiFixture;
  let server: UiServer;
  let token: string;
  beforeAll(async () => {
    fixture = await uiFixture();
    server = await uiServer(fixture.deps);
    const given = await fetch(`${server.url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: 'correct-horse-battery-staple' }),
    });
    token = ((await given.json()) as { access_token: string }).access_token;
  });
  afterAll(async () => {
    await server.close();
    await fixture.close();
  });

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: Answer }> {
    const response = await fetch(`${server.url}/api/v2${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
  }

  it.each<[string, string, string | null]>([
    ['/version', 'VersionInfo', null],
    ['/monitor/health', 'HealthInfoResponse', null],
    ['/dags', 'DAGResponse', 'dags'],
    [`/dags/${bank}`, 'DAGResponse', null],
    [`/dags/${bank}/details`, 'DAGDetailsResponse', null],
    [`/dags/${bank}/tasks`, 'TaskResponse', 'tasks'],
    [`/dags/${bank}/tasks/wait_for_load`, 'TaskResponse', null],
    [`/dags/${bank}/dagRuns`, 'DAGRunResponse', 'dag_runs'],
    ['/dags/~/dagRuns?limit=3', 'DAGRunResponse', 'dag_runs'],
    [run, 'DAGRunResponse', null],
    [`${run}/taskInstances`, 'TaskInstanceResponse', 'task_instances'],
    ['/dags/~/dagRuns/~/taskInstances?state=failed', 'TaskInstanceResponse', 'task_instances'],
    [`${failedRun}/taskInstances/${broken}`, 'TaskInstanceResponse', null],
    [`${failedRun}/taskInstances/${broken}/tries`, 'TaskInstanceHistoryResponse', 'task_instances'],
    [`${failedRun}/taskInstances/${broken}/xcomEntries`, 'XComResponse', 'xcom_entries'],
    [`${failedRun}/taskInstances/${broken}/xcomEntries/return_value`, 'XComResponseNative', null],
    [`${failedRun}/taskInstances/${broken}/logs/2`, 'TaskInstancesLogResponse', null],
    [`/dagSources/${bank}`, 'DAGSourceResponse', null],
    [`/dags/${bank}/dagVersions`, 'DagVersionResponse', 'dag_versions'],
    ['/importErrors', 'ImportErrorResponse', 'import_errors'],
    ['/eventLogs', 'EventLogResponse', 'event_logs'],
    ['/pools', 'PoolResponse', 'pools'],
    ['/pools/default_pool', 'PoolResponse', null],
    ['/connections', 'ConnectionResponse', 'connections'],
    ['/connections/crm', 'ConnectionResponse', null],
    ['/variables', 'VariableResponse', 'variables'],
    ['/variables/threshold', 'VariableResponse', null],
  ])('answers %s with every key of %s', async (path, shape, collection) => {
    const { status, json } = await call('GET', path);
    expect([status, status === 200 ? '' : json]).toEqual([200, '']);
    const items = collection === null ? [json] : json[collection];
    expect(items.length).toBeGreaterThan(0);
    if (collection !== null) expect(json.total_entries).toBeGreaterThanOrEqual(items.length);
    expect(required[shape]?.length).toBeGreaterThan(0);
    for (const item of items) expect(Object.keys(item)).toEqual(expect.arrayContaining(required[shape] as string[]));
  });

  it('pages, orders and filters runs', async () => {
    const first = await call('GET', `/dags/${bank}/dagRuns?limit=5&order_by=-run_after`);
    expect(first.json.total_entries).toBe(30);
    expect(first.json.dag_runs.map((item: { dag_run_id: string }) => item.dag_run_id)).toEqual(
      [0, 1, 2, 3, 4].map((age) => runIdAt(fixtureNow - age * 3_600_000)),
    );
    const next = await call('GET', `/dags/${bank}/dagRuns?limit=5&offset=5&order_by=-run_after`);
    expect(next.json.dag_runs[0].dag_run_id).toBe(runIdAt(fixtureNow - 5 * 3_600_000));
    const ended = await call('GET', `/dags/${bank}/dagRuns?state=failed&state=running`);
    expect(new Set(ended.json.dag_runs.map((item: { state: string }) => item.state))).toEqual(
      new Set(['failed', 'running']),
    );
    const since = new Date(fixtureNow - 2.5 * 3_600_000).toISOString().replace('Z', '+00:00');
    expect((await call('GET', `/dags/${bank}/dagRuns?run_after_gte=${since}`)).json.total_entries).toBe(3);
    expect((await call('GET', '/dags?limit=1000')).json.dags.length).toBe(11);
  });

  it('triggers a run with exactly what was asked', async () => {
    const { status, json } = await call('POST', `/dags/${bank}/dagRuns`, {
      logical_date: '2026-11-21T10:00:00+02:00',
      conf: { tables: ['customers'] },
      dag_run_id: 'mine',
      note: 'why',
    });
    expect(status).toBe(200);
    expect(json.dag_run_id).toBe(runId);
    expect(fixture.asked.at(-1)).toEqual({
      command: 'triggerDagRun',
      args: [
        {
          dagId: bank,
          runId: 'mine',
          logicalDate: Date.UTC(2026, 10, 21, 8),
          dataInterval: null,
          runAfter: null,
          conf: { tables: ['customers'] },
          note: 'why',
        },
        { user: 'admin', via: 'rest_api' },
      ],
    });
    await call('POST', `/dags/${bank}/dagRuns`, { logical_date: null }, { referer: 'http://localhost/' });
    expect(fixture.asked.at(-1)?.args[1]).toEqual({ user: 'admin', via: 'ui' });
  });

  it.each<[string, unknown]>([
    ['without logical_date', {}],
    ['with an unknown key', { logical_date: null, colour: 'red' }],
    ['with a time without a zone', { logical_date: '2026-11-21T10:00:00' }],
    ['with half an interval', { logical_date: null, data_interval_start: '2026-11-21T10:00:00Z' }],
    ['with a conf that is a list', { logical_date: null, conf: [] }],
  ])('refuses a trigger %s with 422', async (_words, body) => {
    const { status, json } = await call('POST', `/dags/${bank}/dagRuns`, body);
    expect(status).toBe(422);
    expect(json.detail).toBeTruthy();
  });

  it('says in the words of FastAPI what is wrong with a body', async () => {
    const { json } = await call('POST', `/dags/${bank}/dagRuns`, { logical_date: 5 });
    expect(json.detail).toEqual([
      expect.objectContaining({ loc: ['body', 'logical_date'], msg: expect.any(String), type: expect.any(String) }),
    ]);
  });

  it('pauses, marks, clears and notes through the scheduler', async () => {
    await call('PATCH', `/dags/${bank}`, { is_paused: true });
    expect(fixture.asked.at(-1)).toMatchObject({ command: 'setPaused', args: [bank, true, { via: 'rest_api' }] });
    await call('PATCH', run, { state: 'failed', note: null });
    expect(fixture.asked.slice(-2)).toMatchObject([
      { command: 'setDagRunState', args: [bank, runId, 'failed', { via: 'rest_api' }] },
      { command: 'setNote' },
    ]);
    const cleared = await call('POST', `/dags/${bank}/clearTaskInstances`, {
      dag_run_id: runId,
      task_ids: ['analytics.fct_transactions', ['publish_kpi_extract', 2]],
      only_failed: false,
    });
    expect(fixture.asked.at(-1)).toMatchObject({
      command: 'clearTaskInstances',
      args: [
        {
          dagId: bank,
          runId,
          taskIds: ['analytics.fct_transactions', 'publish_kpi_extract'],
          mapIndexes: [2],
          onlyFailed: false,
          dryRun: true,
          resetDagRuns: true,
        },
        { via: 'rest_api' },
      ],
    });
    expect(cleared.json.task_instances[0].task_id).toBe('analytics.fct_transactions');
    await call('PATCH', `${run}/taskInstances/analytics.fct_transactions`, {
      new_state: 'success',
      include_downstream: true,
    });
    expect(fixture.asked.at(-1)).toMatchObject({
      command: 'markTaskInstances',
      args: [{ state: 'success', includeDownstream: true, dryRun: false, mapIndex: null }, {}],
    });
    await call('PATCH', `${run}/taskInstances/analytics.fct_transactions/dry_run`, { new_state: 'failed' });
    expect(fixture.asked.at(-1)).toMatchObject({ args: [{ state: 'failed', dryRun: true }, {}] });
    const runCleared = await call('POST', `${run}/clear`, { dry_run: true, only_failed: true });
    expect(fixture.asked.at(-1)).toMatchObject({
      command: 'clearDagRun',
      args: [{ onlyFailed: true, dryRun: true }, {}],
    });
    expect(runCleared.json.total_entries).toBe(1);
    expect((await call('DELETE', failedRun)).status).toBe(204);
  });

  it('answers 404, 400 and 406 with a detail', async () => {
    for (const path of [
      '/dags/nobody',
      `/dags/${bank}/dagRuns/none`,
      `${run}/taskInstances/none`,
      '/pools/none',
      '/eventLogs/999999',
      '/nothing',
    ]) {
      const { status, json } = await call('GET', path);
      expect([path, status, typeof json.detail]).toEqual([path, 404, 'string']);
    }
    expect((await call('GET', `/dags/${bank}/dagRuns?order_by=colour`)).status).toBe(400);
    expect((await call('GET', `/dags/${bank}/dagRuns?limit=-1`)).status).toBe(422);
    expect((await call('GET', '/dags?paused=maybe')).status).toBe(422);
    expect(
      (await call('GET', `${failedRun}/taskInstances/${broken}/logs/2`, undefined, { accept: 'text/plain' })).status,
    ).toBe(406);
  });

  it('gives logs as structured events and as lines', async () => {
    const { json } = await call('GET', `${failedRun}/taskInstances/${broken}/logs/2`);
    expect(json.content[0]).toEqual({
      timestamp: expect.stringMatching(/Z$/),
      level: 'info',
      event: '::group::Environment and settings',
    });
    expect(json.content).toContainEqual({ event: '    at Merge.execute (adapters/postgres/merge.ts:212:15)' });
    expect(json.continuation_token).toBeNull();
    const lines = await fetch(`${server.url}/api/v2${failedRun}/taskInstances/${broken}/logs/2`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/x-ndjson' },
    });
    const events = (await lines.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toEqual(json.content);
  });

  it('never shows the secrets of a connection, nor one of the environment as if it could be changed', async () => {
    expect((await call('GET', '/variables')).json.variables).toEqual([
      { key: 'region', value: 'eu-central-1', description: null, is_encrypted: false, team_name: null },
      { key: 'threshold', value: '0.75', description: 'How much', is_encrypted: true, team_name: null },
    ]);
    const { connections } = (await call('GET', '/connections')).json;
    expect(connections).toMatchObject([
      { connection_id: 'crm', password: '***', extra: '{"region":"eu","api_key":"***"}' },
      { connection_id: 'mail', conn_type: 'smtp', login: 'robot', password: '***', extra: null },
    ]);
    expect(JSON.stringify(connections)).not.toMatch(/password of the crm|key-of-the-crm|mail password/);
  });

  it('tells Prometheus what it measures', async () => {
    const text = await (
      await fetch(`${server.url}/metrics`, { headers: { authorization: 'Bearer correct-horse-battery-staple' } })
    ).text();
    expect(text).toMatch(/^millrace_task_instances\{state="running"\} \d+$/m);
    expect(text).toContain('millrace_cdc_lag_seconds 1.2');
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [\d.eNa+-]+)$/);
  });
});
