import { MillraceError } from '../../kernel/errors.js';
import { type Clock, utcDate } from '../../kernel/time.js';
import type { TableShape } from './catalog.js';
import type { ChangeEvent } from './envelope.js';
import { EventEncoder, type EventOrigin, type TransactionText, transactionText } from './event-encoder.js';
import type { Lsn } from './lsn.js';
import type { ObjectSink } from './object-sink.js';
import {
  type Change,
  messageType,
  type Relation,
  readBegin,
  readCommitEnd,
  readDelete,
  readInsert,
  readRelation,
  readTruncate,
  readUpdate,
  type Transaction,
} from './pgoutput.js';
import type { TableObjects } from './table-objects.js';
import type { TypeShape } from './value.js';

/** What the catalog says of the captured tables and of types. */
export interface CatalogShape {
  tables: readonly TableShape[];
  types: ReadonlyMap<number, TypeShape>;
}

export interface StreamDecoderOptions {
  origin: EventOrigin;
  sink: ObjectSink;
  clock: Clock;
  catalog: CatalogShape;
  /** Reads the catalog anew, when a relation is not as it was. */
  readCatalog(): Promise<CatalogShape>;
  onEvent(table: string): void;
}

/** Where the events of a relation go; objects is null when the relation is published but not captured. */
interface Target {
  encoder: EventEncoder;
  objects: TableObjects | null;
}

interface OpenTransaction extends Transaction {
  /** The place of the next change. */
  seq: number;
  date: string;
  text: TransactionText | null;
}

/** Turns the messages of one replication stream into events in the objects of their tables. */
export class StreamDecoder {
  /** Everything that was committed before this LSN has arrived. */
  receivedLsn: Lsn = 0;
  #options: StreamDecoderOptions;
  #catalog: CatalogShape;
  #targets = new Map<number, Target>();
  #transaction: OpenTransaction | null = null;
  #previousCommit: Lsn | null = null;
  #today = { day: Number.NaN, date: '' };

  constructor(options: StreamDecoderOptions) {
    this.#options = options;
    this.#catalog = options.catalog;
  }

  /** Everything that was committed before this LSN has arrived whole, and is durable if nothing waits in the sink. */
  get completeLsn(): Lsn {
    return this.#transaction ? Math.min(this.#transaction.commitLsn, this.receivedLsn) : this.receivedLsn;
  }

  keepalive(walEnd: Lsn): void {
    if (!this.#transaction) this.receivedLsn = Math.max(this.receivedLsn, walEnd);
  }

  /** Takes one message. Answers a promise when nothing more may be handed in before it resolves. */
  handle(lsn: Lsn, message: Buffer): Promise<void> | undefined {
    switch (message[0]) {
      case messageType.insert:
        this.#insert(lsn, message, readInsert(message));
        return;
      case messageType.update:
        this.#update(lsn, message, readUpdate(message));
        return;
      case messageType.delete:
        this.#delete(lsn, message, readDelete(message));
        return;
      case messageType.begin:
        this.#begin(readBegin(message));
        return;
      case messageType.commit:
        this.#commit(readCommitEnd(message));
        return;
      case messageType.truncate:
        for (const oid of readTruncate(message)) this.#emit(this.#target(oid), 't', lsn, message, 0, false, 0, 0);
        return;
      case messageType.relation:
        return this.#relation(readRelation(message));
      case messageType.type:
      case messageType.origin:
      case messageType.logical:
        return;
      default:
        throw new MillraceError('CDC_PROTOCOL', `pgoutput sent a message of the unknown type ${message[0]}`);
    }
  }

  #begin(transaction: Transaction): void {
    const day = Math.floor(transaction.committedAt / 86_400_000);
    if (day !== this.#today.day) this.#today = { day, date: utcDate(transaction.committedAt) };
    this.#transaction = { ...transaction, seq: 0, date: this.#today.date, text: null };
    this.receivedLsn = Math.max(this.receivedLsn, transaction.commitLsn);
  }

  #commit(endLsn: Lsn): void {
    this.#previousCommit = (this.#transaction as OpenTransaction).commitLsn;
    this.#transaction = null;
    this.receivedLsn = Math.max(this.receivedLsn, endLsn);
  }

  #insert(lsn: Lsn, message: Buffer, change: Change): void {
    this.#emit(this.#target(change.relationOid), 'c', lsn, message, 0, false, change.newAt, 0);
  }

  #delete(lsn: Lsn, message: Buffer, change: Change): void {
    this.#emit(this.#target(change.relationOid), 'd', lsn, message, change.oldAt, change.oldIsKey, 0, 0);
  }

  #update(lsn: Lsn, message: Buffer, change: Change): void {
    const target = this.#target(change.relationOid);
    const { oldAt, oldIsKey, newAt } = change;
    const fullOldAt = oldIsKey ? 0 : oldAt;
    if (target.encoder.changesKey(message, change)) {
      this.#emit(target, 'd', lsn, message, oldAt, oldIsKey, 0, 0);
      this.#emit(target, 'c', lsn, message, 0, false, newAt, fullOldAt);
    } else {
      this.#emit(target, 'u', lsn, message, oldAt, oldIsKey, newAt, fullOldAt);
    }
  }

  #emit(
    { encoder, objects }: Target,
    op: ChangeEvent['op'],
    lsn: Lsn,
    message: Buffer,
    beforeAt: number,
    beforeIsKey: boolean,
    afterAt: number,
    oldAt: number,
  ): void {
    const transaction = this.#transaction as OpenTransaction;
    const { commitLsn, committedAt, date } = transaction;
    const seq = transaction.seq++;
    if (objects === null || objects.has(commitLsn, seq)) return;
    const { sink, origin, clock, onEvent } = this.#options;
    transaction.text ??= transactionText(origin, transaction, this.#previousCommit, clock.now());
    const { text } = transaction;
    const tuples = { message, beforeAt, beforeIsKey, afterAt, oldAt };
    sink.write(objects, { encoder, text, op, lsn, seq, snapshot: 'false', commitLsn, committedAt, date, ...tuples });
    onEvent(encoder.relation.table);
  }

  #target(oid: number): Target {
    const target = this.#targets.get(oid);
    if (target) return target;
    throw new MillraceError('CDC_PROTOCOL', `pgoutput sent a change of relation ${oid} without describing it`);
  }

  /** The message repeats what is known, except after a change of the schema: then types and keys are read anew. */
  #relation(relation: Relation): Promise<void> | undefined {
    const shape = this.#catalog.tables.find((table) => sameColumns(table, relation));
    if (shape || this.#options.sink.table(relation.table) === undefined) {
      this.#setTarget(relation, shape?.primaryKey ?? []);
      return;
    }
    return this.#options.readCatalog().then((catalog) => {
      this.#catalog = catalog;
      this.#setTarget(relation, catalog.tables.find(({ oid }) => oid === relation.oid)?.primaryKey ?? []);
    });
  }

  #setTarget(relation: Relation, primaryKey: readonly string[]): void {
    const encoder = new EventEncoder(relation, this.#catalog.types, primaryKey);
    this.#targets.set(relation.oid, { encoder, objects: this.#options.sink.table(relation.table) ?? null });
  }
}

function sameColumns(table: TableShape, relation: Relation): boolean {
  return (
    table.oid === relation.oid &&
    table.table === relation.table &&
    table.columns.length === relation.columns.length &&
    table.columns.every(({ name, typeOid }, i) => {
      const column = relation.columns[i];
      return column?.name === name && column.typeOid === typeOid;
    })
  );
}
