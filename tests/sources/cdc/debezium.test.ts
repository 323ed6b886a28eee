import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../kernel/json.js';
import { readDebeziumValue } from '../../../sources/cdc/debezium.js';
import type { ChangeEvent } from '../../../sources/cdc/envelope.js';
import { kafkaRecords, sinkObjectKey } from '../../../sources/cdc/kafka-records.js';

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
    const event = readDebeziumValue({ schema, payload: { op: 'u', before: { v: null }, after: { v: value }, source } });
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
    expect(readDebeziumValue(payload)).toEqual({ op: 'c', before: null, after: payload.after, source });
    expect(readDebeziumValue({ schema: null, payload })).toEqual(readDebeziumValue(payload));
    expect(readDebeziumValue(null)).toBeNull();
    expect(readDebeziumValue({ schema: null, payload: null })).toBeNull();
  });

  it.each([
    [{ before: null }, /no op/],
    [{ op: 'x', source }, /no op/],
    [{ op: 'c', after: {} }, /no source/],
    [{ op: 'c', after: [1], source }, /a row is not an object/],
    ['text', /no op/],
  ] as [Json, RegExp][])('is refused when it is %j', (value, message) => {
    expect(() => readDebeziumValue(value)).toThrow(message);
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
          const text = readDebeziumValue({
            schema: { fields: [{ field: 'after', fields }] },
            payload: { op: 'c', source, after: { v: { scale, value: Buffer.from(hex, 'hex').toString('base64') } } },
          })?.after?.['v'];
          expect(BigInt(String(text).replace('.', ''))).toBe(unscaled);
          expect(String(text).split('.')[1]?.length ?? 0).toBe(scale);
        },
      ),
    );
  });
});

describe('records for Kafka', () => {
  const format = { keyColumns: (_: string, table: string) => (table === 'keyless' ? [] : ['id']), tombstones: true };

  it('have the topic of the table, its key, and a tombstone behind a delete', () => {
    const events = [
      event('c', 1, { after: { id: 1, n: 'x' } }),
      event('d', 2, { before: { id: 1, n: 'x' } }),
      event('t', 3, {}),
    ];
    const records = kafkaRecords(events, format);
    expect(records.map(({ topic, key, value }) => [topic, key, value === null ? null : JSON.parse(value).op])).toEqual([
      ['banking_server.public.pets', '{"id":1}', 'c'],
      ['banking_server.public.pets', '{"id":1}', 'd'],
      ['banking_server.public.pets', '{"id":1}', null],
      ['banking_server.public.pets', null, 't'],
    ]);
    expect(kafkaRecords(events, { ...format, tombstones: false })).toHaveLength(3);
    expect(kafkaRecords([event('d', 1, { before: { id: 1 }, table: 'keyless' })], format)).toHaveLength(1);
  });

  it('name the other key when a key has changed', () => {
    const records = kafkaRecords(
      [
        event('d', 5, { before: { id: 1 }, lsn: 9 }),
        event('c', 6, { after: { id: 2 }, lsn: 9 }),
        event('d', 7, { before: { id: 3 }, lsn: 10 }),
        event('c', 8, { after: { id: 3 }, lsn: 11 }),
      ],
      format,
    );
    expect(records.map(({ headers }) => headers)).toEqual([
      { '__debezium.newkey': '{"id":2}' },
      {},
      { '__debezium.oldkey': '{"id":1}' },
      {},
      {},
      {},
    ]);
  });

  it('land in the objects of Kafka Connect', () => {
    expect(sinkObjectKey('banking_server.public.pets', 0, 1234)).toBe(
      'topics/banking_server.public.pets/partition=0/banking_server.public.pets+0+0000001234.json',
    );
  });
});

function event(
  op: ChangeEvent['op'],
  seq: number,
  {
    before = null,
    after = null,
    table = 'pets',
    lsn = seq,
  }: { before?: ChangeEvent['before']; after?: ChangeEvent['after']; table?: string; lsn?: number },
): ChangeEvent {
  const place = { sequence: '[null,"1"]', txId: 1, lsn, xmin: null, commit_lsn: 100, seq };
  const origin = {
    version: 'test',
    connector: 'postgresql',
    name: 'banking_server',
    ts_ms: 0,
    snapshot: 'false',
  } as const;
  return {
    before,
    after,
    op,
    ts_ms: 0,
    transaction: null,
    source: { ...origin, db: 'bank', schema: 'public', table, ...place },
  };
}
