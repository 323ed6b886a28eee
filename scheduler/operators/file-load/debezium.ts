import type { Json, JsonObject } from '../../../kernel/json.js';
import { ContentError } from './content-error.js';

/**
 * A change event as Kafka Connect's JSON converter wraps it, `{schema, payload}`, unwrapped: as it came where there is no
 * schema (use `decimal.handling.mode=string` then, for nothing tells what its values are), else with the values of its
 * rows in forms that a database casts back, instead of Debezium's (days since 1970, base64 decimals, …). A tombstone
 * gives null. Throws ContentError for rows that are none, and for numbers that JSON cannot hold.
 */
export function readDebeziumEvent({ schema = null, payload = null }: JsonObject): JsonObject | null {
  if (payload === null) return null;
  if (!isObject(payload)) throw new ContentError('its payload is no JSON object');
  if (!isObject(schema)) return payload;
  const event = { ...payload };
  for (const image of ['before', 'after']) event[image] = readRow(payload[image] ?? null, fieldOf(schema, image));
  return event;
}

function readRow(row: Json, schema: JsonObject | null): Json {
  if (row === null || !schema) return row;
  if (!isObject(row)) throw new ContentError('a row is no JSON object');
  return Object.fromEntries(
    Object.entries(row).map(([name, field]) => [name, readField(field, fieldOf(schema, name))]),
  );
}

function readField(value: Json, schema: JsonObject | null): Json {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new ContentError(`the number ${value} is larger than JSON holds exactly`);
  }
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
