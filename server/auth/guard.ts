import type { Request, RequestHandler, Response } from 'express';
import { MillraceError } from '../../kernel/errors.js';
import { cookiesOf } from '../cookies.js';
import { csrfTokenOf, type Session, type Sessions, sameText } from './sessions.js';

export const sessionCookie = 'millrace_session';

/** What the guard leaves for the handlers behind it. */
export interface Signed {
  session: Session;
}

export function sessionOf(response: Response): Session {
  const session = (response.locals as Partial<Signed>).session;
  if (!session) throw new Error('this route is not behind the guard');
  return session;
}

/** Pages and their forms: the session cookie. Without one, a page leads to the login, anything else is 401. */
export function requirePerson(sessions: Sessions): RequestHandler {
  return async (request, response, next) => {
    const session = await sessions.find(cookiesOf(request)[sessionCookie] ?? '', 'cookie');
    if (!session) {
      const isPage = request.method === 'GET' && request.accepts(['html', 'json', 'text/event-stream']) === 'html';
      if (isPage) return response.redirect(303, `/login?next=${encodeURIComponent(request.originalUrl)}`);
      throw new MillraceError('UNAUTHENTICATED', 'no session', {
        hint: 'Sign in with the link that the server printed.',
      });
    }
    response.locals['session'] = session;
    if (!isReading(request)) assertSameSite(request, session);
    next();
  };
}

/** The API: a bearer token; the cookie is enough to read, so that links to it work in a browser, and never to write. */
export function requireToken(sessions: Sessions): RequestHandler {
  return async (request, response, next) => {
    const bearer = /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    let session = bearer === undefined ? undefined : await sessions.find(bearer, 'bearer');
    if (!session && bearer === undefined && isReading(request)) {
      session = await sessions.find(cookiesOf(request)[sessionCookie] ?? '', 'cookie');
    }
    if (!session) {
      response.set('WWW-Authenticate', 'Bearer');
      throw new MillraceError('UNAUTHENTICATED', bearer === undefined ? 'no bearer token' : 'the token is not valid', {
        hint: 'POST /auth/token gives one.',
      });
    }
    response.locals['session'] = session;
    next();
  };
}

/**
 * For programs that scrape: a token or a session as for the API, or the password of `admin` as the bearer token, since
 * tokens end after a day and a scraper cannot log in.
 */
export function requireScraper(sessions: Sessions, adminPassword: string): RequestHandler {
  const token = requireToken(sessions);
  return (request, response, next) => {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined && sameText(bearer, adminPassword)) return next();
    return token(request, response, next);
  };
}

/** Refuses a login form that another site sends: it would sign its visitor in as someone else. */
export function assertOwnLogin(request: Request): void {
  if (!isForeign(request)) return;
  throw new MillraceError('CROSS_SITE_REQUEST', 'the login comes from another site', {
    hint: 'Log in from the page of this server.',
  });
}

function isForeign(request: Request): boolean {
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  return (
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && !isOwnOrigin(request, origin))
  );
}

function isReading(request: Request): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

/** Refuses what another site may have sent: by the browser's own words first, then by the token of the form. */
function assertSameSite(request: Request, session: Session): void {
  const body = request.body as { _csrf?: unknown } | undefined;
  const token = request.headers['x-csrf-token'] ?? body?._csrf;
  if (isForeign(request) || typeof token !== 'string' || !sameText(token, csrfTokenOf(session))) {
    throw new MillraceError('CROSS_SITE_REQUEST', 'the request does not come from a page of this session', {
      hint: 'Load the page again and repeat it.',
    });
  }
}

function isOwnOrigin(request: Request, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.headers.host;
}
