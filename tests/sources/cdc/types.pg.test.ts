import { describe, expect, it } from 'vitest';
import { capture, captureBench, caughtUp, eventsOf, eventually } from './captured.js';

/** Type, SQL literal, and what an event says. */
const values: [type: string, literal: string, json: unknown][] = [
  ['smallint', '-32768', -32768],
  ['integer', '2147483647', 2147483647],
  ['bigint', '9007199254740991', 9007199254740991],
  ['bigint', '9007199254740993', '9007199254740993'],
  ['bigint', '-9223372036854775808', '-9223372036854775808'],
  ['numeric(18,2)', '12345678901234.50', '12345678901234.50'],
  ['numeric', '1e-20', '0.00000000000000000001'],
  ['numeric', "'NaN'", 'NaN'],
  ['numeric', "'-Infinity'", '-Infinity'],
  ['real', '1.5', 1.5],
  ['double precision', '1e300', 1e300],
  ['double precision', "'NaN'", 'NaN'],
  ['double precision', "'-Infinity'", '-Infinity'],
  ['double precision', '0.1', 0.1],
  ['boolean', 'true', true],
  ['boolean', 'false', false],
  [
    'text',
    `E'quote " backslash \\\\ tab \\t feed \\n bell \\x07 é 漢 🐘'`,
    'quote " backslash \\ tab \t feed \n bell \x07 é 漢 🐘',
  ],
  ['text', "''", ''],
  ['text', "'\\N'", '\\N'],
  ['char(5)', "'ab'", 'ab   '],
  ['date', "'2024-02-29'", '2024-02-29'],
  ['date', "'infinity'", 'infinity'],
  ['time', "'23:59:59.5'", '23:59:59.5'],
  ['timestamptz', "'2024-01-02 03:04:05+00'", '2024-01-02T03:04:05.000000Z'],
  ['timestamptz', "'2024-01-02 03:04:05.123456+05:30'", '2024-01-01T21:34:05.123456Z'],
  ['timestamptz', "'2024-01-02 03:04:05.1+00'", '2024-01-02T03:04:05.100000Z'],
  ['timestamptz', "'infinity'", 'infinity'],
  ['timestamptz', "'-infinity'", '-infinity'],
  ['timestamptz', "'12024-01-02 03:04:05+00'", '12024-01-02T03:04:05.000000Z'],
  ['timestamptz', "'0044-03-15 12:00:00.5+00 BC'", '0044-03-15T12:00:00.500000Z BC'],
  ['timestamp', "'2024-01-02 03:04:05'", '2024-01-02T03:04:05.000000'],
  ['timestamp', "'2024-01-02 03:04:05.25'", '2024-01-02T03:04:05.250000'],
  ['timestamp', "'0001-01-01 00:00:00 BC'", '0001-01-01T00:00:00.000000 BC'],
  ['interval', "'1 year 2 days 03:04:05.5'", 'P1Y2DT3H4M5.5S'],
  ['uuid', "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['json', `'{"a": [1, "x"]}'`, '{"a": [1, "x"]}'],
  ['jsonb', `'{"b":null}'`, '{"b": null}'],
  ['bytea', "'\\x00ff10'", 'AP8Q'],
  ['bytea', "''", ''],
  ['inet', "'10.0.0.1/8'", '10.0.0.1/8'],
  ['integer[]', "'{1,NULL,3}'", [1, null, 3]],
  ['integer[]', "'{}'", []],
  ['integer[]', "'[0:1]={7,8}'", [7, 8]],
  [
    'text[]',
    `array['a', 'b,c', 'd"e', '{f}', 'NULL', null, '', E'g\\\\h']`,
    ['a', 'b,c', 'd"e', '{f}', 'NULL', null, '', 'g\\h'],
  ],
  [
    'text[]',
    "'{{a,b},{c,d}}'",
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['numeric[]', "'{1.50,2}'", ['1.50', '2']],
  ['timestamptz[]', `array['2024-01-02 03:04:05+00'::timestamptz]`, ['2024-01-02T03:04:05.000000Z']],
  ['mood', "'so so'", 'so so'],
  ['mood[]', `array['happy', 'so so']::mood[]`, ['happy', 'so so']],
  ['cents', '12', 12],
  ['moment', "'2024-01-02 03:04:05+00'", '2024-01-02T03:04:05.000000Z'],
  ['int4range', "'[1,5)'", '[1,5)'],
];

describe('the values of change events', () => {
  it('are the same from the snapshot and from the stream, exact, and castable back', { timeout: 60_000 }, async () => {
    const bench = await captureBench(['samples']);
    await bench.client.query("create type mood as enum ('happy', 'so so')");
    await bench.client.query('create domain cents as integer; create domain moment as timestamptz');
    await bench.client.query("set timezone = 'Asia/Kathmandu'; set datestyle = 'SQL, DMY'");
    const columns = values.map(([type], i) => `v${i} ${type}`).join(', ');
    await bench.client.query(`create table samples (id int primary key, ${columns}, gone int, n text)`);
    await bench.client.query('alter table samples replica identity full; alter table samples drop column gone');
    const insert = (id: number) =>
      bench.client.query(
        `insert into samples values (${id}, ${values.map(([, literal]) => literal).join(', ')}, null)`,
      );
    await insert(1);
    capture(bench.options);
    await eventually(async () => bench.statuses.some(({ state }) => state === 'streaming'));
    await insert(2);
    await bench.client.query("update samples set n = 'x' where id = 1");
    await caughtUp(bench);
    const [read, created, updated] = await eventsOf(bench.store, 'samples');
    const expected = Object.fromEntries(values.map(([, , json], i) => [`v${i}`, json]));
    expect(read?.after).toEqual({ id: 1, ...expected, n: null });
    expect(created?.after).toEqual({ id: 2, ...expected, n: null });
    expect(updated?.before).toEqual(read?.after);
    expect(updated?.after).toEqual({ ...read?.after, n: 'x' });
    for (const [i, [type, literal, json]] of values.entries()) {
      if (type === 'bytea' || Array.isArray(json)) continue;
      const { rows } = await bench.client.query(
        `select $1::text::${type}::text = (${literal})::${type}::text as same`,
        [String(json)],
      );
      expect(rows[0].same, `${type} ${literal} (v${i})`).toBe(true);
    }
  });
});
