import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { type DatabaseUser, databaseUser } from '../../connectors/database-user.js';
import { startEmbeddedPostgres } from '../../connectors/embedded-postgres.js';
import { openObjectStore } from '../../connectors/open-object-store.js';
import { MillraceError } from '../../kernel/errors.js';
import { silentLog } from '../../kernel/log.js';
import type { Clock } from '../../kernel/time.js';
import { type Manifest, readArchive, verifyArchive } from '../../scheduler/maintenance/backup/archive.js';
import { applyOne } from '../../scheduler/store/driver.js';
import { inspectStore } from '../../scheduler/store/inspect.js';
import { openSqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { holdEmails } from '../../scheduler/store/transitions/hold-emails.js';
import {
  type Home,
  homeSecret,
  lockHome,
  makeHome,
  postgresFolders,
  postgresPasswordFile,
  restoringFile,
} from '../home.js';
import { archivePlaces } from './home-copy.js';
import { rekeyLedger } from './rekey-ledger.js';

export interface RestoreDone {
  home: Home;
  manifest: Manifest;
  runs: number;
  /** E-mails that waited when the copy was made, and may have been sent since. */
  heldEmails: number;
  /** Loaded objects that the ledger knows again by their new files. */
  rekeyed: number;
}

/**
 * Puts a backup into an empty data folder. The archive is read through before the first file is written; until all is in
 * place and checked, the folder carries a mark with which no server starts. The embedded PostgreSQL is started once, to
 * recover, and stopped. Rejects with BACKUP_INVALID, or HOME_UNWRITABLE when the folder is not empty.
 */
export async function restore(path: string, folder: string, clock: Clock): Promise<RestoreDone> {
  refuseUsedFolder(folder);
  await verifyArchive(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, restoringFile), '', { mode: 0o600 });
  const home = makeHome(folder, { restoring: true });
  const lock = lockHome(home);
  try {
    const user = databaseUser();
    let clusterFolder: string | undefined;
    const manifest = await readArchive(path, async (name, content, modifiedAt) => {
      const inCluster = name.startsWith(`${archivePlaces.cluster}/`);
      if (inCluster) clusterFolder ??= await makeClusterFolder(home, user);
      const to = inCluster
        ? join(clusterFolder as string, name.slice(archivePlaces.cluster.length + 1))
        : join(home.folder, name);
      const owner = inCluster ? user : undefined;
      if (content === null) await makeFolder(to, owner);
      else await writeFile(to, content, { modifiedAt, owner, isSynced: !inCluster });
    });
    const { runs } = inspectStore(home.storePath);
    const heldEmails = await holdOldEmails(home, String(manifest.about['endedAt']));
    const rekeyed = clusterFolder === undefined ? 0 : await recoverCluster(home, clock);
    rmSync(join(folder, restoringFile));
    return { home, manifest, runs, heldEmails, rekeyed };
  } finally {
    lock.release();
  }
}

/** What an interrupted restore left may be replaced; anything else is somebody's data. */
function refuseUsedFolder(folder: string): void {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder);
  if (entries.length === 0) return;
  if (!existsSync(join(folder, restoringFile))) {
    throw new MillraceError('HOME_UNWRITABLE', `${folder} is not empty (${entries.slice(0, 3).join(', ')} …).`, {
      hint: 'A backup is restored into a new folder: set MILLRACE_HOME to one, or move the old one away.',
    });
  }
  const cluster = join(folder, 'postgres', 'data');
  if (existsSync(cluster)) rmSync(cluster, { recursive: true });
  for (const name of entries)
    if (name !== restoringFile && name !== 'postgres') rmSync(join(folder, name), { recursive: true });
}

async function makeClusterFolder(home: Home, user: DatabaseUser | undefined): Promise<string> {
  const folder = join(postgresFolders(home).folder, 'data');
  await mkdir(folder, { mode: 0o700 });
  if (user) chownSync(folder, user.uid, user.gid);
  return folder;
}

async function makeFolder(path: string, owner: DatabaseUser | undefined): Promise<void> {
  if (existsSync(path)) return;
  await makeFolder(dirname(path), owner);
  await mkdir(path, { mode: 0o700 });
  if (owner) chownSync(path, owner.uid, owner.gid);
}

async function writeFile(
  path: string,
  content: AsyncIterable<Buffer>,
  { modifiedAt, owner, isSynced }: { modifiedAt: Date; owner: DatabaseUser | undefined; isSynced: boolean },
): Promise<void> {
  await makeFolder(dirname(path), owner);
  // A home that was just made has empty files in the place of some.
  const file = await open(path, 'w', 0o600);
  try {
    for await (const chunk of content) await file.write(chunk);
    // PostgreSQL syncs its whole folder itself when it recovers.
    if (isSynced) await file.datasync();
  } finally {
    await file.close();
  }
  await utimes(path, modifiedAt, modifiedAt);
  if (owner) chownSync(path, owner.uid, owner.gid);
}

async function holdOldEmails(home: Home, backedUpAt: string): Promise<number> {
  const store = openSqliteStore(home.storePath);
  try {
    const reason = `held back: it waited when the backup of ${backedUpAt} was made, and may have been sent since`;
    return await applyOne(store, holdEmails(reason));
  } finally {
    await store.close();
  }
}

/** Starts the cluster once, which recovers it, and tells the load ledger of the objects' new files. */
async function recoverCluster(home: Home, clock: Clock): Promise<number> {
  const server = await startEmbeddedPostgres({
    ...postgresFolders(home),
    port: 0,
    portMayMove: true,
    password: homeSecret(home, postgresPasswordFile),
    databases: [],
    logPath: join(home.logFolder, 'postgres.log'),
    clock,
    log: silentLog,
  });
  try {
    if (!(await hasWarehouse(server.url('postgres')))) return 0;
    const objects = await openObjectStore(pathToFileURL(home.lakeFolder).href, {});
    try {
      return await withClient(server.url('warehouse'), (client) => rekeyLedger(client, objects));
    } finally {
      await objects.close();
    }
  } finally {
    await server.stop();
  }
}

/** With a warehouse elsewhere, the embedded server has the source alone. */
async function hasWarehouse(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rowCount } = await client.query(`select 1 from pg_database where datname = 'warehouse'`);
    return rowCount === 1;
  });
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
