import type { Json } from '../../kernel/json.js';

/**
 * A change event as Debezium's PostgreSQL connector writes it with `schemas.enable=false`,
 * `decimal.handling.mode=string`, `time.precision.mode=isostring`: one JSON object a line in the object store.
 *
 * Two fields are ours. Debezium's `lsn` does not order the changes of concurrent transactions and is shared by the
 * rows of one multi-row insert; (`commit_lsn`, `seq`) is a total order and names an event for ever.
 */
export interface ChangeEvent {
  before: Row | null;
  after: Row | null;
  source: ChangeSource;
  /** r snapshot read, c create, u update, d delete, t truncate. */
  op: 'r' | 'c' | 'u' | 'd' | 't';
  /** When the event was made (epoch ms). */
  ts_ms: number;
  transaction: null;
}

/** Column values: numerics and bigints beyond 2^53 as strings, timestamptz as ISO in UTC with microseconds and `Z`. */
export type Row = Record<string, Json>;

export interface ChangeSource {
  version: string;
  connector: 'postgresql';
  /** The topic prefix. */
  name: string;
  /** Commit time (epoch ms); for `r`, the time of the snapshot in the database. */
  ts_ms: number;
  /** "true" while in the snapshot, "last" on its last row, else "false". */
  snapshot: 'true' | 'last' | 'false';
  db: string;
  /** JSON text `["<LSN of the last commit before this transaction>","<lsn>"]`, as Debezium has it. */
  sequence: string;
  schema: string;
  table: string;
  txId: number | null;
  lsn: number;
  xmin: null;
  /** Ours: LSN of the transaction's commit record; for `r`, the snapshot's consistent point. */
  commit_lsn: number;
  /** Ours: place of the change in its transaction, from 0; for `r`, place of the row in the snapshot of its table. */
  seq: number;
}

/** What stands in place of a TOASTed value that the log does not carry (REPLICA IDENTITY DEFAULT). */
export const unavailableValue = '__debezium_unavailable_value';

/** A point in the stream: an event's (commit_lsn, seq). */
export interface Position {
  lsn: bigint;
  seq: number;
}

/**
 * The key of an object of change events: `<table>/date=<UTC date of the commit>/<table>-<first>-<last>.jsonl.gz`, a
 * position being 16 hex digits of the LSN, a dot, and 10 decimal digits of the sequence. Byte order is stream order.
 */
export interface ObjectKey {
  table: string;
  date: string;
  first: Position;
  last: Position;
  gzip: boolean;
}

export function formatObjectKey({ table, date, first, last, gzip }: ObjectKey): string {
  return `${table}/date=${date}/${table}-${formatPosition(first)}-${formatPosition(last)}.jsonl${gzip ? '.gz' : ''}`;
}

/** undefined when the key is not one of ours. */
export function parseObjectKey(key: string): ObjectKey | undefined {
  const match =
    /^([^/]+)\/date=(\d{4}-\d{2}-\d{2})\/(.+)-([0-9a-f]{16})\.(\d{10})-([0-9a-f]{16})\.(\d{10})\.jsonl(\.gz)?$/.exec(
      key,
    );
  if (!match || match[1] !== match[3]) return undefined;
  const [, table, date, , firstLsn, firstSeq, lastLsn, lastSeq, gz] = match as unknown as string[];
  return {
    table: table as string,
    date: date as string,
    first: { lsn: BigInt(`0x${firstLsn}`), seq: Number(firstSeq) },
    last: { lsn: BigInt(`0x${lastLsn}`), seq: Number(lastSeq) },
    gzip: gz !== undefined,
  };
}

function formatPosition({ lsn, seq }: Position): string {
  return `${lsn.toString(16).padStart(16, '0')}.${String(seq).padStart(10, '0')}`;
}
