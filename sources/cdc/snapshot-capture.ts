import { utcDate } from '../../kernel/time.js';
import type { TableShape } from './catalog.js';
import { EventEncoder, type TransactionText, transactionText } from './event-encoder.js';
import type { Lsn } from './lsn.js';
import type { Session } from './session.js';
import { readSnapshot, tupleAt } from './snapshot.js';
import type { TableObjects } from './table-objects.js';

/**
 * Makes the slot and captures all rows as they were at its consistent point: what is committed after it comes through
 * the slot, so nothing falls between. Until all rows are durable the checkpoint says `running`, and a restart begins
 * again with a new slot.
 *
 * Rows of the snapshot carry the LSN just before the consistent point: no commit record can have it (records begin at
 * multiples of eight), a transaction that commits exactly at the consistent point is streamed. When the store holds
 * events of a table already, the snapshot begins with a truncate, which closes rows that vanished unseen.
 */
export async function captureSnapshot(session: Session, stopping: AbortSignal): Promise<void> {
  const { options, progress, catalog, replication, systemIdentifier } = session;
  progress.report.state = 'snapshot';
  progress.report.error = null;
  await progress.save(systemIdentifier, 'running', progress.checkpoint?.durableLsn ?? 0);
  const { consistentPoint, snapshotName } = await replication.createSlot(options.slot, false);
  const shape = await session.readCatalog();
  const writer = new SnapshotWriter(session, consistentPoint);
  const encoders = new Map(
    shape.tables.map((table) => [table.table, new EventEncoder(table, shape.types, table.primaryKey)]),
  );
  await readSnapshot(
    catalog,
    snapshotName,
    shape.tables,
    (takenAt) => {
      writer.begin(takenAt);
      for (const table of shape.tables) writer.closeFormer(table, encoders.get(table.table) as EventEncoder);
    },
    (table, message, isLast) => {
      stopping.throwIfAborted();
      return writer.row(table, encoders.get(table.table) as EventEncoder, message, isLast);
    },
  );
  await progress.sink.flush(null);
  await progress.save(systemIdentifier, 'done', consistentPoint);
}

class SnapshotWriter {
  #session: Session;
  #consistentPoint: Lsn;
  #takenAt = 0;
  #date = '';
  #text: TransactionText | null = null;
  #places = new Map<string, number>();

  constructor(session: Session, consistentPoint: Lsn) {
    this.#session = session;
    this.#consistentPoint = consistentPoint;
  }

  begin(takenAt: number): void {
    const { origin, options } = this.#session;
    this.#takenAt = takenAt;
    this.#date = utcDate(takenAt);
    const transaction = { commitLsn: this.#consistentPoint - 1, committedAt: takenAt, xid: null };
    this.#text = transactionText(origin, transaction, null, options.clock.now());
  }

  /** Closes the keys of a table that was captured before. */
  closeFormer({ table }: TableShape, encoder: EventEncoder): void {
    const objects = this.#session.progress.sink.table(table) as TableObjects;
    if (objects.position.lsn > 0) this.#write(encoder, objects, 't', 'true', noTuple, 0);
  }

  /** Answers a promise while the store has to catch up. */
  row({ table }: TableShape, encoder: EventEncoder, message: Buffer, isLast: boolean): Promise<void> | undefined {
    const { progress } = this.#session;
    const objects = progress.sink.table(table) as TableObjects;
    this.#write(encoder, objects, 'r', isLast ? 'last' : 'true', message, tupleAt);
    if (!progress.sink.isFull) return;
    return new Promise((resolve) => {
      progress.onRoom = () => {
        progress.onRoom = null;
        resolve();
      };
    });
  }

  #write(
    encoder: EventEncoder,
    objects: TableObjects,
    op: 'r' | 't',
    snapshot: 'true' | 'last',
    message: Buffer,
    afterAt: number,
  ): void {
    const { sink, report } = this.#session.progress;
    const { table } = encoder.relation;
    const commitLsn = this.#consistentPoint - 1;
    const seq = this.#places.get(table) ?? 0;
    this.#places.set(table, seq + 1);
    sink.write(objects, {
      encoder,
      text: this.#text as TransactionText,
      op,
      lsn: this.#consistentPoint,
      seq,
      snapshot,
      commitLsn,
      committedAt: this.#takenAt,
      date: this.#date,
      message,
      beforeAt: 0,
      beforeIsKey: false,
      afterAt,
      oldAt: 0,
    });
    report.countEvent(table);
  }
}

const noTuple = Buffer.alloc(0);
