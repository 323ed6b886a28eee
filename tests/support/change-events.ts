import { gzipSync } from 'node:zlib';
import type { JsonObject } from '../../kernel/json.js';
import { utcDate } from '../../kernel/time.js';
import { type ChangeEvent, formatObjectKey, type Row } from '../../sources/cdc/envelope.js';

/** What a test says of an event; the rest is filled in. */
export interface EventSketch {
  table?: string;
  op?: ChangeEvent['op'];
  lsn: number;
  seq?: number;
  /** Commit time, epoch ms. */
  at?: number;
  before?: Row | null;
  after?: Row | null;
}

export const eventTime = Date.UTC(2026, 0, 15, 12);

/** A change event as change data capture writes it. */
export function changeEvent({
  table = 'customers',
  op = 'c',
  lsn,
  seq = 0,
  at,
  before,
  after,
}: EventSketch): ChangeEvent {
  const committedAt = at ?? eventTime + lsn;
  return {
    before: before ?? null,
    after: after ?? null,
    source: {
      version: '0.1.0',
      connector: 'postgresql',
      name: 'bank',
      ts_ms: committedAt,
      snapshot: op === 'r' ? 'true' : 'false',
      db: 'bank',
      sequence: JSON.stringify([String(lsn - 8), String(lsn - 1)]),
      schema: 'public',
      table,
      txId: lsn,
      lsn: lsn - 1,
      xmin: null,
      commit_lsn: lsn,
      seq,
    },
    op,
    ts_ms: committedAt + 50,
    transaction: null,
  };
}

/** The object that holds the events, named as change data capture names it. */
export function eventObject(
  events: ChangeEvent[],
  { gzip = true, date }: { gzip?: boolean; date?: string } = {},
): { key: string; body: Buffer } {
  const [first, last] = [events[0] as ChangeEvent, events.at(-1) as ChangeEvent];
  const key = formatObjectKey({
    table: first.source.table,
    date: date ?? utcDate(first.source.ts_ms),
    first: { lsn: BigInt(first.source.commit_lsn), seq: first.source.seq },
    last: { lsn: BigInt(last.source.commit_lsn), seq: last.source.seq },
    gzip,
  });
  const text = jsonl(events as unknown as JsonObject[]);
  return { key, body: gzip ? gzipSync(text) : Buffer.from(text) };
}

export function jsonl(values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
