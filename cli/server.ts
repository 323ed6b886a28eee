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
import { openDagFolders } from './dag-folders.js';
import { type Databases, openDatabases } from './databases.js';
import { requestFirstLoad } from './first-load.js';
import { foldersOf } from './folders.js';
import { type Home, writeServerFile } from './home.js';
import { logEvents } from './log-events.js';
import { objectStoreAddress } from './object-store-address.js';
import { authorEnvironment } from './read-environment.js';
import { createScheduling, type Scheduling } from './scheduling.js';
import { startSources } from './sources.js';
import { Supervisor } from './supervisor.js';
import { prepareWarehouse } from './warehouse.js';
import { createWebApp } from './web-app.js';
import { claimPort } from './web-server.js';

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

async function start(options: ServerOptions, endings: Endings): Promise<RunningServer> {
  const { settings, home, examples, live = true, clock, log } = options;
  const objectStore = objectStoreAddress(settings, home);
  const env = authorEnvironment(settings);
  const supervisor = new Supervisor({ clock, log: log.child('supervisor') });
  endings.push(() => supervisor.stopAll());
  const web = await claimPort(settings.MILLRACE_HOST, settings.MILLRACE_PORT);
  endings.push(() => web.close());
  const baseUrl = settings.MILLRACE_BASE_URL ?? `http://localhost:${web.port}`;
  const store = openSqliteStore(home.storePath);
  endings.push(() => store.close());

  const dagFolders = openDagFolders({
    folders: foldersOf(settings.MILLRACE_DAGS, 'dags', examples),
    home,
    env,
    clock,
    log: log.child('dags'),
  });
  endings.push(() => dagFolders.stop());
  const databases = await openDatabases({ settings, examples, home, supervisor, clock, log: log.child('postgres') });
  if (examples) await prepareWarehouse(databases.warehouseUrl);

  const scheduling = createScheduling({
    settings,
    home,
    store,
    databases,
    objectStore,
    baseUrl,
    env,
    clock,
    log: log.child('scheduler'),
  });
  await scheduling.start();
  endings.push((drainMs) => scheduling.stop(drainMs));
  dagFolders.attach(scheduling.scheduler);
  const { commands, events } = scheduling.scheduler;
  logEvents(events, log.child('scheduler'));

  const emails = createEmailSender({
    store,
    smtp: settings.SMTP_URL === undefined ? null : openSmtp(settings.SMTP_URL),
    from: settings.MAIL_FROM,
    events,
    clock,
    log: log.child('email'),
  });
  await emails.start();
  endings.push(() => emails.stop());

  const cdcListeners: ((status: CdcStatus) => void)[] = live ? [requestFirstLoad({ home, commands, log })] : [];
  const sources =
    databases.sourceUrl !== null && examples
      ? await startSources({
          settings,
          home,
          sourceUrl: databases.sourceUrl,
          objectStore,
          generate: live,
          onCdcStatus: (status) => {
            for (const listener of cdcListeners) listener(status);
          },
          supervisor,
          clock,
          log,
        })
      : null;

  const app = await createWebApp({
    settings,
    home,
    examples,
    store,
    scheduling,
    databases,
    objectStore,
    sources,
    supervisor,
    baseUrl,
    clock,
    log,
  });
  web.serve(app.listener);
  endings.push(() => app.close());
  const control = await openControlSocket(
    home.controlSocketPath,
    controlMethods({ home, databases, scheduler: scheduling.scheduler, store, parts: () => supervisor.statuses() }),
  );
  endings.push(() => control.close());
  writeServerFile(home, { pid: process.pid, url: baseUrl, startedAt: toIso(clock.now()) });
  return {
    facts: serverFacts({
      settings,
      home,
      baseUrl,
      loginUrl: app.loginUrl,
      databases,
      objectStore,
      dagFolders: dagFolders.folders,
    }),
    databases,
    store,
    scheduling,
    imported: dagFolders.imported,
    onCdcStatus: (listener) => void cdcListeners.push(listener),
    stop: (drainMs) => endAll(endings, drainMs, log),
    hurry: () => scheduling.hurry(),
  };
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
