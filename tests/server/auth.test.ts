import type { Express } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../server/app.js';
import { safeNext } from '../../server/auth/login.js';
import { issueLoginLink } from '../../server/auth/sessions.js';
import { pages } from '../../server/pages/index.js';
import { type UiFixture, uiFixture } from '../support/ui-fixture.js';
import { type UiServer, uiServer } from '../support/ui-server.js';

/** What answers without a session, and nothing else. */
const open = new Set([
  'GET /static/*path',
  'GET /health',
  'GET /login',
  'POST /login',
  'POST /auth/token',
  'POST /auth/token/cli',
  'GET /api/v2/version',
  'GET /api/v2/monitor/health',
]);

interface Route {
  method: string;
  path: string;
}

describe('who may come in', () => {
  let fixture: UiFixture;
  let server: UiServer;
  let routes: Route[];
  beforeAll(async () => {
    fixture = await uiFixture();
    server = await uiServer(fixture.deps);
    routes = routesOf(createApp(fixture.deps));
  });
  afterAll(async () => {
    await server.close();
    await fixture.close();
  });

  it('finds every route of the app', () => {
    const paths = new Set(routes.map((route) => `${route.method} ${route.path}`));
    for (const page of pages) expect(paths).toContain(`GET ${page.path}`);
    for (const path of open) expect(paths).toContain(path);
    expect(paths).toContain('POST /api/v2/dags/:dagId/dagRuns');
    expect(routes.length).toBeGreaterThan(100);
  });

  it('refuses every other route to strangers', async () => {
    const answered: string[] = [];
    for (const { method, path } of routes.filter((route) => !open.has(`${route.method} ${route.path}`))) {
      const response = await fetch(server.url + example(path), {
        method,
        headers: { accept: 'application/json' },
        redirect: 'manual',
      });
      if (response.status !== 401) answered.push(`${method} ${path} gives ${response.status}`);
    }
    expect(answered).toEqual([]);
  });

  it.each(['/configs', '/health', '/ready', ';x', '%2e', '/..', '/', '//'])(
    'does not open a page by adding %s to its address',
    async (suffix) => {
      for (const path of ['/dags', '/api/v2/dags', '/Admin', '/HEALTH', '/api/v2/version']) {
        const response = await fetch(`${server.url}${path}${suffix}`, {
          headers: { accept: 'application/json' },
          redirect: 'manual',
        });
        expect([401, 403, 404]).toContain(response.status);
      }
    },
  );

  it('sends a person without a session to the login and back', async () => {
    const response = await fetch(`${server.url}/dags?tab=failed`, {
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/login?next=%2Fdags%3Ftab%3Dfailed');
  });

  it('takes a login link once', async () => {
    const token = new URL(await issueLoginLink(fixture.deps), server.url).searchParams.get('token') ?? '';
    const login = () =>
      fetch(`${server.url}/login`, {
        method: 'POST',
        body: new URLSearchParams({ token, next: '/runs' }),
        redirect: 'manual',
      });
    const first = await login();
    expect([first.status, first.headers.get('location')]).toEqual([303, '/runs']);
    expect(first.headers.get('set-cookie')).toMatch(/^millrace_session=mrs_.*; HttpOnly; SameSite=Lax$/i);
    expect((await login()).status).toBe(401);
  });

  it('makes older login links useless', async () => {
    const older = new URL(await issueLoginLink(fixture.deps), server.url).searchParams.get('token') ?? '';
    await issueLoginLink(fixture.deps);
    const response = await fetch(`${server.url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: older }),
      redirect: 'manual',
    });
    expect(response.status).toBe(401);
  });

  it('signs out for good', async () => {
    const token = new URL(await issueLoginLink(fixture.deps), server.url).searchParams.get('token') ?? '';
    const signedIn = await fetch(`${server.url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
      redirect: 'manual',
    });
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const read = () => fetch(`${server.url}/runs`, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
    const csrf = /data-csrf="([^"]+)"/.exec(await (await read()).text())?.[1] ?? '';
    await fetch(`${server.url}/logout`, {
      method: 'POST',
      headers: { cookie },
      body: new URLSearchParams({ _csrf: csrf }),
      redirect: 'manual',
    });
    expect((await read()).status).toBe(303);
  });

  it('gives a token for the password of admin, and only for it', async () => {
    const ask = (body: object) =>
      fetch(`${server.url}/auth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const given = await ask({ username: 'admin', password: 'correct-horse-battery-staple' });
    expect(given.status).toBe(201);
    const { access_token } = (await given.json()) as { access_token: string };
    const read = await fetch(`${server.url}/api/v2/dags`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(read.status).toBe(200);
    expect((await ask({ username: 'admin', password: 'admin' })).status).toBe(401);
    expect((await ask({ username: 'root', password: 'correct-horse-battery-staple' })).status).toBe(401);
    expect((await ask({ user: 'admin' })).status).toBe(422);
  });

  it('never takes a token for a cookie or a cookie for a token', async () => {
    const given = await fetch(`${server.url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: 'correct-horse-battery-staple' }),
    });
    const { access_token } = (await given.json()) as { access_token: string };
    const asCookie = await fetch(`${server.url}/dags`, {
      headers: { cookie: `millrace_session=${access_token}`, accept: 'application/json' },
    });
    const asToken = await fetch(`${server.url}/api/v2/dags`, {
      headers: { authorization: `Bearer ${server.cookie.split('=')[1]}` },
    });
    expect([asCookie.status, asToken.status]).toEqual([401, 401]);
  });

  it('lets a cookie read the API and never write it', async () => {
    const read = await fetch(`${server.url}/api/v2/dags`, { headers: { cookie: server.cookie } });
    const write = await fetch(`${server.url}/api/v2/dags/Bank_Data_Transformation/dagRuns`, {
      method: 'POST',
      headers: { cookie: server.cookie, 'content-type': 'application/json' },
      body: JSON.stringify({ logical_date: null }),
    });
    expect([read.status, write.status]).toEqual([200, 401]);
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['no token', { _csrf: '' }, {}],
    ['a wrong token', { _csrf: 'x'.repeat(43) }, {}],
    ['a cross-site request', {}, { 'sec-fetch-site': 'cross-site' }],
    ['a same-site sibling', {}, { 'sec-fetch-site': 'same-site' }],
    ['a foreign origin', {}, { origin: 'http://evil.example' }],
    ['an origin of nobody', {}, { origin: 'null' }],
  ])('refuses a form with %s', async (_name, form, headers) => {
    const before = fixture.asked.length;
    const response = await server.post('/dags/Bank_Data_Transformation/pause', { paused: 'true', ...form }, headers);
    expect(response.status).toBe(403);
    expect(fixture.asked.length).toBe(before);
  });

  it('refuses a login that another site sends', async () => {
    const token = new URL(await issueLoginLink(fixture.deps), server.url).searchParams.get('token') ?? '';
    const response = await fetch(`${server.url}/login`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
      body: new URLSearchParams({ token }),
      redirect: 'manual',
    });
    expect(response.status).toBe(403);
  });

  it('takes a form of its own page', async () => {
    const response = await server.post(
      '/dags/Bank_Data_Transformation/pause',
      { paused: 'true' },
      { origin: server.url, 'sec-fetch-site': 'same-origin' },
    );
    expect(response.status).toBe(303);
    expect(fixture.asked.at(-1)).toMatchObject({
      command: 'setPaused',
      args: ['Bank_Data_Transformation', true, { user: 'admin', via: 'ui' }],
    });
  });

  it('changes nothing by GET', async () => {
    const before = fixture.asked.length;
    for (const { path } of routes.filter((route) => route.method === 'GET' && !/clear|mark/.test(route.path)))
      await server.get(example(path)).then((response) => response.body?.cancel());
    expect(fixture.asked.length).toBe(before);
  });

  it('stops listening to an address that fails to log in ten times', async () => {
    const other = await uiServer(fixture.deps);
    const login = () =>
      fetch(`${other.url}/login`, {
        method: 'POST',
        body: new URLSearchParams({ username: 'admin', password: 'guess' }),
        redirect: 'manual',
      });
    for (let attempt = 0; attempt < 10; attempt++) expect((await login()).status).toBe(401);
    expect((await login()).status).toBe(429);
    fixture.clock.advanceBy(16 * 60_000);
    expect((await login()).status).toBe(401);
    await other.close();
  });

  it('sends headers that leave nothing to other sites', async () => {
    const response = await server.get('/emails');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'self';object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-powered-by')).toBeNull();
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/a\r\nset-cookie: x',
    '',
  ])('goes home instead of to %j after the login', (next) => {
    expect(safeNext(next)).toBe('/');
  });
});

/** Every method and path that the app answers, its routers followed to their end. */
function routesOf(app: Express): Route[] {
  const mounts = new Map([['apiRouter', '/api/v2']]);
  const found: Route[] = [];
  const walk = (stack: Layer[], prefix: string) => {
    for (const layer of stack) {
      if (layer.route) {
        const paths = Array.isArray(layer.route.path) ? layer.route.path : [layer.route.path];
        for (const path of paths)
          for (const method of Object.keys(layer.route.methods))
            found.push({ method: method.toUpperCase(), path: prefix + path });
      } else if (layer.handle.stack)
        walk(layer.handle.stack, prefix + (isApi(layer) ? (mounts.get('apiRouter') ?? '') : ''));
    }
  };
  walk((app as unknown as { router: { stack: Layer[] } }).router.stack, '');
  return found;
}

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
  matchers?: unknown;
}

/** The router that is mounted under a path: the one that has the API's version route somewhere in it. */
function isApi(layer: Layer): boolean {
  return layer.handle.stack?.some((inner) => inner.route?.path === '/version') ?? false;
}

function example(path: string): string {
  return path
    .replace(/:(\w+)/g, (_all, name: string) => (name === 'dagId' ? 'Bank_Data_Transformation' : '1'))
    .replace('*path', 'x');
}
