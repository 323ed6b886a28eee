import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Settings } from '../kernel/config.js';
import { describeError } from '../kernel/errors.js';
import type { Log } from '../kernel/log.js';
import type { Clock } from '../kernel/time.js';
import { logPath } from '../scheduler/loop/attempt-request.js';
import type { StoreDriver } from '../scheduler/store/driver.js';
import { readInThread } from '../scheduler/store/reader-thread.js';
import { createApp } from '../server/app.js';
import { issueLoginLink } from '../server/auth/sessions.js';
import type { Databases } from './databases.js';
import { foldersOf } from './folders.js';
import { adminPasswordFile, type Home, homeSecret } from './home.js';
import { createPlatformStatus } from './platform-status.js';
import type { Scheduling } from './scheduling.js';
import type { Sources } from './sources.js';
import type { Supervisor } from './supervisor.js';
import { testConnection } from './test-connection.js';
import { version } from './version.js';
import { releaseFile, requireWarehouse } from './warehouse.js';
import { openWarehouseReader } from './warehouse-reader.js';

export interface WebApp {
  listener: RequestListener;
  /** Works once. */
  loginUrl: string;
  close(): Promise<void>;
}

export interface WebAppOptions {
  settings: Settings;
  home: Home;
  examples: boolean;
  store: StoreDriver;
  scheduling: Scheduling;
  databases: Databases;
  objectStore: { url: string };
  sources: Sources | null;
  supervisor: Supervisor;
  baseUrl: string;
  clock: Clock;
  log: Log;
}

/** The web server's application, with everything that it needs. */
export async function createWebApp(options: WebAppOptions): Promise<WebApp> {
  const { settings, home, examples, scheduling, databases, baseUrl, clock, log } = options;
  const { warehouseUrl } = databases;
  const warehouse = warehouseUrl === null ? null : openWarehouseReader(warehouseUrl);
  const store = readInThread(options.store, home.storePath);
  const newSecret = () => randomBytes(32).toString('base64url');
  const { secrets, masker } = scheduling;
  const { commands, events, explain } = scheduling.scheduler;
  const listener = createApp({
    store,
    commands,
    events,
    explain,
    clock,
    settings: {
      version,
      baseUrl,
      adminPassword: homeSecret(home, adminPasswordFile),
      dashboardFolders: foldersOf(settings.MILLRACE_DASHBOARDS, 'dashboards', examples),
    },
    newSecret,
    report: (error, about) => log.child('web').error(about, { error: describeError(error) }),
    platform: createPlatformStatus(options),
    warehouse: async () => warehouse,
    releaseQuarantine: async (key, by) => releaseFile(requireWarehouse(warehouseUrl), key, by.user),
    secrets,
    masker,
    testConnection,
    logPath: (place) => logPath(home.taskLogFolder, place),
  });
  return {
    listener,
    loginUrl: baseUrl + (await issueLoginLink({ store, clock, newSecret })),
    async close() {
      await warehouse?.end();
      await store.close();
    },
  };
}
