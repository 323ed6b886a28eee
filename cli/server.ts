import { openSmtp } from '../connectors/smtp.js';
import type { Settings } from '../kernel/config.js';
import { describeError } from '../kernel/errors.js';
import type { Log } from '../kernel/log.js';
import { type Clock, toIso } from '../kernel/time.js';
import { createEmailSender } from '../scheduler/notifications/email-sender.js';
import { openSqliteStore, type SqliteStore } from '../scheduler/store/sqlite-driver.js';
import type { CdcStatus } from '../sources/cdc/status.js';
import { type ServerFacts, serverFacts } from './announce.js';
import { controlMethods } from './control-methods.js';
import { openControlSocket } from './control-socket.js';
import { type DagFolders, openDagFolders } from './dag-folders.js';
import { type Databases, openDatabases } from './databases.js';
import { requestFirstLoad } from './first-load.js';
import { foldersOf } from './folders.js';
import { type Home, writeServerFile } from './home.js';
import { logEvents } from './log-events.js';
import { type ObjectStoreAddress, objectStoreAddress } from './object-store-address.js';
import { authorEnvironment } from './read-environment.js';
import { createScheduling, type Scheduling } from './scheduling.js';
import { type Sources, startSources } from './sources.js';
import { Supervisor } from './supervisor.js';
import { prepareWarehouse, requireWarehouse } from './warehouse.js';
import { createWebApp } from './web-app.js';
import { claimPort, type WebServer } from './web-server.js';

export interface ServerOptions {
  settings: Settings;
  home: Home;
  /** With the example bank. */
  examples: boolean;
  /** Whether the bank goes on living by itself, and its first load is asked for; true when unset. */
  live?: boolean;
  clock: Clock;
  log: Log;
}

/** Everything that runs on this machine, started and ready. */
export interface RunningServer {
  facts: ServerFacts;
  databases: Databases;
  store: SqliteStore;
  scheduling: Scheduling;
  /** Resolves when the DAG files have been imported. */
  imported: Promise<void>;
  /** Tells of each status of change data capture, from now on. */
  onCdcStatus(listener: (status: CdcStatus) => void): void;
  /** Takes no more work, waits for running attempts up to `drainMs`, then ends every part in order. */
  stop(drainMs: number): Promise<void>;
  /** Ends the waiting of a `stop` that is under way. */
  hurry(): void;
}

/** What has to be done to end what was started, the last first. */
type Endings = ((drainMs: number) => Promise<void>)[];

/** Starts in parallel what does not need each other. When one fails, ends what was started and throws its error. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const endings: Endings = [];
  try {
    return await start(options, endings);
  } catch (thrown) {
    await endAll(endings, 0, options.log);
    throw thrown;
  }
}

/** What every part is made with. */
interface Base extends ServerOptions {
  live: boolean;
  objectStore: ObjectStoreAddress;
  /** The environment of processes that run DAG code. */
  env: Record<string, string>;
  supervisor: Supervisor;
  web: WebServer;
  baseUrl: string;
  store: SqliteStore;
  endings: Endings;
}

async function start(options: ServerOptions, endings: Endings): Promise<RunningServer> {
  const base = await openBase(options, endings);
  const { settings, home, examples, supervisor, store, clock, log } = base;
  const dagFolders = importDags(base);
  const databases = await openDatabases({ settings, examples, home, supervisor, clock, log: log.child('postgres') });
  if (examples) await prepareWarehouse(requireWarehouse(databases.warehouseUrl));
  const scheduling = await startScheduling(base, databases);
  dagFolders.attach(scheduling.scheduler);
  await startEmails(base, scheduling);
  const capture = await startBank(base, databases, scheduling);
  const loginUrl = await serveWeb(base, databases, scheduling, capture.sources);
  await listenToCommands(base, databases, scheduling);
  return {
    facts: serverFacts({ ...base, databases, loginUrl, dagFolders: dagFolders.folders }),
    databases,
    store,
    scheduling,
    imported: dagFolders.imported,
    onCdcStatus: capture.onStatus,
    stop: (drainMs) => endAll(endings, drainMs, log),
    hurry: () => scheduling.hurry(),
  };
}

/** The port first: it is the likeliest to be taken, and nothing has been started then. */
async function openBase(options: ServerOptions, endings: Endings): Promise<Base> {
  const { settings, home, live = true, clock, log } = options;
  const supervisor = new Supervisor({ clock, log: log.child('supervisor') });
  endings.push(() => supervisor.stopAll());
  const web = await claimPort(settings.MILLRACE_HOST, settings.MILLRACE_PORT);
  endings.push(() => web.close());
  const store = openSqliteStore(home.storePath, { onBroken: (error) => endAtOnce(error, log) });
  endings.push(() => store.close());
  const baseUrl = settings.MILLRACE_BASE_URL ?? `http://localhost:${web.port}`;
  return {
    ...options,
    live,
    objectStore: objectStoreAddress(settings, home),
    env: { ...authorEnvironment(settings), MILLRACE_BASE_URL: baseUrl },
    supervisor,
    web,
    baseUrl,
    store,
    endings,
  };
}

/**
 * As `kill -9` would, since an orderly end would write to the file once more; tasks die with the server. What starts it
 * again (systemd, Docker) sees that it was killed.
 */
function endAtOnce(error: unknown, log: Log): void {
  log.error('The server ends at once', { error: describeError(error) });
  process.kill(process.pid, 'SIGKILL');
}

/** Begins while the databases are still starting. */
function importDags({ settings, home, examples, env, clock, log, endings }: Base): DagFolders {
  const folders = foldersOf(settings.MILLRACE_DAGS, 'dags', examples);
  const dagFolders = openDagFolders({ folders, home, env, clock, log: log.child('dags') });
  endings.push(() => dagFolders.stop());
  return dagFolders;
}

async function startScheduling(base: Base, databases: Databases): Promise<Scheduling> {
  const log = base.log.child('scheduler');
  const scheduling = createScheduling({ ...base, databases, log });
  await scheduling.start();
  base.endings.push((drainMs) => scheduling.stop(drainMs));
  logEvents(scheduling.scheduler.events, log);
  return scheduling;
}

async function startEmails({ settings, store, clock, log, endings }: Base, { scheduler }: Scheduling): Promise<void> {
  const emails = createEmailSender({
    store,
    smtp: settings.SMTP_URL === undefined ? null : openSmtp(settings.SMTP_URL),
    from: settings.MAIL_FROM,
    events: scheduler.events,
    clock,
    log: log.child('email'),
  });
  await emails.start();
  endings.push(() => emails.stop());
}

/** Change data capture of the example bank and, when it lives, its generator and its first load. */
async function startBank(base: Base, databases: Databases, { scheduler }: Scheduling) {
  const { home, examples, live, log } = base;
  const listeners: ((status: CdcStatus) => void)[] = [];
  if (live) listeners.push(requestFirstLoad({ home, commands: scheduler.commands, log }));
  const onCdcStatus = (status: CdcStatus) => {
    for (const listener of listeners) listener(status);
  };
  const { sourceUrl } = databases;
  const sources =
    sourceUrl !== null && examples ? await startSources({ ...base, sourceUrl, generate: live, onCdcStatus }) : null;
  return { sources, onStatus: (listener: (status: CdcStatus) => void) => void listeners.push(listener) };
}

/** Returns the link that logs in once. */
async function serveWeb(
  base: Base,
  databases: Databases,
  scheduling: Scheduling,
  sources: Sources | null,
): Promise<string> {
  const app = await createWebApp({ ...base, databases, scheduling, sources });
  base.web.serve(app.listener);
  base.endings.push(() => app.close());
  return app.loginUrl;
}

async function listenToCommands(base: Base, databases: Databases, scheduling: Scheduling): Promise<void> {
  const { home, settings, store, supervisor, baseUrl, clock, endings } = base;
  const methods = controlMethods({ home, settings, databases, scheduling, store, parts: () => supervisor.statuses() });
  const control = await openControlSocket(home.controlSocketPath, methods);
  endings.push(() => control.close());
  writeServerFile(home, { pid: process.pid, url: baseUrl, startedAt: toIso(clock.now()) });
}

/** Each part gets its end even when another's fails. */
async function endAll(endings: Endings, drainMs: number, log: Log): Promise<void> {
  for (const end of endings.splice(0).reverse()) {
    try {
      await end(drainMs);
    } catch (thrown) {
      log.error('A part could not be ended in order', { error: describeError(thrown) });
    }
  }
}
