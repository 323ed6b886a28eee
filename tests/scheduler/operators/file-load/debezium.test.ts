import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../kernel/json.js';
import { readDebeziumEvent } from '../../../../scheduler/operators/file-load/debezium.js';

const source = { connector: 'postgresql', table: 'accounts', lsn: 7 };

/** Debezium's type, its form in JSON, and ours. */
const forms: [name: string, value: Json, text: Json, parameters?: { scale: string }][] = [
  ['io.debezium.time.Date', 19782, '2024-02-29'],
  ['io.debezium.time.Date', -1, '1969-12-31'],
  ['io.debezium.time.IsoDate', '2017-09-15Z', '2017-09-15'],
  ['io.debezium.time.Timestamp', 1704164645100, '2024-01-02T03:04:05.100000'],
  ['io.debezium.time.MicroTimestamp', 1704164645123456, '2024-01-02T03:04:05.123456'],
  ['io.debezium.time.MicroTimestamp', -1, '1969-12-31T23:59:59.999999'],
  ['io.debezium.time.ZonedTimestamp', '2024-01-02T03:04:05Z', '2024-01-02T03:04:05.000000Z'],
  ['io.debezium.time.ZonedTimestamp', '2024-01-02T03:04:05.582371Z', '2024-01-02T03:04:05.582371Z'],
  ['io.debezium.time.MicroTime', 86399500000, '23:59:59.500000'],
  ['org.apache.kafka.connect.data.Decimal', 'AiLg', '1400.00', { scale: '2' }],
  ['org.apache.kafka.connect.data.Decimal', '/w==', '-0.01', { scale: '2' }],
  ['org.apache.kafka.connect.data.Decimal', 'AA==', '0', { scale: '0' }],
  ['io.debezium.data.VariableScaleDecimal', { scale: 3, value: 'BNI=' }, '1.234'],
  ['io.debezium.data.Json', '{"a":1}', '{"a":1}'],
];

describe('an event of Debezium', () => {
  it.each(forms)('has %s %j read as %j', (name, value, text, parameters) => {
    const row = { type: 'struct', fields: [{ field: 'v', type: 'x', name, ...(parameters && { parameters }) }] };
    const schema = {
      type: 'struct',
      fields: [
        { ...row, field: 'before' },
        { ...row, field: 'after' },
      ],
    };
    const event = readDebeziumEvent({ schema, payload: { op: 'u', before: { v: null }, after: { v: value }, source } });
    expect(event).toEqual({ op: 'u', before: { v: null }, after: { v: text }, source });
  });

  it('is read without a schema as it came, and a tombstone is nothing', () => {
    const payload = {
      before: null,
      after: { id: 1, balance: '1400.00' },
      source,
      op: 'c',
      ts_ms: 1,
      transaction: null,
    };
    expect(readDebeziumEvent({ schema: null, payload })).toEqual(payload);
    expect(readDebeziumEvent({ schema: null, payload: null })).toBeNull();
  });

  it.each([
    [{ v: 2 ** 53 }, /the number 9007199254740992 is larger than JSON holds exactly/],
    [[1], /a row is no JSON object/],
  ] as [Json, RegExp][])('is refused with the row %j', (after, message) => {
    const schema = { fields: [{ field: 'after', fields: [] }] };
    expect(() => readDebeziumEvent({ schema, payload: { op: 'c', source, after } })).toThrow(message);
  });

  it('keeps every decimal exactly', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.integer({ min: 0, max: 20 }),
        (unscaled, scale) => {
          const size = 16;
          const hex = BigInt.asUintN(size * 8, unscaled)
            .toString(16)
            .padStart(size * 2, '0');
          const fields = [{ field: 'v', name: 'io.debezium.data.VariableScaleDecimal' }];
          const event = readDebeziumEvent({
            schema: { fields: [{ field: 'after', fields }] },
            payload: { op: 'c', source, after: { v: { scale, value: Buffer.from(hex, 'hex').toString('base64') } } },
          });
          const { v: text } = (event as { after: { v: Json } }).after;
          expect(BigInt(String(text).replace('.', ''))).toBe(unscaled);
          expect(String(text).split('.')[1]?.length ?? 0).toBe(scale);
        },
      ),
    );
  });
});
