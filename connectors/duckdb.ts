import { fork } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { MillraceError } from '../kernel/errors.js';
import { entryPath } from '../kernel/paths.js';
import { type Clock, sleep, systemClock } from '../kernel/time.js';
import type { DuckdbResult, DuckdbSession } from './duckdb-engine.js';
import type { HostReport } from './duckdb-host.js';
import { duckdbSocket } from './duckdb-socket.js';
import { type DuckdbAnswer, onMessage, send } from './duckdb-wire.js';

export type { DuckdbResult, DuckdbSession } from './duckdb-engine.js';

/** A DuckDB database: sessions of it, from any number of processes at the same time. */
export interface Duckdb {
  /** Starts the host of a file when none runs, without waiting for it: a session that is asked for later finds it. */
  prepare(): Promise<void>;
  session(): Promise<DuckdbSession>;
  close(): Promise<void>;
}

export interface DuckdbOptions {
  clock?: Clock;
  /** How long the host of a file waits for another client before it ends. */
  hostIdleMs?: number;
  /** What DuckDB is opened with, where this process opens it: `:memory:` and `md:`. */
  config?: Record<string, string>;
}

const hostIdleMsDefault = 5000;
/** Between attempts to reach a host that another process is starting. */
const retryMs = 25;
const attemptsMax = 200;
/** How often a file that is no database is looked at again: in any case, and while it may be in the making. */
const lookAgainMax = 2;
const unfinishedAttemptsMax = 20;
const invalidFile = /not a valid DuckDB database file/i;
/** DuckDB's files begin with three blocks of headers; the first has its mark. */
const headerBytes = 3 * 4096;
const magicOffset = 8;
const magic = 'DUCK';

/**
 * Opens a database. A file is opened by a host process of its own, which is started when none runs; `:memory:` and `md:…`
 * (MotherDuck) are opened in this process. Rejects with DUCKDB_UNAVAILABLE when that is not possible.
 */
export async function openDuckdb(location: string, options: DuckdbOptions = {}): Promise<Duckdb> {
  if (location === '' || location === ':memory:' || location.startsWith('md:')) return openHere(location, options);
  const { file, socket } = await duckdbSocket(location);
  const sessions = new Set<RemoteSession>();
  let spare: Socket | undefined;
  let starting: Promise<HostReport> | undefined;
  const reach = async () => {
    const found = spare;
    spare = undefined;
    if (found && !found.destroyed) return found;
    // Whether it failed is said by the attempt to reach it.
    await starting;
    return reachHost(file, socket, options);
  };
  return {
    async prepare() {
      spare = await tryConnect(socket);
      if (!spare) starting = startHost(file, socket, options.hostIdleMs ?? hostIdleMsDefault);
    },
    async session() {
      const session = new RemoteSession(await reach(), () => sessions.delete(session));
      sessions.add(session);
      return session;
    },
    async close() {
      spare?.destroy();
      await Promise.all([...sessions].map((session) => session.close()));
    },
  };
}

async function openHere(location: string, options: DuckdbOptions): Promise<Duckdb> {
  // DuckDB itself is only loaded where it is used: a file's client does without.
  const { openDuckdbEngine } = await import('./duckdb-engine.js');
  const engine = await openDuckdbEngine(location === '' ? ':memory:' : location, options.config).catch(
    (cause: unknown) => {
      throw new MillraceError('DUCKDB_UNAVAILABLE', `${location}: ${(cause as Error).message}`, { cause });
    },
  );
  return { prepare: async () => undefined, session: () => engine.session(), close: async () => engine.close() };
}

/** A socket to the file's host; starts one when there is none. Of several that start at once, one gets the file. */
async function reachHost(file: string, socketPath: string, options: DuckdbOptions): Promise<Socket> {
  const clock = options.clock ?? systemClock;
  let failure = '';
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const socket = await tryConnect(socketPath);
    if (socket) return socket;
    const report = await startHost(file, socketPath, options.hostIdleMs ?? hostIdleMsDefault);
    if ('ready' in report) continue;
    failure = report.failed;
    // Held by a host that is starting or ending: it will be reachable or gone in a moment.
    if (!/lock/i.test(failure) && !(invalidFile.test(failure) && (await mayBecomeValid(file, attempt)))) break;
    await sleep(clock, retryMs);
  }
  throw new MillraceError('DUCKDB_UNAVAILABLE', `${file}: ${failure || 'its host cannot be reached'}`, {
    hint: 'Another program may have it open: only one process can write a DuckDB file.',
  });
}

/**
 * What is no database may be one that another host is just making: it was read a moment too early, or has not all of its header blocks yet. A file
 * that begins otherwise will never be one.
 */
async function mayBecomeValid(file: string, attempt: number): Promise<boolean> {
  if (attempt < lookAgainMax) return true;
  if (attempt >= unfinishedAttemptsMax) return false;
  const size = await stat(file).then(
    (found) => found.size,
    () => headerBytes,
  );
  if (size >= headerBytes) return false;
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  const mark = bytes.subarray(magicOffset, magicOffset + magic.length).toString('latin1');
  return magic.startsWith(mark) || mark === '\0\0\0\0';
}

/** A session of the host; undefined when none listens, or one that is ending. It greets with an empty line. */
function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const fail = () => resolve(undefined);
    socket.once('data', () => {
      socket.off('error', fail).off('close', fail);
      resolve(socket);
    });
    socket.once('error', fail);
    socket.once('close', fail);
  });
}

/** Starts a host that outlives this process, and waits until it listens or has failed. */
function startHost(file: string, socketPath: string, idleMs: number): Promise<HostReport> {
  return new Promise((resolve) => {
    const host = fork(entryPath('duckdb-host'), [file, socketPath, String(idleMs)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    const settle = (report: HostReport) => {
      if (host.connected) host.disconnect();
      host.unref();
      resolve(report);
    };
    host.once('message', (report) => settle(report as HostReport));
    host.once('error', (error) => settle({ failed: error.message }));
    host.once('exit', (code) => settle({ failed: `its host ended with code ${code}` }));
  });
}

interface Waiter {
  rows: unknown[][];
  resolve: (result: DuckdbResult) => void;
  reject: (error: Error) => void;
}

/** A session in the host of a file. */
class RemoteSession implements DuckdbSession {
  readonly #socket: Socket;
  readonly #ended: () => void;
  readonly #waiters = new Map<number, Waiter>();
  #lastId = 0;

  constructor(socket: Socket, ended: () => void) {
    this.#socket = socket;
    this.#ended = ended;
    onMessage<DuckdbAnswer>(socket, (answer) => this.#receive(answer));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#lose());
    // An idle session does not keep a process alive; one that waits for an answer does.
    socket.unref();
  }

  query(sql: string): Promise<DuckdbResult> {
    return this.#ask({ sql });
  }

  async lock(name: string): Promise<void> {
    await this.#ask({ lock: name });
  }

  async unlock(): Promise<void> {
    // With the session the host has given its lock to the next.
    if (!this.#socket.destroyed) await this.#ask({ lock: null });
  }

  #ask(request: { sql: string } | { lock: string | null }): Promise<DuckdbResult> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(sessionLost());
      this.#waiters.set(id, { rows: [], resolve, reject });
      this.#socket.ref();
      void send(this.#socket, { id, ...request });
    });
  }

  interrupt(): void {
    const [running] = this.#waiters.keys();
    if (running !== undefined) void send(this.#socket, { interrupt: running });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.ref();
      this.#socket.once('close', () => resolve());
      this.#socket.end();
    });
  }

  #receive(answer: DuckdbAnswer): void {
    const waiter = this.#waiters.get(answer.id);
    if (!waiter) return;
    if ('rows' in answer) {
      for (const row of answer.rows) waiter.rows.push(row);
      return;
    }
    this.#waiters.delete(answer.id);
    if (this.#waiters.size === 0) this.#socket.unref();
    if ('error' in answer) waiter.reject(new Error(answer.error));
    else waiter.resolve({ ...answer.result, rows: waiter.rows });
  }

  #lose(): void {
    this.#ended();
    for (const waiter of this.#waiters.values()) waiter.reject(sessionLost());
    this.#waiters.clear();
  }
}

function sessionLost(): MillraceError {
  return new MillraceError('DUCKDB_UNAVAILABLE', 'the session with the DuckDB host has ended');
}
