import { MillraceError } from '../../kernel/errors.js';
import { type Lsn, readLsn } from './lsn.js';

/**
 * The messages of PostgreSQL's `pgoutput` plugin, protocol version 1 (documentation: "Logical Replication Message
 * Formats"). Row values are never taken out as objects: readers return offsets into the message.
 */
export const messageType = {
  begin: 0x42,
  commit: 0x43,
  delete: 0x44,
  insert: 0x49,
  logical: 0x4d,
  origin: 0x4f,
  relation: 0x52,
  truncate: 0x54,
  update: 0x55,
  type: 0x59,
} as const;

export interface Transaction {
  /** LSN of the commit record. */
  commitLsn: Lsn;
  /** Epoch milliseconds. */
  committedAt: number;
  xid: number;
}

export interface RelationColumn {
  name: string;
  typeOid: number;
  /** Part of the replica identity; all columns are under FULL. */
  isIdentity: boolean;
}

export interface Relation {
  oid: number;
  schema: string;
  table: string;
  columns: RelationColumn[];
}

/** Where the tuples of one change begin in its message; 0 when there is none. */
export interface Change {
  relationOid: number;
  oldAt: number;
  /** The old tuple is only the key (REPLICA IDENTITY DEFAULT or USING INDEX). */
  oldIsKey: boolean;
  newAt: number;
}

const postgresEpochMs = 946_684_800_000;

export function readBegin(message: Buffer): Transaction {
  return { commitLsn: readLsn(message, 1), committedAt: readTimestamp(message, 9), xid: message.readUInt32BE(17) };
}

/** The LSN after the commit record: what the slot may be moved to once the transaction is durable. */
export function readCommitEnd(message: Buffer): Lsn {
  return readLsn(message, 10);
}

export function readRelation(message: Buffer): Relation {
  const oid = message.readUInt32BE(1);
  const schema = readName(message, 5);
  const table = readName(message, schema.end);
  let at = table.end + 3;
  const columns = Array.from({ length: message.readUInt16BE(table.end + 1) }, () => {
    const name = readName(message, at + 1);
    const column = {
      name: name.text,
      typeOid: message.readUInt32BE(name.end),
      isIdentity: ((message[at] as number) & 1) === 1,
    };
    at = name.end + 8;
    return column;
  });
  // The schema of pg_catalog is written as an empty string.
  return { oid, schema: schema.text || 'pg_catalog', table: table.text, columns };
}

export function readInsert(message: Buffer): Change {
  return { relationOid: message.readUInt32BE(1), oldAt: 0, oldIsKey: false, newAt: 6 };
}

export function readDelete(message: Buffer): Change {
  return { relationOid: message.readUInt32BE(1), oldAt: 6, oldIsKey: message[5] === 0x4b, newAt: 0 };
}

export function readUpdate(message: Buffer): Change {
  const relationOid = message.readUInt32BE(1);
  const marker = message[5];
  if (marker === 0x4e) return { relationOid, oldAt: 0, oldIsKey: false, newAt: 6 };
  return { relationOid, oldAt: 6, oldIsKey: marker === 0x4b, newAt: skipTuple(message, 6) + 1 };
}

/** Oids of the relations that were truncated together. */
export function readTruncate(message: Buffer): number[] {
  return Array.from({ length: message.readUInt32BE(1) }, (_, i) => message.readUInt32BE(6 + i * 4));
}

/** What stands before each value of a tuple. */
export const valueMarker = { null: 0x6e, unchanged: 0x75, text: 0x74 } as const;

/** The offset of a column's marker in the tuple that begins at `at`. */
export function columnAt(message: Buffer, at: number, column: number): number {
  let offset = at + 2;
  for (let i = 0; i < column; i++) offset = skipValue(message, offset);
  return offset;
}

/** The offset after the value whose marker stands at `at`. */
export function skipValue(message: Buffer, at: number): number {
  const marker = message[at];
  if (marker === valueMarker.text) return at + 5 + message.readUInt32BE(at + 1);
  if (marker === valueMarker.null || marker === valueMarker.unchanged) return at + 1;
  throw new MillraceError('CDC_PROTOCOL', `a tuple holds a value of the unknown kind ${marker}`);
}

function skipTuple(message: Buffer, at: number): number {
  return columnAt(message, at, message.readUInt16BE(at));
}

function readName(message: Buffer, at: number): { text: string; end: number } {
  const zero = message.indexOf(0, at);
  return { text: message.toString('utf8', at, zero), end: zero + 1 };
}

/** Microseconds since 2000 -> epoch milliseconds. */
function readTimestamp(message: Buffer, at: number): number {
  return Math.floor((message.readInt32BE(at) * 0x1_0000_0000 + message.readUInt32BE(at + 4)) / 1000) + postgresEpochMs;
}
