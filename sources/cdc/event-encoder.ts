import { unavailableValue } from './envelope.js';
import type { LineWriter } from './line-writer.js';
import type { Lsn } from './lsn.js';
import { type Change, columnAt, type Relation, skipValue, valueMarker } from './pgoutput.js';
import { type TypeShape, type ValueKind, valueKind, writeValue } from './value.js';

/** What the events of one capture have in common. */
export interface EventOrigin {
  version: string;
  /** The topic prefix: `source.name`. */
  name: string;
  database: string;
}

export interface EventHeader {
  op: 'r' | 'c' | 'u' | 'd' | 't';
  lsn: Lsn;
  seq: number;
  snapshot: 'true' | 'last' | 'false';
}

/** One event: its header, what it shares with its transaction, and its tuples in the message. */
export interface EventContent extends EventHeader {
  text: TransactionText;
  message: Buffer;
  /** Where tuples begin in the message, 0 when there is none. */
  beforeAt: number;
  /** The tuple before is only the key. */
  beforeIsKey: boolean;
  afterAt: number;
  /** Where values are found that the log leaves out of the tuple after. */
  oldAt: number;
}

/** The parts of an envelope that are the same for every change of one transaction (or of one snapshot). */
export interface TransactionText {
  /** From `"source":` to the LSN inside `sequence`, for events whose `snapshot` is false, true and last. */
  head: Record<EventHeader['snapshot'], Buffer>;
  /** From the transaction id to the LSN. */
  middle: Buffer;
  /** From `xmin` to the sequence. */
  tail: Buffer;
  /** From the end of `source` to the end of the line, after `"op":"?`. */
  end: Buffer;
}

/**
 * Prepares what a transaction's events share. `previousCommit` is the last commit before it, null when unknown (after a
 * restart); `madeAt` is the time of capture.
 */
export function transactionText(
  origin: EventOrigin,
  transaction: { commitLsn: Lsn; committedAt: number; xid: number | null },
  previousCommit: Lsn | null,
  madeAt: number,
): TransactionText {
  const { version, name, database } = origin;
  const before = `,"source":{"version":${JSON.stringify(version)},"connector":"postgresql","name":${JSON.stringify(name)},"ts_ms":${transaction.committedAt},"snapshot":"`;
  const sequence = previousCommit === null ? '[null,' : `["${previousCommit}",`;
  const after = `","db":${JSON.stringify(database)},"sequence":"${sequence.replaceAll('"', '\\"')}\\"`;
  return {
    head: {
      false: Buffer.from(`${before}false${after}`),
      true: Buffer.from(`${before}true${after}`),
      last: Buffer.from(`${before}last${after}`),
    },
    middle: Buffer.from(`${transaction.xid},"lsn":`),
    tail: Buffer.from(`,"xmin":null,"commit_lsn":${transaction.commitLsn},"seq":`),
    end: Buffer.from(`","ts_ms":${madeAt},"transaction":null}\n`),
  };
}

/** Writes the events of one relation; everything that does not change from row to row is prepared once. */
export class EventEncoder {
  readonly relation: Relation;
  #names: Buffer[];
  #kinds: ValueKind[];
  #identity: boolean[];
  #key: number[];
  #table: Buffer;
  #bytesFixed: number;

  /** `primaryKey` names the columns whose change makes a delete and a create of an update. */
  constructor(relation: Relation, types: ReadonlyMap<number, TypeShape>, primaryKey: readonly string[]) {
    this.relation = relation;
    this.#names = relation.columns.map(({ name }) => Buffer.from(`${JSON.stringify(name)}:`));
    this.#kinds = relation.columns.map(({ typeOid }) => valueKind(typeOid, types));
    this.#identity = relation.columns.map(({ isIdentity }) => isIdentity);
    this.#key = relation.columns.flatMap(({ name }, i) => (primaryKey.includes(name) ? [i] : []));
    this.#table = Buffer.from(
      `\\"]","schema":${JSON.stringify(relation.schema)},"table":${JSON.stringify(relation.table)},"txId":`,
    );
    this.#bytesFixed =
      2048 + this.#table.length + 2 * this.#names.reduce((sum, name) => sum + name.length + unavailable.length + 1, 0);
  }

  /** Whether an update changes the primary key: it is then told as a delete and a create, as Debezium does. */
  changesKey(message: Buffer, change: Change): boolean {
    if (change.oldAt === 0) return false;
    if (change.oldIsKey) return true;
    return this.#key.some((column) => {
      const before = columnAt(message, change.oldAt, column);
      const after = columnAt(message, change.newAt, column);
      if (message[after] === valueMarker.unchanged) return false;
      return message.compare(message, before, skipValue(message, before), after, skipValue(message, after)) !== 0;
    });
  }

  /** Writes one event as a line. */
  write(writer: LineWriter, event: EventContent): void {
    const { text, message, beforeAt, beforeIsKey, afterAt, oldAt } = event;
    writer.reserve(this.#bytesFixed + text.head.false.length);
    writer.writeAscii('{"before":');
    this.#writeRow(writer, message, beforeAt, beforeIsKey, 0);
    writer.writeAscii(',"after":');
    this.#writeRow(writer, message, afterAt, false, oldAt);
    writer.reserve(this.#bytesFixed + text.head.false.length);
    const lsn = String(event.lsn);
    writer.writeBytes(text.head[event.snapshot]);
    writer.writeAscii(lsn);
    writer.writeBytes(this.#table);
    writer.writeBytes(text.middle);
    writer.writeAscii(lsn);
    writer.writeBytes(text.tail);
    writer.writeInteger(event.seq);
    writer.writeBytes(opText);
    writer.writeByte(event.op.charCodeAt(0));
    writer.writeBytes(text.end);
  }

  #writeRow(writer: LineWriter, message: Buffer, at: number, onlyIdentity: boolean, oldAt: number): void {
    if (at === 0) {
      writer.writeBytes(nullText);
      return;
    }
    const columns = message.readUInt16BE(at);
    let offset = at + 2;
    let separator = 0x7b;
    for (let i = 0; i < columns; i++) {
      const end = skipValue(message, offset);
      if (!onlyIdentity || this.#identity[i]) {
        writer.writeByte(separator);
        writer.writeBytes(this.#names[i] as Buffer);
        separator = 0x2c;
        this.#writeColumn(writer, message, offset, end, i, oldAt);
        // What follows the value on this row was reserved before it and may have been used up by it.
        writer.reserve(this.#bytesFixed);
      }
      offset = end;
    }
    if (separator === 0x7b) writer.writeByte(separator);
    writer.writeByte(0x7d);
  }

  #writeColumn(writer: LineWriter, message: Buffer, at: number, end: number, column: number, oldAt: number): void {
    const marker = message[at];
    if (marker === valueMarker.text) {
      writeValue(this.#kinds[column] as ValueKind, writer, message, at + 5, end);
      return;
    }
    if (marker === valueMarker.null) {
      writer.writeBytes(nullText);
      return;
    }
    if (oldAt === 0) {
      writer.writeBytes(unavailable);
      return;
    }
    const before = columnAt(message, oldAt, column);
    if (message[before] === valueMarker.unchanged) {
      writer.writeBytes(unavailable);
      return;
    }
    this.#writeColumn(writer, message, before, skipValue(message, before), column, 0);
  }
}

const nullText = Buffer.from('null');
const opText = Buffer.from('},"op":"');
const unavailable = Buffer.from(JSON.stringify(unavailableValue));
