import { randomBytes } from 'node:crypto';
import { connectSource, ReplicationStream } from '../cdc/replication-stream.js';
import { type BankTableName, bankTableNames, sourceHashes } from './bank-relations.js';
import { readTableHashes, type TableHashes } from './row-hashes.js';

/** The source as it was at a point of its log: commits before the point are in it, others are not. */
export interface SourceState {
  point: number;
  /** Hashes of all tables: they take a while, in which the warehouse may come to the point. */
  tables: Promise<Record<BankTableName, TableHashes>>;
  /** Ends the reading of the source, done or not. */
  close(): Promise<void>;
}

/**
 * Takes a consistent point of the source, that of a temporary slot whose snapshot is then read. A heartbeat behind it
 * takes every reader of the log past the point, also when nothing else is written.
 */
export async function openSourceState(sourceUrl: string): Promise<SourceState> {
  const replication = await ReplicationStream.open(sourceUrl);
  const client = await connectSource(sourceUrl, 'millrace reconcile');
  let closing: Promise<unknown> | undefined;
  const close = async () => {
    closing ??= Promise.all([client.end(), replication.close()]);
    await closing;
  };
  try {
    const slot = `millrace_reconcile_${randomBytes(6).toString('hex')}`;
    const { consistentPoint, snapshotName } = await replication.createSlot(slot, true);
    await client.query(`select pg_logical_emit_message(false, 'millrace', 'reconcile')`);
    await client.query('begin isolation level repeatable read read only');
    await client.query(`set transaction snapshot '${snapshotName}'`);
    // The slot and the transaction hold things back in the source: they end as soon as all is read.
    const tables = readTables(client).finally(close);
    // Whoever waits for them learns of it; until then it must not count as unheard.
    tables.catch(() => {});
    return { point: consistentPoint, tables, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readTables(client: Parameters<typeof readTableHashes>[0]) {
  const tables: Partial<Record<BankTableName, TableHashes>> = {};
  for (const table of bankTableNames) tables[table] = await readTableHashes(client, sourceHashes(table));
  return tables as Record<BankTableName, TableHashes>;
}
