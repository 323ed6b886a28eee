import { rm, stat } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { describeError } from '../kernel/errors.js';
import { type DuckdbEngine, openDuckdbEngine } from './duckdb-engine.js';
import { type DuckdbAnswer, type DuckdbRequest, onMessage, rowsPerLine, send } from './duckdb-wire.js';

/**
 * The process that owns one DuckDB file: only one process may have a file open for writing. Tasks, dashboards and the
 * command line are its clients, one socket a session. It is started by the first of them, tells it by IPC that it listens (or why it
 * cannot), and ends when it has had no client for a while.
 */
export type HostReport = { ready: true } | { failed: string };

const [file, socketPath, idleMs] = process.argv.slice(2) as [string, string, string];
const sessions = new Set<Socket>();
let idle: NodeJS.Timeout | undefined;
let engine: DuckdbEngine | undefined;
let opened: string | undefined;

const server = createServer((socket) => {
  sessions.add(socket);
  clearTimeout(idle);
  serve(socket).catch((error: unknown) => socket.destroy(error as Error));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    sessions.delete(socket);
    if (sessions.size > 0) return;
    if (server.listening) waitForClients();
    else void stop();
  });
});

try {
  // DuckDB's own lock on the file decides who is the host: the socket is touched only by its holder.
  engine = await openDuckdbEngine(file);
  opened = await identity();
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  waitForClients();
  report({ ready: true });
} catch (error) {
  report({ failed: describeError(error) });
  process.exitCode = 1;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

function report(message: HostReport): void {
  process.send?.(message, () => process.disconnect?.());
}

function waitForClients(): void {
  clearTimeout(idle);
  idle = setTimeout(() => void stop(), Number(idleMs));
}

/** The socket goes first, so that nobody reaches a host that is about to end; then the file is closed and unlocked. */
async function stop(): Promise<void> {
  clearTimeout(idle);
  // One that has made way must leave the next one's socket alone.
  if (server.listening) await rm(socketPath, { force: true });
  server.close();
  for (const socket of sessions) socket.destroy();
  engine?.close();
  process.exit(0);
}

/** Which file the path names; undefined when it names none. */
async function identity(): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}

/** The file was deleted or replaced: this host serves the sessions that it has and makes way for another. */
async function retire(socket: Socket): Promise<void> {
  await rm(socketPath, { force: true });
  server.close();
  socket.destroy();
}

async function serve(socket: Socket): Promise<void> {
  if ((await identity()) !== opened) return retire(socket);
  const session = await (engine as DuckdbEngine).session();
  socket.write('\n');
  /** Queries that have not ended, in order; true for one that shall not. */
  const open = new Map<number, boolean>();
  let work = Promise.resolve();
  onMessage<DuckdbRequest>(socket, (request) => {
    if ('interrupt' in request) {
      const [running] = open.keys();
      if (open.has(request.interrupt)) open.set(request.interrupt, true);
      if (request.interrupt === running) session.interrupt();
      return;
    }
    open.set(request.id, false);
    work = work.then(async () => {
      for await (const answer of answers(request)) await send(socket, answer);
      open.delete(request.id);
    });
  });
  socket.on('close', () => {
    for (const id of open.keys()) open.set(id, true);
    session.interrupt();
    void work.then(() => session.close());
  });

  async function* answers(request: Exclude<DuckdbRequest, { interrupt: number }>): AsyncGenerator<DuckdbAnswer> {
    const { id } = request;
    try {
      if ('lock' in request) {
        if (open.get(id)) throw new Error('INTERRUPT Error: Interrupted!');
        await (request.lock === null ? session.unlock() : session.lock(request.lock));
        yield { id, result: { columns: [], rowsAffected: null, statement: '' } };
        return;
      }
      const { sql } = request;
      const running = session.query(sql);
      // It was interrupted before it began.
      if (open.get(id)) session.interrupt();
      const { rows, ...result } = await running;
      for (let at = 0; at < rows.length; at += rowsPerLine) yield { id, rows: rows.slice(at, at + rowsPerLine) };
      yield { id, result };
    } catch (error) {
      yield { id, error: (error as Error).message };
    }
  }
}
