import type { ChangeEvent } from './envelope.js';

/** A record as Debezium's connector produces it, with the JSON converter and `schemas.enable=false`. */
export interface KafkaRecord {
  /** `<topic prefix>.<schema>.<table>`. */
  topic: string;
  /** JSON of the primary key; null when the table has none, and for a truncate. */
  key: string | null;
  /** JSON of the envelope; null is a tombstone, which lets compaction remove the key. */
  value: string | null;
  headers: Record<string, string>;
}

export interface KafkaFormat {
  /** The primary key of a table, in its order; empty when there is none. */
  keyColumns(schema: string, table: string): readonly string[];
  /** `tombstones.on.delete`: a tombstone after each delete. */
  tombstones: boolean;
}

/**
 * The records for events in the order of the stream. The delete and the create that a changed key makes name each
 * other's key in their headers.
 */
export function kafkaRecords(events: readonly ChangeEvent[], format: KafkaFormat): KafkaRecord[] {
  return events.flatMap((event, i) => {
    const [before, after] = [events[i - 1], events[i + 1]];
    const headers: Record<string, string> = {};
    if (after && isKeyChange(event, after)) headers['__debezium.newkey'] = keyOf(after, format) ?? '';
    if (before && isKeyChange(before, event)) headers['__debezium.oldkey'] = keyOf(before, format) ?? '';
    const { source } = event;
    const topic = `${source.name}.${source.schema}.${source.table}`;
    const key = keyOf(event, format);
    const record: KafkaRecord = { topic, key, value: JSON.stringify(event), headers };
    const isTombstoned = event.op === 'd' && format.tombstones && key !== null;
    return isTombstoned ? [record, { topic, key, value: null, headers: {} }] : [record];
  });
}

/** The key of an object that Kafka Connect's S3 sink writes, with its default partitioner and JSON. */
export function sinkObjectKey(topic: string, partition: number, startOffset: number, topicsFolder = 'topics'): string {
  const offset = String(startOffset).padStart(10, '0');
  return `${topicsFolder}/${topic}/partition=${partition}/${topic}+${partition}+${offset}.json`;
}

/** A changed key is one change of the log, told as two events. */
function isKeyChange(first: ChangeEvent, second: ChangeEvent): boolean {
  return (
    first.op === 'd' &&
    second.op === 'c' &&
    first.source.lsn === second.source.lsn &&
    first.source.commit_lsn === second.source.commit_lsn &&
    first.source.seq + 1 === second.source.seq &&
    first.source.table === second.source.table
  );
}

function keyOf({ op, before, after, source }: ChangeEvent, format: KafkaFormat): string | null {
  const row = after ?? before;
  const columns = format.keyColumns(source.schema, source.table);
  if (op === 't' || !row || columns.length === 0) return null;
  return JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
}
