import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describeError, MillraceError } from '../kernel/errors.js';

/** Takes the files of a cluster, named from its data folder. Both resolve when the file or folder is kept. */
export interface ClusterCopy {
  folder(name: string): Promise<void>;
  /** false when the file is gone: a table was dropped, a temporary file has ended. */
  file(name: string, path: string): Promise<boolean>;
  text(name: string, content: string): Promise<void>;
}

export interface ClusterBackup {
  version: string;
  /** Positions in its log between which the copy was taken; a restored cluster goes on at the second. */
  startLsn: string;
  stopLsn: string;
}

/**
 * Copies a running cluster as PostgreSQL's low-level backup does: between pg_backup_start and pg_backup_stop every file,
 * then the log that makes the copy consistent. Replication slots are copied first, with the log that they need, so that
 * change capture goes on in the restored cluster where the slot was; `meanwhile` runs after everything but that log, so
 * that what it copies is never newer than the copy of the database. Rejects with BACKUP_FAILED.
 */
export async function backUpCluster(
  url: string,
  dataFolder: string,
  copy: ClusterCopy,
  meanwhile: () => Promise<void>,
): Promise<ClusterBackup> {
  const client = new pg.Client({ connectionString: url, application_name: 'millrace backup' });
  client.on('error', () => {}); // Reported by the call that needs the connection.
  try {
    await client.connect();
    // Keeps the log from now on. A temporary slot goes with its session, however that ends.
    await client.query(
      `select pg_create_physical_replication_slot('millrace_backup_' || pg_backend_pid(), true, true)`,
    );
    const { rows: started } = await client.query<{ lsn: string; file: string; version: string }>(
      `select lsn::text, pg_walfile_name(lsn) as file, current_setting('server_version') as version
       from pg_backup_start('millrace backup', true) as lsn`,
    );
    const start = started[0] as (typeof started)[number];
    const { rows: slots } = await client.query<{ file: string; slot_name: string }>(
      `select slot_name, pg_walfile_name(restart_lsn) as file from pg_replication_slots
       where not temporary and restart_lsn is not null`,
    );
    for (const { slot_name } of slots) await copyTree(dataFolder, `pg_replslot/${slot_name}`, copy);
    await copyTree(dataFolder, '', copy);
    await meanwhile();
    await copy.file('global/pg_control', join(dataFolder, 'global/pg_control'));
    const { rows: stopped } = await client.query<{ lsn: string; labelfile: string; file: string }>(
      // The position is after the last record: the byte before it is in the last segment that is needed.
      `select lsn::text, labelfile, pg_walfile_name(lsn - 1) as file from pg_backup_stop(false)`,
    );
    const stop = stopped[0] as (typeof stopped)[number];
    const first = [start.file, ...slots.map(({ file }) => file)].sort()[0] as string;
    await copyLog(dataFolder, first, stop.file, copy);
    await copy.text('backup_label', stop.labelfile);
    return { version: start.version, startLsn: start.lsn, stopLsn: stop.lsn };
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError('BACKUP_FAILED', `PostgreSQL cannot be backed up: ${describeError(error)}`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => {}); // What it was needed for is over.
  }
}

/** Copies the files of a cluster that does not run. */
export async function copyStoppedCluster(dataFolder: string, copy: ClusterCopy): Promise<ClusterBackup> {
  await copyTree(dataFolder, '', copy, { whole: true });
  await copy.file('global/pg_control', join(dataFolder, 'global/pg_control'));
  const version = (await readFile(join(dataFolder, 'PG_VERSION'), 'utf8')).trim();
  return { version, startLsn: '', stopLsn: '' };
}

/** What a start makes anew, as in pg_basebackup; the folders themselves have to be there. */
const emptied = new Set([
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_wal',
]);
const leftOut = new Set(['postmaster.pid', 'postmaster.opts', 'backup_label', 'tablespace_map', 'current_logfiles']);
/** Of a stopped cluster everything is copied but this. */
const leftOutWhenStopped = new Set(['postmaster.pid', 'postmaster.opts']);

async function copyTree(dataFolder: string, folder: string, copy: ClusterCopy, { whole = false } = {}): Promise<void> {
  if (folder !== '') await copy.folder(folder);
  for (const entry of await entriesOf(join(dataFolder, folder))) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if ((whole ? leftOutWhenStopped : leftOut).has(name) || name === 'global/pg_control') continue;
    if (/^pgsql_tmp/.test(entry.name) || /^pg_internal\.init/.test(entry.name)) continue;
    if (entry.isDirectory()) {
      if (!whole && emptied.has(name)) {
        await copy.folder(name);
        if (name === 'pg_wal')
          for (const inner of ['archive_status', 'summaries']) await copy.folder(`${name}/${inner}`);
      } else await copyTree(dataFolder, name, copy, { whole });
    } else if (entry.isFile()) await copy.file(name, join(dataFolder, name));
    else throw new MillraceError('BACKUP_FAILED', `the cluster has a tablespace (${name}), which a backup cannot hold`);
  }
}

/** The segments of the log from the first to the last. Their names begin with the timeline, which is one and the same. */
async function copyLog(dataFolder: string, first: string, last: string, copy: ClusterCopy): Promise<void> {
  const names = (await readdir(join(dataFolder, 'pg_wal')))
    .filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= first && name <= last)
    .sort();
  if (names[0] !== first || names.at(-1) !== last) {
    throw new MillraceError('BACKUP_FAILED', `the log of the cluster lacks ${first} or ${last}`);
  }
  for (const name of names) {
    if (!(await copy.file(`pg_wal/${name}`, join(dataFolder, 'pg_wal', name)))) {
      throw new MillraceError('BACKUP_FAILED', `the log of the cluster has lost ${name} meanwhile`);
    }
  }
}

async function entriesOf(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    // A database was dropped meanwhile: the log says so as well.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
