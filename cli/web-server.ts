import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MillraceError } from '../kernel/errors.js';

/** The port of the web server. It is taken at once, and answered with 503 until the server is ready. */
export interface WebServer {
  port: number;
  serve(listener: RequestListener): void;
  /** Takes no more requests, lets those that are being answered finish for a moment, ends the rest. */
  close(): Promise<void>;
}

const closeMsMax = 1_000;

/** Throws PORT_IN_USE, or CONFIG_INVALID for an address that is not ours. */
export async function claimPort(host: string, port: number): Promise<WebServer> {
  let answer: RequestListener = (_request, response) => {
    response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' });
    response.end('Millrace is starting.\n');
  };
  const server = createServer((request, response) => answer(request, response));
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    serve: (listener) => {
      answer = listener;
    },
    close: () => close(server),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (thrown: NodeJS.ErrnoException) => reject(explain(thrown, host, port)));
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function explain(thrown: NodeJS.ErrnoException, host: string, port: number): Error {
  const changePort = 'Set MILLRACE_PORT to a free one (0 takes any).';
  if (thrown.code === 'EADDRINUSE') {
    return new MillraceError('PORT_IN_USE', `Port ${port} of ${host} is in use.`, { hint: changePort });
  }
  if (thrown.code === 'EACCES') {
    return new MillraceError('PORT_IN_USE', `Port ${port} may not be used by this account.`, { hint: changePort });
  }
  if (thrown.code === 'EADDRNOTAVAIL' || thrown.code === 'ENOTFOUND') {
    return new MillraceError('CONFIG_INVALID', `MILLRACE_HOST ${host} is no address of this machine.`, {
      hint: 'Set it to 127.0.0.1, or to 0.0.0.0 for all addresses.',
    });
  }
  return thrown;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), closeMsMax);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
