import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { describeError, MillraceError } from '../kernel/errors.js';
import type { Log } from '../kernel/log.js';
import { type Clock, sleep } from '../kernel/time.js';
import { type DatabaseUser, databaseUser } from './database-user.js';
import { type PostgresBinaries, preparePostgresBinaries } from './postgres-binaries.js';
import { initialiseCluster } from './postgres-cluster.js';
import { endProcess, isProcessAlive } from './process-life.js';

export interface EmbeddedPostgresOptions {
  /** Holds the cluster in `data`; reachable for the database user, and its own. */
  folder: string;
  /** Where binaries are copied to when the database user cannot reach the installed ones. */
  stageFolder: string;
  /** Port on 127.0.0.1; 0 = any. */
  port: number;
  /** Whether the next free port may be taken when this one is in use. Never at a restart: others hold the URL. */
  portMayMove: boolean;
  password: string;
  /** Made when they are absent. */
  databases: string[];
  logPath: string;
  clock: Clock;
  log: Log;
}

/** A running PostgreSQL of Millrace's own. */
export interface EmbeddedPostgres {
  readonly port: number;
  readonly pid: number;
  /** true: it was left running by a server that was killed. */
  readonly adopted: boolean;
  /** Milliseconds that the first initialisation took; null when the cluster was there. */
  readonly initialisedMs: number | null;
  /** Connection string of a database on it, with the password. */
  url(database: string): string;
  /** Resolves with the reason when it ends without `stop`; never rejects. */
  readonly ended: Promise<string>;
  /** Ends sessions, writes a checkpoint, exits; harsher when that takes longer than `stopMs`. */
  stop(): Promise<void>;
}

const databaseRole = 'millrace';
const stopMs = 10_000;
const startMsMax = 120_000;
const leftoverMsMax = 15_000;
const connectPauseMs = 10;
const failedStartMs = 1_000;
const portsTriedMax = 50;

/** Starts the cluster in `folder` (made on the first call), or adopts the server that already runs on it. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const user = databaseUser();
  const binaries = preparePostgresBinaries(user, options.stageFolder);
  const dataFolder = join(options.folder, 'data');
  const adopted = await adopt(dataFolder, options);
  if (adopted) return adopted;
  const initialisedMs = existsSync(join(dataFolder, 'PG_VERSION'))
    ? null
    : await initialiseCluster({ ...options, dataFolder, role: databaseRole, binaries, user });
  return launch(dataFolder, binaries, user, initialisedMs, options);
}

async function launch(
  dataFolder: string,
  binaries: PostgresBinaries,
  user: DatabaseUser | undefined,
  initialisedMs: number | null,
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { clock, log } = options;
  const deadline = clock.monotonic() + leftoverMsMax;
  let port = await choosePort(options.port, options);
  for (;;) {
    const logStart = existsSync(options.logPath) ? statSync(options.logPath).size : 0;
    const child = spawnPostmaster(binaries, dataFolder, port, user, options.logPath);
    const exit = exitOf(child);
    const ready = new AbortController();
    const connected = connectWhenReady(dataFolder, port, options, ready.signal).catch((thrown) =>
      ready.signal.aborted ? never() : preferExit(thrown, child, exit, clock),
    );
    const outcome = await Promise.race([connected, exit]);
    ready.abort();
    if (typeof outcome !== 'string') {
      await createDatabases(outcome, options.databases);
      await outcome.end();
      return handle({ child, pid: child.pid as number, port, adopted: false, initialisedMs, ended: exit, options });
    }
    const said = readFileSync(options.logPath, 'utf8').slice(logStart);
    if (/could not bind|Address already in use/i.test(said) && options.portMayMove) {
      port = await choosePort(port + 1, options);
    } else if (
      /pre-existing shared memory block|lock file .* already exists/.test(said) &&
      clock.monotonic() < deadline
    ) {
      // The sessions of a killed postmaster are still ending; a new one may start when the last is gone.
      log.debug('PostgreSQL waits for the sessions of its predecessor to end');
      await sleep(clock, 200);
    } else {
      throw new MillraceError('POSTGRES_UNAVAILABLE', `PostgreSQL did not start (${outcome}): ${lastLines(said)}`, {
        hint: `Its log is ${options.logPath}.`,
      });
    }
  }
}

/** On a port that is in use, another server refuses us before ours reports that it cannot bind: ours says more. */
async function preferExit(thrown: unknown, child: ChildProcess, exit: Promise<string>, clock: Clock): Promise<string> {
  const exited = await Promise.race([exit, sleep(clock, failedStartMs)]);
  if (exited !== undefined) return exited;
  if (child.pid) await endProcess(child.pid, { signal: 'SIGINT', graceMs: stopMs, clock });
  throw thrown;
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function spawnPostmaster(
  binaries: PostgresBinaries,
  dataFolder: string,
  port: number,
  user: DatabaseUser | undefined,
  logPath: string,
): ChildProcess {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    wal_level: 'logical',
    max_wal_senders: '10',
    max_replication_slots: '20',
    max_wal_size: '4GB',
    // A warehouse sorts, hashes and builds indexes; PostgreSQL's defaults are for the smallest of machines.
    shared_buffers: '256MB',
    work_mem: '32MB',
    maintenance_work_mem: '256MB',
    checkpoint_timeout: '15min',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // LOG and above: what clients do wrong they are told; the file stays small.
    log_min_messages: 'log',
    log_checkpoints: 'off',
  };
  const output = openSync(logPath, 'a', 0o600);
  try {
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return spawn(binaries.postgres, ['-D', dataFolder, '-p', String(port), ...flags], {
      cwd: dataFolder,
      // A group of its own: Ctrl-C in the terminal must reach Millrace alone, which stops the rest in order.
      detached: true,
      stdio: ['ignore', output, output],
      env: { LC_ALL: 'C', TZ: 'UTC' },
      ...(user ? { uid: user.uid, gid: user.gid } : {}),
    });
  } finally {
    closeSync(output);
  }
}

/** Tries until the server takes a connection. Rejects when the password is wrong or the time is over. */
async function connectWhenReady(
  dataFolder: string,
  port: number,
  { clock, password }: Pick<EmbeddedPostgresOptions, 'clock' | 'password'>,
  signal: AbortSignal,
): Promise<pg.Client> {
  const deadline = clock.monotonic() + startMsMax;
  for (;;) {
    signal.throwIfAborted();
    const client = new pg.Client({ host: '127.0.0.1', port, user: databaseRole, password, database: 'postgres' });
    client.on('error', () => {}); // The end of the connection is seen where it is used.
    try {
      await client.connect();
      const { rows } = await client.query(`select current_setting('data_directory') as folder`);
      if (realpathSync(rows[0].folder) === realpathSync(dataFolder)) return client;
      throw new MillraceError(
        'POSTGRES_UNAVAILABLE',
        `Port ${port} belongs to another PostgreSQL, of ${rows[0].folder}.`,
      );
    } catch (thrown) {
      await client.end().catch(() => {}); // It never opened, or is of no more use.
      if (!isNotReadyYet(thrown) || clock.monotonic() > deadline) throw thrown;
      await sleep(clock, connectPauseMs, signal);
    }
  }
}

function isNotReadyYet(thrown: unknown): boolean {
  const cannotConnectNow = '57P03';
  const { code } = thrown as { code?: string };
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === cannotConnectNow;
}

async function createDatabases(client: pg.Client, databases: string[]): Promise<void> {
  const { rows } = await client.query<{ datname: string }>('select datname from pg_database');
  for (const name of databases) {
    if (!rows.some((row) => row.datname === name)) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  }
}

/** The server that a killed Millrace left behind, when there is one and it takes the password. */
async function adopt(dataFolder: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres | undefined> {
  const found = readPidFile(dataFolder);
  if (!found) return undefined;
  if (!isProcessAlive(found.pid) || !(await isPostmaster(found.pid))) {
    // PostgreSQL itself refuses to start while any process has the number in this file.
    rmSync(join(dataFolder, 'postmaster.pid'), { force: true });
    return undefined;
  }
  const stopTrying = new AbortController();
  const cancel = options.clock.after(leftoverMsMax, () => stopTrying.abort(new Error('it does not answer')));
  try {
    const client = await connectWhenReady(dataFolder, found.port, options, stopTrying.signal);
    await createDatabases(client, options.databases);
    const ended = watchAdopted(client, found.pid, options);
    return handle({
      child: null,
      pid: found.pid,
      port: found.port,
      adopted: true,
      initialisedMs: null,
      ended,
      options,
    });
  } catch (thrown) {
    options.log.warn('The PostgreSQL that was left running cannot be adopted and is stopped', {
      error: describeError(thrown),
    });
    await endProcess(found.pid, { signal: 'SIGINT', graceMs: stopMs, clock: options.clock });
    return undefined;
  } finally {
    cancel();
  }
}

function readPidFile(dataFolder: string): { pid: number; port: number } | undefined {
  const path = join(dataFolder, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const [pid, , , port] = readFileSync(path, 'utf8').split('\n').map(Number);
  return pid && port ? { pid, port } : undefined;
}

/** Numbers of processes are used again: after a crash of the machine, the number may be anyone's. */
async function isPostmaster(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  try {
    return /postgres/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw thrown;
  }
}

/** Not our child, so nothing tells when it exits: an open connection does. */
async function watchAdopted(client: pg.Client, pid: number, options: EmbeddedPostgresOptions): Promise<string> {
  await new Promise((resolve) => client.once('end', resolve));
  while (isProcessAlive(pid)) await sleep(options.clock, 100);
  return 'the adopted server is gone';
}

function handle(made: {
  child: ChildProcess | null;
  pid: number;
  port: number;
  adopted: boolean;
  initialisedMs: number | null;
  ended: Promise<string>;
  options: EmbeddedPostgresOptions;
}): EmbeddedPostgres {
  const { pid, port, adopted, initialisedMs, options } = made;
  let stopping = false;
  return {
    port,
    pid,
    adopted,
    initialisedMs,
    url: (database) =>
      `postgresql://${databaseRole}:${encodeURIComponent(options.password)}@127.0.0.1:${port}/${database}`,
    ended: made.ended.then((reason) => (stopping ? never() : reason)),
    async stop() {
      stopping = true;
      // SIGINT is PostgreSQL's fast shutdown: sessions end, a checkpoint is written.
      await endProcess(pid, { signal: 'SIGINT', graceMs: stopMs, clock: options.clock });
    },
  };
}

async function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (thrown) => resolve(describeError(thrown)));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}

async function choosePort(wanted: number, { portMayMove }: EmbeddedPostgresOptions): Promise<number> {
  if (!portMayMove) return wanted;
  for (let port = wanted; port < wanted + portsTriedMax; port++) {
    const free = await freePort(port);
    if (free !== undefined) return free;
  }
  throw new MillraceError(
    'POSTGRES_UNAVAILABLE',
    `The ports ${wanted} to ${wanted + portsTriedMax - 1} are all in use.`,
    {
      hint: 'Set MILLRACE_PG_PORT.',
    },
  );
}

function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (thrown: NodeJS.ErrnoException) =>
      thrown.code === 'EADDRINUSE' || thrown.code === 'EACCES' ? resolve(undefined) : reject(thrown),
    );
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as { port: number };
      server.close(() => resolve(got));
    });
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' / ');
}
