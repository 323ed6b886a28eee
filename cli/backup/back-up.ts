import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  backUpCluster,
  type ClusterBackup,
  type ClusterCopy,
  copyStoppedCluster,
} from '../../connectors/postgres-backup.js';
import { isProcessAlive } from '../../connectors/process-life.js';
import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { type Clock, toIso } from '../../kernel/time.js';
import { ArchiveWriter } from '../../scheduler/maintenance/backup/archive.js';
import { inspectStore } from '../../scheduler/store/inspect.js';
import { adminPasswordFile, type Home, postgresPasswordFile, secretKeyFile } from '../home.js';
import { version } from '../version.js';
import type { BackupFacts } from './facts.js';
import { addTree, archivePlaces } from './home-copy.js';

export interface BackupSource {
  home: Home;
  facts: BackupFacts;
  /** Copies the metadata, consistent and while it is in use. */
  copyStore(path: string): Promise<void>;
  clock: Clock;
}

export interface BackupDone {
  path: string;
  bytes: number;
  runs: number;
  objects: number;
  cluster: ClusterBackup | null;
  ms: number;
}

/**
 * Copies all that a server keeps into one archive, while it runs: first the databases, then metadata, bundles and
 * objects, and last the log that makes the databases consistent. So what the metadata says was done is done in the
 * restored warehouse, no object is of a time that the restored source has not reached, and capture goes on where it was.
 * The archive is read again and compared before this resolves.
 */
export async function backUp(source: BackupSource, path: string, signal: AbortSignal): Promise<BackupDone> {
  const { home, facts, clock } = source;
  const startedAt = clock.now();
  const storeCopy = join(home.folder, `${copyPrefix}${process.pid}.tmp`);
  removeLeftovers(home.folder);
  const archive = new ArchiveWriter(path);
  const stop = () => archive.abandonNow();
  process.once('exit', stop);
  try {
    const add: ClusterCopy = {
      folder: (name) => archive.addFolder(`${archivePlaces.cluster}/${name}`),
      file: (name, from) => {
        signal.throwIfAborted();
        return archive.addFile(`${archivePlaces.cluster}/${name}`, from);
      },
      text: (name, content) => archive.addText(`${archivePlaces.cluster}/${name}`, content),
    };
    let runs = 0;
    let objects = 0;
    const rest = async () => {
      signal.throwIfAborted();
      await source.copyStore(storeCopy);
      ({ runs } = inspectStore(storeCopy));
      await archive.addFile(archivePlaces.store, storeCopy);
      await addTree(archive, archivePlaces.bundles, home.bundleFolder);
      await addTree(archive, archivePlaces.taskLogs, home.taskLogFolder);
      for (const name of [adminPasswordFile, postgresPasswordFile, secretKeyFile]) {
        await archive.addFile(name, join(home.folder, name));
      }
      signal.throwIfAborted();
      await addTree(archive, archivePlaces.cdc, home.cdcFolder);
      if (facts.hasOwnLake) objects = await addTree(archive, archivePlaces.lake, home.lakeFolder);
    };
    const cluster = await addCluster(source, add, rest);
    signal.throwIfAborted();
    const { embeddedUrl: _url, ...told } = facts;
    const about = {
      madeBy: `millrace ${version}`,
      startedAt: toIso(startedAt),
      endedAt: toIso(clock.now()),
      cluster: cluster as unknown as Json,
      runs,
      objects,
      ...told,
    };
    const bytes = await archive.finish(about);
    return { path, bytes, runs, objects, cluster, ms: clock.now() - startedAt };
  } catch (error) {
    await archive.abandon();
    throw error;
  } finally {
    process.off('exit', stop);
    for (const suffix of ['', '-wal', '-shm']) rmSync(storeCopy + suffix, { force: true });
  }
}

const copyPrefix = 'store-copy-';

/** Copies that a backup which was killed has left. One that is under way has a living process. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = new RegExp(`^${copyPrefix}(\\d+)\\.tmp`).exec(name)?.[1];
    if (pid !== undefined && !isProcessAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

async function addCluster(
  { home, facts }: BackupSource,
  add: ClusterCopy,
  rest: () => Promise<void>,
): Promise<ClusterBackup | null> {
  const link = join(home.folder, 'postgres');
  const dataFolder = existsSync(link) ? join(realpathSync(link), 'data') : null;
  if (facts.embeddedUrl !== null && dataFolder !== null) return backUpCluster(facts.embeddedUrl, dataFolder, add, rest);
  if (dataFolder === null || !existsSync(join(dataFolder, 'PG_VERSION'))) {
    await rest();
    return null;
  }
  assertStopped(dataFolder);
  const cluster = await copyStoppedCluster(dataFolder, add);
  await rest();
  return cluster;
}

function assertStopped(dataFolder: string): void {
  const path = join(dataFolder, 'postmaster.pid');
  if (!existsSync(path)) return;
  const pid = Number(readFileSync(path, 'utf8').split('\n')[0]);
  if (!isProcessAlive(pid)) {
    throw new MillraceError('BACKUP_FAILED', 'The embedded PostgreSQL was killed and has not recovered.', {
      hint: 'Start the server, and take the backup while it runs.',
    });
  }
  throw new MillraceError('BACKUP_FAILED', `The embedded PostgreSQL (process ${pid}) runs without its server.`, {
    hint: 'Start the server, which adopts it, and take the backup while it runs.',
  });
}
