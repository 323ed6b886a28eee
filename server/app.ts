import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { MillraceError } from '../kernel/errors.js';
import { packageRoot } from '../kernel/paths.js';
import { actionRoutes } from './actions/index.js';
import { apiRoutes } from './api/v2/index.js';
import { loadAssets } from './assets.js';
import { requirePerson, requireScraper, requireToken, sessionOf } from './auth/guard.js';
import { loginRoutes } from './auth/login.js';
import { Sessions } from './auth/sessions.js';
import { tokenRoutes } from './auth/token.js';
import type { AppDeps } from './deps.js';
import { downloadRoutes } from './downloads.js';
import { frameOf } from './frame.js';
import { LivePage } from './live/stream.js';
import { healthRoutes, metricsRoutes } from './monitor.js';
import { type Page, type PageRenderer, pageRequest, renderPage } from './page.js';
import { pages } from './pages/index.js';
import { preferencesOf, takeFlash } from './preferences.js';
import { problemOf } from './problem.js';
import { matchPath } from './route-match.js';
import { sendText } from './send.js';
import { loadViews } from './views.js';

const bodyBytesMax = 1_048_576;

/** The web server: pages, REST v2, live events. Listens to nothing; who starts it binds it, to loopback by default. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  const assets = loadAssets(join(packageRoot, 'views', 'static'));
  const views = loadViews(join(packageRoot, 'views'));
  const sessions = new Sessions(deps);
  const renderer: PageRenderer = { views, assets, deps, frame: (request) => frameOf(request, deps) };
  const person = requirePerson(sessions);

  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(securityHeaders());
  app.get('/static/*path', assets.serve);
  app.use(healthRoutes(deps));
  app.use(metricsRoutes(deps, requireScraper(sessions, deps.settings.adminPassword)));
  app.use(express.json({ limit: bodyBytesMax, type: 'application/json' }));
  app.use(express.urlencoded({ limit: bodyBytesMax, extended: false }));
  app.use(tokenRoutes(deps, sessions));
  app.use('/api/v2', noStore, apiRoutes(deps, requireToken(sessions)));
  app.use(loginRoutes({ deps, sessions, views, assets }));
  for (const page of pages) app.get(page.path, person, noStore, servePage(renderer, page));
  app.get('/live', person, serveLive(renderer));
  app.use(downloadRoutes(deps, person));
  app.use(actionRoutes(deps, person, sessions));
  app.use((request) => {
    throw new MillraceError('NOT_FOUND', `${request.method} ${request.path}`, { hint: 'Begin at the home page.' });
  });
  app.use(answerProblem(renderer));
  return app;
}

function servePage(renderer: PageRenderer, page: Page): RequestHandler {
  return async (request, response) => {
    const rendered = await renderPage(
      renderer,
      page,
      pageRequest({
        url: request.originalUrl,
        params: request.params as Record<string, string>,
        session: sessionOf(response),
        preferences: preferencesOf(request),
        now: renderer.deps.clock.now(),
      }),
      takeFlash(request, response),
    );
    const region = request.headers['millrace-region'];
    response.vary('Millrace-Region');
    if (typeof region !== 'string') return sendText(request, response, 'text/html', rendered.document.text);
    const part = rendered.regions.get(region);
    if (!part) throw new MillraceError('NOT_FOUND', `the page has no part ${region}`);
    await sendText(request, response, 'text/html', part.text);
  };
}

/** `GET /live?path=/dags/x&digest=…`: the changes of that page as server-sent events. */
function serveLive(renderer: PageRenderer): RequestHandler {
  return async (request, response) => {
    const url = String(request.query['path'] ?? '');
    const found = findPage(url);
    if (!found) throw new MillraceError('NOT_FOUND', `no page at ${url}`);
    const session = sessionOf(response);
    const preferences = preferencesOf(request);
    const lastEventId = request.headers['last-event-id'];
    await new LivePage({
      renderer,
      page: found.page,
      makeRequest: () =>
        pageRequest({ url, params: found.params, session, preferences, now: renderer.deps.clock.now() }),
      response,
      digest: typeof lastEventId === 'string' ? lastEventId : String(request.query['digest'] ?? ''),
    }).open();
  };
}

/** The page at an address of this server; undefined when the address leads elsewhere or nowhere. */
function findPage(url: string): { page: Page; params: Record<string, string> } | undefined {
  const here = 'http://page';
  if (!url.startsWith('/') || !URL.canParse(url, here) || new URL(url, here).origin !== here) return undefined;
  for (const page of pages) {
    const params = matchPath(page.path, new URL(url, here).pathname);
    if (params) return { page, params };
  }
  return undefined;
}

function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // The server speaks plain HTTP on loopback; what stands in front of it with TLS sets this.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
}

const noStore: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

function answerProblem(renderer: PageRenderer): ErrorRequestHandler {
  return (error, request, response, next) => {
    const problem = problemOf(error);
    if (problem.status >= 500) renderer.deps.report(error, `${request.method} ${request.path}`);
    if (response.headersSent) return next(error);
    response.status(problem.status).set('Cache-Control', 'no-store');
    if (/^\/(api|auth)\//.test(request.path)) {
      const detail = problem.hint ? `${problem.message}. ${problem.hint}` : problem.message;
      return response.json({ detail });
    }
    if (request.accepts(['html', 'json']) === 'json') return response.json(problem);
    const helpers = { asset: (name: string) => renderer.assets.path(name) };
    response.type('html').send(`<!doctype html>\n${renderer.views.render('layouts/problem', problem, helpers).text}`);
  };
}
