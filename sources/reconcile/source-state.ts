import { randomBytes } from 'node:crypto';
import { connectSource, ReplicationStream } from '../cdc/replication-stream.js';
import {
  type BankTableName,
  bankRelations,
  bankTableNames,
  sourceHashes,
  sourceModelHashes,
} from './bank-relations.js';
import { type RowHashes, readHashes } from './row-hashes.js';

/** The source as it was at a point of its log: commits before `point` are in it, others are not. */
export interface SourceState {
  point: number;
  tables: Record<BankTableName, { rows: RowHashes; models: RowHashes | null; sum: string | null }>;
}

/**
 * Hashes the source at a consistent point: that of a temporary slot whose snapshot is read. The slot ends with this
 * call; a heartbeat behind it takes every reader of the log past the point, also when nothing else is written.
 */
export async function readSourceState(sourceUrl: string): Promise<SourceState> {
  const replication = await ReplicationStream.open(sourceUrl);
  try {
    const client = await connectSource(sourceUrl, 'millrace reconcile');
    try {
      const slot = `millrace_reconcile_${randomBytes(6).toString('hex')}`;
      const { consistentPoint, snapshotName } = await replication.createSlot(slot, true);
      await client.query('begin isolation level repeatable read read only');
      await client.query(`set transaction snapshot '${snapshotName}'`);
      const tables: Partial<SourceState['tables']> = {};
      for (const table of bankTableNames) {
        const models = sourceModelHashes(table);
        const { sum } = bankRelations[table];
        tables[table] = {
          rows: await readHashes(client, sourceHashes(table)),
          models: models === null ? null : await readHashes(client, models),
          sum: sum
            ? (await client.query(`select coalesce(sum(${sum}), 0)::text as sum from public.${table}`)).rows[0].sum
            : null,
        };
      }
      await client.query('commit');
      await client.query(`select pg_logical_emit_message(false, 'millrace', 'reconcile')`);
      return { point: consistentPoint, tables: tables as SourceState['tables'] };
    } finally {
      await client.end();
    }
  } finally {
    await replication.close();
  }
}
