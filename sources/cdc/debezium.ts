import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Row } from './envelope.js';

/** A change event of a Debezium connector, its rows in the forms of our own events. */
export interface DebeziumEvent {
  op: 'r' | 'c' | 'u' | 'd' | 't' | 'm';
  before: Row | null;
  after: Row | null;
  source: JsonObject;
}

/**
 * Reads the value of a record of Debezium, with its schema or without. A tombstone (null) gives null. With the schema,
 * values in Debezium's default forms (days since 1970, base64 decimals, …) become text that a database casts back;
 * without it nothing tells what they are, and they stay as they came: use `decimal.handling.mode=string` then. Throws
 * CDC_EVENT_INVALID when it is no change event.
 */
export function readDebeziumValue(value: Json): DebeziumEvent | null {
  if (value === null) return null;
  const isWrapped = isObject(value) && 'payload' in value && 'schema' in value;
  const payload = isWrapped ? (value['payload'] ?? null) : value;
  if (payload === null) return null;
  if (!isObject(payload) || typeof payload['op'] !== 'string' || !/^[rcudtm]$/.test(payload['op'])) {
    throw invalid('it has no op', value);
  }
  const schema = isWrapped && isObject(value['schema'] ?? null) ? (value['schema'] as JsonObject) : null;
  if (!isObject(payload['source'] ?? null)) throw invalid('it has no source', value);
  return {
    op: payload['op'] as DebeziumEvent['op'],
    before: readRow(payload['before'] ?? null, fieldOf(schema, 'before'), value),
    after: readRow(payload['after'] ?? null, fieldOf(schema, 'after'), value),
    source: payload['source'] as JsonObject,
  };
}

function readRow(row: Json, schema: JsonObject | null, value: Json): Row | null {
  if (row === null) return null;
  if (!isObject(row)) throw invalid('a row is not an object', value);
  if (!schema) return row;
  return Object.fromEntries(
    Object.entries(row).map(([name, field]) => [name, readField(field, fieldOf(schema, name))]),
  );
}

function readField(value: Json, schema: JsonObject | null): Json {
  const name = schema?.['name'];
  if (value === null || typeof name !== 'string') return value;
  return forms[name]?.(value, schema as JsonObject) ?? value;
}

/** Kafka Connect's and Debezium's names of types that JSON has no form for. */
const forms: Record<string, (value: Json, schema: JsonObject) => Json> = {
  'io.debezium.time.Date': (days) => isoDate(Number(days)),
  'org.apache.kafka.connect.data.Date': (days) => isoDate(Number(days)),
  'io.debezium.time.IsoDate': (text) => String(text).replace(/Z$/, ''),
  'io.debezium.time.Timestamp': (ms) => isoTimestamp(BigInt(Number(ms)) * 1000n),
  'org.apache.kafka.connect.data.Timestamp': (ms) => isoTimestamp(BigInt(Number(ms)) * 1000n),
  'io.debezium.time.MicroTimestamp': (us) => isoTimestamp(BigInt(Number(us))),
  'io.debezium.time.NanoTimestamp': (ns) => isoTimestamp(BigInt(Number(ns)) / 1000n),
  'io.debezium.time.IsoTimestamp': (text) => withMicroseconds(String(text).replace(/Z$/, '')),
  'io.debezium.time.ZonedTimestamp': (text) => withMicroseconds(String(text)),
  'io.debezium.time.Time': (ms) => isoTime(BigInt(Number(ms)) * 1000n),
  'org.apache.kafka.connect.data.Time': (ms) => isoTime(BigInt(Number(ms)) * 1000n),
  'io.debezium.time.MicroTime': (us) => isoTime(BigInt(Number(us))),
  'org.apache.kafka.connect.data.Decimal': (bytes, schema) =>
    decimal(String(bytes), Number((schema['parameters'] as JsonObject | undefined)?.['scale'] ?? 0)),
  'io.debezium.data.VariableScaleDecimal': (value) =>
    isObject(value) ? decimal(String(value['value']), Number(value['scale'])) : value,
};

function fieldOf(schema: JsonObject | null, name: string): JsonObject | null {
  const fields = schema?.['fields'];
  if (!Array.isArray(fields)) return null;
  const field = fields.find((candidate) => isObject(candidate) && candidate['field'] === name);
  return isObject(field ?? null) ? (field as JsonObject) : null;
}

function isoDate(days: number): string {
  return isoTimestamp(BigInt(days) * 86_400_000_000n).slice(0, -'T00:00:00.000000'.length);
}

/** Without a zone, as the column that it comes from. */
function isoTimestamp(microseconds: bigint): string {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((microseconds - fraction) / 1000n)).toISOString().slice(0, -'.000Z'.length);
  return `${seconds}.${String(fraction).padStart(6, '0')}`;
}

function isoTime(microseconds: bigint): string {
  return isoTimestamp(microseconds).slice('1970-01-01T'.length);
}

/** `…05.5Z` -> `…05.500000Z`. */
function withMicroseconds(text: string): string {
  return text.replace(/:(\d\d)(?:\.(\d{1,6})\d*)?(Z?)$/, (_, seconds, fraction = '', zone) => {
    return `:${seconds}.${fraction.padEnd(6, '0')}${zone}`;
  });
}

/** The unscaled number in big-endian two's complement, base64. */
function decimal(base64: string, scale: number): string {
  const bytes = Buffer.from(base64, 'base64');
  const unscaled = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex') || '0'}`));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string, value: Json): MillraceError {
  return new MillraceError('CDC_EVENT_INVALID', `${reason}: ${JSON.stringify(value).slice(0, 200)}`, {
    hint: 'A change event of Debezium has op, source, before and after, bare or under payload.',
  });
}
