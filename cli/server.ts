import { join } from 'node:path';
import { openSmtp } from '../connectors/smtp.js';
import type { Settings } from '../kernel/config.js';
import type { Log } from '../kernel/log.js';
import { type Clock, toIso } from '../kernel/time.js';
import { createEmailSender } from '../scheduler/notifications/email-sender.js';
import { openSqliteStore } from '../scheduler/store/sqlite-driver.js';
import type { ServerFacts } from './announce.js';
import { controlMethods } from './control-methods.js';
import { openControlSocket } from './control-socket.js';
import { openDatabases } from './databases.js';
import { type Home, writeServerFile } from './home.js';
import { Supervisor } from './supervisor.js';
import { version } from './version.js';
import { claimPort } from './web-server.js';

export interface ServerOptions {
  settings: Settings;
  home: Home;
  /** With the example bank. */
  examples: boolean;
  clock: Clock;
  log: Log;
}

/** Everything that runs on this machine, started and ready. */
export interface RunningServer {
  facts: ServerFacts;
  runningAttempts(): number;
  /** Takes no more work, waits for running attempts up to `drainMs`, then ends every part in order. */
  stop(drainMs: number): Promise<void>;
  /** Ends the waiting of a `stop` that is under way. */
  hurry(): void;
}

/** Starts in parallel what does not need each other. When one fails, ends what was started and throws its error. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const undo: (() => Promise<void>)[] = [];
  try {
    return await start(options, undo);
  } catch (thrown) {
    for (const step of undo.reverse()) await step();
    throw thrown;
  }
}

async function start(options: ServerOptions, undo: (() => Promise<void>)[]): Promise<RunningServer> {
  const { settings, home, examples, clock, log } = options;
  const supervisor = new Supervisor({ clock, log: log.child('supervisor') });
  undo.push(() => supervisor.stopAll());

  const web = await claimPort(settings.MILLRACE_HOST, settings.MILLRACE_PORT);
  undo.push(() => web.close());
  const store = openSqliteStore(home.storePath);
  undo.push(() => store.close());
  const databases = await openDatabases({ settings, examples, home, supervisor, clock, log: log.child('postgres') });

  const emails = createEmailSender({
    store,
    smtp: settings.SMTP_URL === undefined ? null : openSmtp(settings.SMTP_URL),
    from: settings.MAIL_FROM,
    events: { listen: () => () => {} },
    clock,
    log: log.child('email'),
  });
  await emails.start();
  undo.push(() => emails.stop());
  const control = await openControlSocket(home.controlSocketPath, controlMethods({ databases }));
  undo.push(() => control.close());

  const webUrl = settings.MILLRACE_BASE_URL ?? `http://localhost:${web.port}`;
  writeServerFile(home, { pid: process.pid, url: webUrl, startedAt: toIso(clock.now()) });
  return {
    facts: {
      version,
      webUrl,
      loginUrl: null,
      homeFolder: home.folder,
      warehouse: { address: withoutPassword(databases.warehouseUrl), embedded: settings.WAREHOUSE_URL === undefined },
      source:
        databases.sourceUrl === null
          ? null
          : { address: withoutPassword(databases.sourceUrl), embedded: settings.SOURCE_URL === undefined },
      objectStoreUrl: settings.OBJECT_STORE_URL ?? `file://${home.lakeFolder}`,
      mailServer: settings.SMTP_URL === undefined ? null : withoutPassword(settings.SMTP_URL),
      dagFolders: [],
      logPath: join(home.logFolder, 'millrace.log'),
      readyMs: performance.now(),
      initialisedMs: databases.embedded?.initialisedMs ?? null,
    },
    runningAttempts: () => 0,
    hurry: () => {},
    async stop() {
      for (const step of undo.splice(0).reverse()) await step();
    },
  };
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = '';
  return shown.href;
}
