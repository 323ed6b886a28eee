import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { parquetRows } from '../../connectors/parquet.js';

it('reads rows without losing a digit', async () => {
  const schema: SchemaElement[] = [
    { name: 'root', num_children: 7 },
    { name: 'id', type: 'INT64', repetition_type: 'OPTIONAL' },
    { name: 'amount', type: 'INT64', converted_type: 'DECIMAL', scale: 2, precision: 18, repetition_type: 'OPTIONAL' },
    { name: 'small', type: 'INT32', converted_type: 'DECIMAL', scale: 4, precision: 9, repetition_type: 'OPTIONAL' },
    { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    { name: 'at', type: 'INT64', converted_type: 'TIMESTAMP_MICROS', repetition_type: 'OPTIONAL' },
    { name: 'day', type: 'INT32', converted_type: 'DATE', repetition_type: 'OPTIONAL' },
    { name: 'ratio', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  ];
  const micros = BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1000n + 678_901n;
  const file = parquetWriteBuffer({
    schema,
    rowGroupSize: 1,
    columnData: [
      { name: 'id', data: [9007199254740993n, 1n] },
      { name: 'amount', data: [123_456_789_012_345_678n, -5n] },
      { name: 'small', data: [15, null] },
      { name: 'name', data: ['Zoë', null] },
      { name: 'at', data: [micros, -1n] },
      { name: 'day', data: [20_455, null] },
      { name: 'ratio', data: [0.1, Number.NaN] },
    ],
  });
  const groups = [];
  for await (const rows of parquetRows(Buffer.from(file))) groups.push(rows);
  expect(groups).toEqual([
    [
      {
        id: '9007199254740993',
        amount: '1234567890123456.78',
        small: '15.0000',
        name: 'Zoë',
        at: '2026-01-02T03:04:05.678901Z',
        day: '2026-01-02',
        ratio: 0.1,
      },
    ],
    [{ id: 1, amount: '-0.05', small: null, name: null, at: '1969-12-31T23:59:59.999999Z', day: null, ratio: 'NaN' }],
  ]);
});

it('says what is wrong with a file', async () => {
  const rows = parquetRows(Buffer.from('PAR1 and nothing else'));
  await expect(rows.next()).rejects.toThrow(/parquet/i);
});
