import { type Request, type Response, Router } from 'express';
import type { Assets } from '../assets.js';
import { setCookie } from '../cookies.js';
import type { AppDeps } from '../deps.js';
import type { Views } from '../views.js';
import { assertOwnLogin, sessionCookie } from './guard.js';
import { LoginLimit } from './login-limit.js';
import { type Sessions, sameText } from './sessions.js';

const cookieMs = 7 * 24 * 3_600_000;
const adminUser = 'admin';

/** Signing in by the link of the server's start or by the admin's password. No session is needed to come here. */
export function loginRoutes(web: { deps: AppDeps; sessions: Sessions; views: Views; assets: Assets }): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const limit = new LoginLimit(web.deps.clock);
  const show = (response: Response, view: { token?: string; next: string; fault?: string }) => {
    const helpers = { asset: (name: string) => web.assets.path(name) };
    const page = web.views.render('layouts/login', { token: undefined, fault: undefined, ...view }, helpers);
    response.set('Cache-Control', 'no-store').type('html').send(`<!doctype html>\n${page.text}`);
  };

  router.get('/login', (request, response) => {
    const { token } = request.query;
    show(response, { next: safeNext(request.query['next']), ...(typeof token === 'string' ? { token } : {}) });
  });

  router.post('/login', async (request, response) => {
    assertOwnLogin(request);
    const address = request.ip ?? 'unknown';
    limit.assertAllowed(address);
    const form = (request.body ?? {}) as Record<string, unknown>;
    const next = safeNext(form['next']);
    const user = await identify(form);
    if (user === undefined) {
      limit.recordFailure(address);
      const fault =
        typeof form['token'] === 'string'
          ? 'This link was used or is too old. The server prints a new one at each start.'
          : 'This user and password do not match.';
      response.status(401);
      return show(response, { next, fault });
    }
    await signIn(request, response, user);
    response.redirect(303, next);
  });

  async function identify(form: Record<string, unknown>): Promise<string | undefined> {
    const { token, username, password } = form;
    if (typeof token === 'string') return (await web.sessions.useLoginLink(token)) ? adminUser : undefined;
    const known = typeof password === 'string' && sameText(password, web.deps.settings.adminPassword);
    return known && username === adminUser ? adminUser : undefined;
  }

  async function signIn(request: Request, response: Response, user: string): Promise<void> {
    const session = await web.sessions.open(user, 'cookie');
    setCookie(request, response, sessionCookie, session.secret, cookieMs);
  }

  return router;
}

/** Only a path of this server: `//host` and `/\host` lead elsewhere. */
export function safeNext(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])[^\r\n]*$/.test(next) ? next : '/';
}
