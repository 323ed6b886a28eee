import { afterEach, describe, expect, it } from 'vitest';
import { dag } from '../support/dag-builder.js';
import { type Harness, startHarness } from '../support/scheduler-harness.js';
import { uiFixture } from '../support/ui-fixture.js';
import { type UiServer, uiServer } from '../support/ui-server.js';

// biome-ignore lint/suspicious/noExplicitAny: the tests read any JSON
type Answer = any;

const password = 'the-password-of-the-crm';

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface Api {
  harness: Harness;
  server: UiServer;
  asked: { command: string; args: unknown[] }[];
  call(method: string, path: string, body?: unknown): Promise<{ status: number; json: Answer }>;
  events(): Promise<{ event: string; user: string; extra: Record<string, unknown> }[]>;
}

/** The REST API on the commands of a real scheduler. */
async function api(environment: Record<string, string> = {}): Promise<Api> {
  const harness = await startHarness({ environment });
  const fixture = await uiFixture({ size: 'empty' });
  const { store, secrets, masker, scheduler } = harness;
  const server = await uiServer({
    ...fixture.deps,
    store,
    secrets,
    masker,
    commands: scheduler.commands,
    clock: harness.clock,
  });
  endings.push(
    () => fixture.close(),
    () => server.close(),
  );
  const given = await fetch(`${server.url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'correct-horse-battery-staple' }),
  });
  const { access_token: token } = (await given.json()) as { access_token: string };
  return {
    harness,
    server,
    asked: fixture.asked,
    async call(method, path, body) {
      const response = await fetch(`${server.url}/api/v2${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, json: text === '' ? null : JSON.parse(text) };
    },
    async events() {
      const rows = await harness.rows<{ event: string; user: string; extra_json: string }>(
        'select event, "user", extra_json from event_log where "user" is not null order by id',
      );
      return rows.map(({ event, user, extra_json }) => ({ event, user, extra: JSON.parse(extra_json) }));
    },
  };
}

const crm = {
  connection_id: 'crm',
  conn_type: 'http',
  host: 'crm.example.test',
  login: 'robot',
  password,
  port: 8443,
  extra: '{"region": "eu", "api_key": "key-of-the-crm", "nested": {"token": "nested-token"}}',
};

describe('connections over REST', () => {
  it('makes, shows, lists, changes and deletes one, and never tells its secrets', async () => {
    const { call, harness, events } = await api();
    const made = await call('POST', '/connections', crm);
    expect(made).toEqual({
      status: 201,
      json: {
        ...crm,
        description: null,
        schema: null,
        password: '***',
        extra: '{"region":"eu","api_key":"***","nested":{"token":"***"}}',
        team_name: null,
      },
    });
    expect((await call('POST', '/connections', crm)).status).toBe(409);
    expect((await call('GET', '/connections/crm')).json).toEqual(made.json);
    expect((await call('GET', '/connections?connection_id_pattern=c%25')).json).toEqual({
      connections: [made.json],
      total_entries: 1,
    });

    // A client that sends back what it was shown changes nothing of what it was not shown.
    const shown = { ...made.json, host: 'other.example.test' };
    const changed = await call('PATCH', '/connections/crm', shown);
    expect(changed).toMatchObject({ status: 200, json: { host: 'other.example.test', password: '***' } });
    expect(await harness.secrets.connection('crm')).toMatchObject({
      host: 'other.example.test',
      password,
      extra: '{"region":"eu","api_key":"key-of-the-crm","nested":{"token":"nested-token"}}',
    });
    const masked = await call('PATCH', '/connections/crm?update_mask=port', { ...crm, port: 1, host: 'ignored' });
    expect(masked.json).toMatchObject({ port: 1, host: 'other.example.test' });

    expect((await call('DELETE', '/connections/crm')).status).toBe(204);
    expect((await call('DELETE', '/connections/crm')).status).toBe(404);
    expect((await call('GET', '/connections/crm')).status).toBe(404);
    expect((await call('PATCH', '/connections/crm', crm)).status).toBe(404);

    const log = await events();
    expect(log.map(({ event, user }) => [event, user])).toEqual([
      ['post_connection', 'admin'],
      ['patch_connection', 'admin'],
      ['patch_connection', 'admin'],
      ['delete_connection', 'admin'],
    ]);
    expect(JSON.stringify(log)).not.toMatch(/the-password|key-of-the-crm|nested-token/);
  });

  it('says what is wrong with a body', async () => {
    const { call } = await api();
    const wrong: [object, string][] = [
      [{ ...crm, port: 70_000 }, '70000'],
      [{ ...crm, extra: 'no json' }, 'extra is not JSON'],
      [{ ...crm, connection_id: 'a b' }, 'connection_id'],
      [{ ...crm, user: 'x' }, 'user'],
      [{ connection_id: 'x' }, 'conn_type'],
    ];
    for (const [body, said] of wrong) {
      const answer = await call('POST', '/connections', body);
      expect([answer.status, JSON.stringify(answer.json)]).toEqual([422, expect.stringContaining(said)]);
      expect(JSON.stringify(answer.json)).not.toContain(password);
    }
    expect((await call('PATCH', '/connections/other', crm)).status).toBe(422);
  });

  it('finds those of the environment first, shows them, and does not change them', async () => {
    const { call, harness } = await api({
      AIRFLOW_CONN_CRM: 'http://u:secret-of-the-environment@env.example.test',
      AIRFLOW_VAR_CITY: 'Bern',
    });
    await call('POST', '/connections', crm);
    await call('POST', '/variables', { key: 'city', value: 'Basel' });
    expect((await call('GET', '/connections/crm')).json).toMatchObject({ host: 'env.example.test', password: '***' });
    expect((await call('GET', '/connections')).json.total_entries).toBe(1);
    expect((await call('GET', '/variables/city')).json).toMatchObject({ value: 'Bern', is_encrypted: false });
    const calls = harness.executor;
    calls.behaviour = () => 'hold';
    await harness.declare(dag({ dagId: 'd', tasks: [{ taskId: 't' }] }));
    await harness.trigger('d');
    await harness.settled();
    const attemptId = [...calls.running.keys()][0] as string;
    const ask = (call: Parameters<typeof harness.scheduler.listener.onCall>[1]) =>
      harness.scheduler.listener.onCall(attemptId, call);
    expect(await ask({ method: 'getConnection', id: 'CRM' })).toMatchObject({
      id: 'CRM',
      type: 'http',
      host: 'env.example.test',
      password: 'secret-of-the-environment',
    });
    expect(await ask({ method: 'getVariable', key: 'City' })).toBe('Bern');
    await call('DELETE', '/connections/crm');
    expect((await call('DELETE', '/connections/crm')).json.detail).toContain('AIRFLOW_CONN_CRM');
    expect((await call('GET', '/connections/crm')).status).toBe(200);
  });

  it('tests one, with the stored password only where it goes anyway', async () => {
    const { call, asked } = await api();
    await call('POST', '/connections', crm);
    const { password: _password, extra: _extra, ...shown } = crm;
    const same = await call('POST', '/connections/test', shown);
    expect(same.json).toMatchObject({ status: false, message: expect.stringContaining('cannot log in') });
    expect(JSON.stringify(same.json)).not.toContain(password);
    await call('POST', '/connections/test', { ...shown, host: 'thief.example.test', password: '***' });
    await call('POST', '/connections/test', { ...shown, connection_id: 'new', password: 'typed' });
    const tried = asked.filter(({ command }) => command === 'testConnection').map(({ args }) => args[0]);
    expect(tried).toEqual([
      expect.objectContaining({ host: crm.host, password }),
      expect.objectContaining({ host: 'thief.example.test', password: null }),
      expect.objectContaining({ id: 'new', password: 'typed' }),
    ]);
  });

  it('does many in one request, each by itself', async () => {
    const { call } = await api();
    const done = await call('PATCH', '/connections', {
      actions: [
        {
          action: 'create',
          entities: [crm, { ...crm, connection_id: 'two' }, { ...crm, connection_id: 'bad', port: 0 }],
        },
        { action: 'create', entities: [crm], action_on_existence: 'skip' },
        { action: 'update', entities: [{ connection_id: 'two', conn_type: 'http', host: 'h2' }] },
        { action: 'delete', entities: ['crm', 'nobody'] },
      ],
    });
    expect(done.json).toMatchObject({
      create: { success: ['crm', 'two'], errors: [{ status_code: 422 }] },
      update: { success: ['two'], errors: [] },
      delete: { success: ['crm'], errors: [{ status_code: 404 }] },
    });
    expect((await call('GET', '/connections')).json.connections).toMatchObject([{ connection_id: 'two', host: 'h2' }]);
  });
});

describe('variables over REST', () => {
  it('makes, shows, changes and deletes one, and hides those with sensitive names', async () => {
    const { call, harness, events } = await api();
    const made = await call('POST', '/variables', { key: 'city', value: 'Bern', description: 'Where' });
    expect(made).toEqual({
      status: 201,
      json: { key: 'city', value: 'Bern', description: 'Where', is_encrypted: true, team_name: null },
    });
    expect((await call('POST', '/variables', { key: 'city', value: 'x' })).status).toBe(409);
    await call('POST', '/variables', { key: 'api_key', value: 'a-sensitive-value' });
    await call('POST', '/variables', { key: 'config', value: { user: 'me', password: 'within-json' } });
    const listed = (await call('GET', '/variables?order_by=-key')).json.variables;
    expect(listed).toMatchObject([
      { key: 'config', value: '{"user":"me","password":"***"}' },
      { key: 'city', value: 'Bern' },
      { key: 'api_key', value: '***' },
    ]);
    expect(await harness.secrets.variable('api_key')).toBe('a-sensitive-value');
    const patched = await call('PATCH', '/variables/city?update_mask=description', {
      key: 'city',
      value: 'ignored',
      description: 'The capital',
    });
    expect(patched.json).toMatchObject({ value: 'Bern', description: 'The capital' });
    await call('PATCH', '/variables/api_key', { key: 'api_key', value: '***', description: 'kept' });
    expect(await harness.secrets.variable('api_key')).toBe('a-sensitive-value');
    expect((await call('DELETE', '/variables/city')).status).toBe(204);
    expect((await call('GET', '/variables/city')).status).toBe(404);
    expect((await call('PATCH', '/variables/city', { key: 'city', value: '' })).status).toBe(404);
    expect(JSON.stringify(await events())).not.toMatch(/a-sensitive-value|within-json|Bern/);
  });

  it('is empty when it was set to nothing', async () => {
    const { call, harness } = await api({ AIRFLOW_VAR_NOTHING: '' });
    await call('POST', '/variables', { key: 'blank', value: '' });
    expect([await harness.secrets.variable('blank'), await harness.secrets.variable('nothing')]).toEqual(['', '']);
  });
});

describe('pools over REST', () => {
  it('makes, changes and deletes one, and the scheduler keeps to it at once', async () => {
    const { call, harness, events } = await api();
    const made = await call('POST', '/pools', { name: 'narrow', slots: 1 });
    expect(made).toMatchObject({
      status: 201,
      json: { name: 'narrow', slots: 1, open_slots: 1, include_deferred: false },
    });
    expect((await call('POST', '/pools', { name: 'narrow', slots: 1 })).status).toBe(409);
    expect((await call('POST', '/pools', { name: 'x', slots: -2 })).status).toBe(422);
    harness.executor.behaviour = () => 'hold';
    await harness.declare(dag({ dagId: 'd', tasks: ['a', 'b'].map((taskId) => ({ taskId, pool: 'narrow' })) }));
    await harness.trigger('d');
    await harness.settled();
    expect(harness.executor.running.size).toBe(1);
    expect((await call('PATCH', '/pools/narrow', { slots: 2, description: 'wider' })).json).toMatchObject({ slots: 2 });
    await harness.settled();
    expect(harness.executor.running.size).toBe(2);
    expect((await call('DELETE', '/pools/default_pool')).status).toBe(422);
    expect((await call('PATCH', '/pools/nothing', { slots: 2 })).status).toBe(404);
    expect(
      (await call('PATCH', '/pools', { actions: [{ action: 'delete', entities: ['narrow'] }] })).json.delete,
    ).toEqual({ success: ['narrow'], errors: [] });
    expect((await events()).map(({ event }) => event).filter((event) => event.endsWith('_pool'))).toEqual([
      'post_pool',
      'patch_pool',
      'delete_pool',
    ]);
    await harness.executor.stop();
    await harness.settled();
  });
});

describe('the forms of the pages', () => {
  it('make, change, test and delete, keep a password that is left empty, and say what was wrong', async () => {
    const { server, harness, asked } = await api();
    const form = {
      connection_id: 'crm',
      conn_type: 'http',
      host: 'crm.example.test',
      port: '8443',
      login: 'robot',
      password,
      extra: '{"api_key": "key-of-the-crm"}',
    };
    const saved = await server.post('/admin/connections/new', form);
    expect([saved.status, saved.headers.get('location')]).toEqual([303, '/admin/connections']);
    await server.post('/admin/connections/crm/edit', { ...form, password: '', extra: '{"api_key":"***"}', host: 'h2' });
    expect(await harness.secrets.connection('crm')).toMatchObject({
      host: 'h2',
      password,
      extra: '{"api_key":"key-of-the-crm"}',
    });
    const page = await (await server.get('/admin/connections/crm/edit')).text();
    expect(page).not.toMatch(/the-password|key-of-the-crm/);
    await server.post('/admin/connections/crm/test', {});
    expect(asked.at(-1)).toMatchObject({ command: 'testConnection', args: [{ id: 'crm', password }] });
    await server.post('/admin/connections/crm/edit', { ...form, password: '', no_password: '1' });
    expect(await harness.secrets.connection('crm')).toMatchObject({ password: null });

    const refused = await server.post('/admin/connections/new', { ...form, connection_id: 'x', port: '99999' });
    const flash = decodeURIComponent(refused.headers.get('set-cookie') ?? '');
    expect(flash).toContain('99999');
    expect(await harness.secrets.connection('x')).toBeUndefined();
    await server.post('/admin/connections/crm/delete', {});
    expect(await harness.secrets.connection('crm')).toBeUndefined();
  });

  it('import variables as asked', async () => {
    const { server, harness } = await api();
    await server.post('/admin/variables/new', { key: 'a', value: 'one\r\ntwo' });
    expect(await harness.secrets.variable('a')).toBe('one\ntwo');
    await server.post('/admin/variables/import', { json: '{"a": "new", "b": {"x": 1}}', existing: 'fail' });
    expect(await harness.secrets.variable('b')).toBeUndefined();
    await server.post('/admin/variables/import', { json: '{"a": "new", "b": {"x": 1}}', existing: 'skip' });
    expect([await harness.secrets.variable('a'), await harness.secrets.variable('b')]).toEqual(['one\ntwo', '{"x":1}']);
    await server.post('/admin/variables/import', { json: '{"a": "new"}', existing: 'overwrite' });
    expect(await harness.secrets.variable('a')).toBe('new');
    await server.post('/admin/pools/new', { name: 'p', slots: '3' });
    const refused = await server.post('/admin/pools/p/edit', { slots: 'many' });
    expect(decodeURIComponent(refused.headers.get('set-cookie') ?? '')).toContain('NaN slots');
    expect(await harness.rows('select name, slots from pool order by name')).toEqual([
      { name: 'default_pool', slots: 128 },
      { name: 'p', slots: 3 },
    ]);
  });
});
