import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../kernel/errors.js';
import type { AppDeps } from '../deps.js';
import { LoginLimit } from './login-limit.js';
import { type Sessions, sameText } from './sessions.js';

const credentials = z.object({ username: z.string(), password: z.string() });

/** `POST /auth/token`, as Airflow's clients call it: user and password for a bearer token of a day. */
export function tokenRoutes(deps: AppDeps, sessions: Sessions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const limit = new LoginLimit(deps.clock);
  router.post(['/auth/token', '/auth/token/cli'], async (request, response) => {
    const address = request.ip ?? 'unknown';
    limit.assertAllowed(address);
    const given = credentials.safeParse(request.body);
    if (!given.success) {
      throw new MillraceError('REQUEST_INVALID', 'the body needs the texts username and password');
    }
    const { username, password } = given.data;
    if (!sameText(password, deps.settings.adminPassword) || username !== 'admin') {
      limit.recordFailure(address);
      throw new MillraceError('UNAUTHENTICATED', 'user and password do not match', {
        hint: 'The password of admin is in the file admin.password in the data folder.',
      });
    }
    const session = await sessions.open(username, 'bearer');
    response.status(201).set('Cache-Control', 'no-store').json({ access_token: session.secret });
  });
  return router;
}
