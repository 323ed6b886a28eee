import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../server/app.js';
import { issueLoginLink } from '../../server/auth/sessions.js';
import type { AppDeps } from '../../server/deps.js';

export interface UiServer {
  url: string;
  /** A cookie of a signed-in person, for the `cookie` header. */
  cookie: string;
  /** The token that forms of that person carry. */
  csrf: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

/** Serves the app on a free port of loopback and signs in with the link of the start. */
export async function uiServer(deps: AppDeps, port = 0): Promise<UiServer> {
  const app = createApp(deps);
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(port, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = new URL(await issueLoginLink(deps), url).searchParams.get('token') ?? '';
  const signedIn = await fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
    redirect: 'manual',
  });
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const page = await (await fetch(`${url}/emails`, { headers: { cookie } })).text();
  const csrf = /data-csrf="([^"]+)"/.exec(page)?.[1] ?? '';
  return {
    url,
    cookie,
    csrf,
    get: (path, headers = {}) =>
      fetch(url + path, { headers: { cookie, accept: 'text/html', ...headers }, redirect: 'manual' }),
    post: (path, form, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { cookie, accept: 'text/html', ...headers },
        body: new URLSearchParams({ _csrf: csrf, ...form }),
        redirect: 'manual',
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
