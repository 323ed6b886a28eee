import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import {
  ensureWarehouse,
  type LoadPlace,
  listNewFiles,
  loadBatch,
  planBatches,
  releaseQuarantine,
} from '../../../../scheduler/operators/file-load/index.js';
import { changeEvent, type EventSketch, eventObject, eventTime, jsonl } from '../../../support/change-events.js';
import { testLake } from '../../../support/lake.js';

const customer = (lsn: number, sketch: Partial<EventSketch> = {}) =>
  changeEvent({ lsn, after: { id: lsn, first_name: 'Ada', email: `${lsn}@example.org` }, ...sketch });

describe('the loader', () => {
  it('loads every new file once, with its place in the stream and its file', async () => {
    const lake = await testLake();
    const first = eventObject([customer(10), customer(11)]);
    const second = eventObject([customer(20, { table: 'accounts', op: 'u' })], { gzip: false });
    await put(lake, first, second);

    expect(await run(lake)).toMatchObject({
      tables: [
        { table: 'accounts', files: 1, rows: 1 },
        { table: 'customers', files: 1, rows: 2 },
      ],
      quarantined: [],
    });
    expect(await rows(lake, 'select lsn, seq, op, key, payload from raw.customers order by lsn')).toEqual([
      { lsn: 10, seq: 0, op: 'c', key: 10, payload: customer(10) },
      { lsn: 11, seq: 0, op: 'c', key: 11, payload: customer(11) },
    ]);
    expect(
      await rows(lake, 'select bucket, key, rows, skipped_rows, run_id from millrace.load_ledger order by key'),
    ).toEqual([
      { bucket: 'raw', key: second.key, rows: 1, skipped_rows: 0, run_id: 'run' },
      { bucket: 'raw', key: first.key, rows: 2, skipped_rows: 0, run_id: 'run' },
    ]);
    expect(
      await rows(lake, 'select l.key from raw.customers r join millrace.load_ledger l using (file_id) group by 1'),
    ).toEqual([{ key: first.key }]);

    expect((await list(lake)).files).toEqual([]);
    const files = await Promise.all([first, second].map(({ key }) => lake.store.head(key)));
    const again = await loadBatch(
      lake,
      files.filter((file) => file !== null),
      { runId: 'again' },
    );
    expect(again).toMatchObject({ tables: [], alreadyLoaded: 2 });
    expect(await count(lake, 'raw.customers')).toBe(2);
  });

  it('may be prepared any number of times, by several at once', async () => {
    const lake = await testLake();
    await Promise.all([ensureWarehouse(lake.warehouse), ensureWarehouse(lake.warehouse)]);
  });

  it('keeps every character of a payload', async () => {
    const lake = await testLake();
    const text = 'quote " backslash \\ newline \n tab \t \\N \\. , ; é 漢 🙂 \u2028 \u007f';
    await put(lake, eventObject([customer(1, { after: { id: 1, text } })]));
    await run(lake);
    expect(await rows(lake, `select payload->'after'->>'text' as text from raw.customers`)).toEqual([{ text }]);
  });

  it('takes a file whose last line has no newline, and files of several gzip members', async () => {
    const lake = await testLake();
    const lines = [customer(1), customer(2), customer(3)].map((event) => JSON.stringify(event));
    await lake.store.put('customers/date=2026-01-15/a.jsonl', Buffer.from(lines.slice(0, 2).join('\n')));
    await lake.store.put(
      'customers/date=2026-01-15/b.json',
      Buffer.concat([gzipSync(`${lines[2]}\n`), gzipSync(`${JSON.stringify(customer(4))}\n`)]),
    );
    expect((await run(lake)).tables).toMatchObject([{ files: 2, rows: 4 }]);
  });

  it('skips events that another file has brought already', async () => {
    const lake = await testLake();
    await put(lake, eventObject([customer(1), customer(2)]));
    await run(lake);
    const overlapping = [customer(2), customer(3)];
    (overlapping[0] as { ts_ms: number }).ts_ms += 1000;
    await put(lake, eventObject(overlapping));
    expect((await run(lake)).tables).toEqual([{ table: 'customers', files: 1, rows: 1, skippedRows: 1 }]);
    expect(await count(lake, 'raw.customers')).toBe(3);
  });

  it('puts a file aside that has another event at a known position', async () => {
    const lake = await testLake();
    await put(lake, eventObject([customer(1)]));
    await run(lake);
    const other = customer(1, { after: { id: 1, first_name: 'Eve' } });
    await put(lake, eventObject([other, customer(2)]));
    expect((await run(lake)).quarantined).toMatchObject([
      { reason: 'another event stands at its position (lsn 1, seq 0)' },
    ]);
    expect(await count(lake, 'raw.customers')).toBe(1);
  });

  it('reads the values of a wrapped event as its schema says', async () => {
    const lake = await testLake();
    const fields = [
      { field: 'id', type: 'int64' },
      { field: 'first_name', type: 'string' },
      { field: 'date_of_birth', type: 'int32', name: 'io.debezium.time.Date' },
      { field: 'created_at', type: 'int64', name: 'io.debezium.time.MicroTimestamp' },
      { field: 'limit', type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } },
    ];
    const schema = { type: 'struct', fields: [{ field: 'after', type: 'struct', fields }] };
    const after = { id: 1, first_name: 'Zoë', date_of_birth: -1, created_at: 1_704_164_645_123_456, limit: '/w==' };
    await lake.store.put(
      'topics/bank.public.customers/partition=0/bank.public.customers+0+0000000000.json',
      Buffer.from(jsonl([{ schema, payload: customer(10, { after }) }])),
    );
    expect((await run(lake)).quarantined).toEqual([]);
    expect(await rows(lake, `select payload->'after' as after from raw.customers`)).toEqual([
      {
        after: {
          id: 1,
          first_name: 'Zoë',
          date_of_birth: '1969-12-31',
          created_at: '2024-01-02T03:04:05.123456',
          limit: '-0.01',
        },
      },
    ]);
  });

  it('reads what Debezium writes: bare and wrapped envelopes, tombstones, rows that share an LSN', async () => {
    const lake = await testLake();
    const debezium = (lsn: number, id: number, op = 'c', lastCommit: string | null = '90') => {
      const { commit_lsn: _, seq: __, ...source } = changeEvent({ lsn: lsn + 1 }).source;
      const sequence = JSON.stringify([lastCommit, String(lsn)]);
      return { before: null, after: { id }, source: { ...source, lsn, sequence }, op, ts_ms: 1, transaction: null };
    };
    const lines = [
      debezium(50, 1, 'r', null),
      debezium(50, 2, 'r', null),
      debezium(100, 7),
      debezium(100, 8),
      { schema: { type: 'struct' }, payload: debezium(120, 9, 'u', '110') },
      null,
      { schema: null, payload: null },
    ];
    await lake.store.put(
      'topics/bank.public.customers/partition=0/bank.public.customers+0+0000000000.json',
      Buffer.from(`${jsonl(lines)}\n`),
    );
    const report = await run(lake);
    expect(report.quarantined).toEqual([]);
    expect(report.tables).toEqual([{ table: 'customers', files: 1, rows: 5, skippedRows: 0 }]);
    const stored = await rows(lake, `select lsn, key, payload ? 'op' as bare from raw.customers order by lsn, seq`);
    expect(stored).toEqual([
      { lsn: 50, key: 1, bare: true },
      { lsn: 50, key: 2, bare: true },
      { lsn: 90, key: 7, bare: true },
      { lsn: 90, key: 8, bare: true },
      { lsn: 110, key: 9, bare: true },
    ]);
  });

  it('reads change events from Parquet, with images as JSON columns or as text', async () => {
    const lake = await testLake();
    const events = [customer(1), customer(2, { op: 'u', before: { id: 2, first_name: 'Old' } })];
    for (const type of ['JSON', 'STRING'] as const) {
      const data = (name: 'before' | 'after' | 'source') =>
        events.map((event) => (type === 'JSON' ? event[name] : event[name] && JSON.stringify(event[name])));
      const file = parquetWriteBuffer({
        columnData: [
          ...(['before', 'after', 'source'] as const).map((name) => ({ name, data: data(name), type })),
          { name: 'op', data: events.map((event) => event.op), type: 'STRING' },
          { name: 'ts_ms', data: events.map((event) => BigInt(event.ts_ms)), type: 'INT64' },
        ],
      });
      await lake.store.put(`customers/date=2026-01-15/${type}.parquet`, Buffer.from(file));
    }
    await lake.store.put('customers/date=2026-01-15/bad.parquet', Buffer.from('PAR1 rubbish'));
    const report = await run(lake);
    expect(report.tables).toEqual([{ table: 'customers', files: 2, rows: 2, skippedRows: 2 }]);
    expect(report.quarantined).toMatchObject([{ reason: expect.stringContaining('the Parquet file cannot be read') }]);
    const stored = await rows(lake, 'select op, payload from raw.customers order by lsn');
    expect(stored).toMatchObject(
      events.map(({ op, before, after, source }) => ({ op, payload: { before, after, source } })),
    );
  });

  const good = JSON.stringify(customer(1));
  const faults: { name: string; body: Buffer; reason: RegExp; line: number | null; key?: string }[] = [
    {
      name: 'a broken line',
      body: Buffer.from(`${good}\n{"op": \n`),
      reason: /invalid input syntax for type json/,
      line: 2,
    },
    { name: 'a number as an event', body: Buffer.from(`${good}\n5\n`), reason: /no JSON object/, line: 2 },
    {
      name: 'an unknown operation',
      body: Buffer.from(jsonl([customer(1), { op: 'm' }])),
      reason: /"op" is m/,
      line: 2,
    },
    { name: 'no operation', body: Buffer.from('{"a":1}\n'), reason: /"op" is missing/, line: 1 },
    {
      name: 'an event without a position',
      body: Buffer.from(jsonl([{ op: 'c', after: { id: 1 } }])),
      reason: /source\.lsn/,
      line: 1,
    },
    {
      name: 'an event without a key',
      body: Buffer.from(jsonl([customer(1), customer(2, { after: { name: 'x' } })])),
      reason: /no key/,
      line: 2,
    },
    {
      name: 'a key that is no number',
      body: Buffer.from(jsonl([customer(2, { after: { id: 'x' } })])),
      reason: /its key is no whole number: "id" is x/,
      line: 1,
    },
    {
      name: 'bytes that are no UTF-8',
      body: Buffer.concat([Buffer.from(`${good}\n{"a":"`), Buffer.from([0xff]), Buffer.from('"}\n')]),
      reason: /encoding "UTF8"/,
      line: 2,
    },
    { name: 'UTF-16', body: Buffer.from(`${good}\n`, 'utf16le'), reason: /encoding "UTF8": 0x00/, line: 1 },
    {
      name: 'a zero character',
      body: Buffer.from(jsonl([customer(1, { after: { id: 1, text: '\0' } })])),
      reason: /unsupported Unicode escape/,
      line: 1,
    },
    {
      name: 'a raw control character',
      body: Buffer.from(`${good}\n{"a":"\u0001x\u0001"}\n`),
      reason: /control character/,
      line: 2,
    },
    {
      name: 'an early end of data',
      body: Buffer.from(`${good}\n\\.\n${good}\n`),
      reason: /json|of which only/,
      line: expect.anything() as never,
    },
    {
      name: 'a wrapped event whose row is none',
      body: Buffer.from(
        `${good}\n${jsonl([{ schema: { fields: [{ field: 'after' }] }, payload: { ...customer(2), after: [1] } }])}`,
      ),
      reason: /a row is no JSON object/,
      line: 2,
    },
    { name: 'nothing', body: Buffer.alloc(0), reason: /empty/, line: null },
    { name: 'nothing, zipped', body: gzipSync(''), reason: /empty/, line: null },
    {
      name: 'a truncated gzip',
      body: gzipSync(jsonl(many(5000))).subarray(0, 3000),
      reason: /gzip data ends in the middle/,
      line: null,
    },
    { name: 'a damaged gzip', body: damaged(gzipSync(jsonl(many(500)))), reason: /gzip data is damaged/, line: null },
    {
      name: 'rubbish after the gzip',
      body: Buffer.concat([gzipSync(`${good}\n`), Buffer.from('rubbish')]),
      reason: /gzip data/,
      line: null,
    },
    {
      name: 'a table that nobody knows',
      key: 'strangers/date=2026-01-15/bad.jsonl',
      body: Buffer.from(`${good}\n`),
      reason: /no table raw.strangers/,
      line: null,
    },
  ];
  it.each(faults)('puts a file with $name aside, and loads the others', async ({ body, reason, line, key }) => {
    const lake = await testLake();
    const bad = key ?? 'customers/date=2026-01-15/customers-b.jsonl';
    await lake.store.put('customers/date=2026-01-15/customers-a.jsonl', Buffer.from(jsonl([customer(100)])));
    await lake.store.put(bad, body);
    await lake.store.put('customers/date=2026-01-15/customers-c.jsonl', Buffer.from(jsonl([customer(300)])));

    const report = await run(lake);
    expect(report.quarantined).toEqual([
      { key: bad, table: bad.split('/')[0], reason: expect.stringMatching(reason), line },
    ]);
    expect(report.tables).toMatchObject([{ table: 'customers', files: 2, rows: 2 }]);
    expect(await rows(lake, 'select lsn from raw.customers order by lsn')).toEqual([{ lsn: 100 }, { lsn: 300 }]);
    expect(await rows(lake, 'select key, tries from millrace.load_quarantine')).toEqual([{ key: bad, tries: 1 }]);
    expect((await list(lake)).files).toEqual([]);
  });

  it('loads a file from quarantine once it was mended and released', async () => {
    const lake = await testLake();
    const key = 'customers/date=2026-01-15/bad.jsonl';
    await lake.store.put(key, Buffer.from('{'));
    await run(lake);
    await releaseQuarantine(lake.warehouse, key, 'someone');
    expect((await run(lake)).quarantined).toHaveLength(1);
    expect(await rows(lake, 'select tries, released_at from millrace.load_quarantine')).toEqual([
      { tries: 2, released_at: null },
    ]);

    await releaseQuarantine(lake.warehouse, key, 'someone');
    await releaseQuarantine(lake.warehouse, key, 'someone');
    await lake.store.put(key, Buffer.from(jsonl([customer(1)])));
    expect(await run(lake)).toMatchObject({ tables: [{ rows: 1 }], quarantined: [] });
    expect(await rows(lake, 'select resolved_at is not null as resolved from millrace.load_quarantine')).toEqual([
      { resolved: true },
    ]);
    await expect(releaseQuarantine(lake.warehouse, key, 'someone')).rejects.toMatchObject({
      code: 'QUARANTINE_NOT_FOUND',
    });
    expect((await list(lake)).files).toEqual([]);
  });

  it('loads an object as it is when it was replaced after it was listed', async () => {
    const lake = await testLake();
    const key = 'customers/date=2026-01-15/a.jsonl';
    await lake.store.put(key, Buffer.from(jsonl([customer(1)])));
    const { files } = await list(lake);
    await lake.store.put(key, Buffer.from(jsonl([customer(1), customer(2)])));
    expect((await loadBatch(lake, files, { runId: 'run' })).tables).toMatchObject([{ rows: 2 }]);
    expect((await list(lake)).files).toEqual([]);
  });

  it('says that an object is gone', async () => {
    const lake = await testLake();
    const object = eventObject([customer(1)]);
    await put(lake, object);
    const { files } = await list(lake);
    await lake.store.delete(object.key);
    expect((await loadBatch(lake, files, { runId: 'run' })).quarantined).toMatchObject([
      { reason: 'the object is gone' },
    ]);
  });

  it('throws what is no fault of the file, and loads the file later', async () => {
    const lake = await testLake();
    await put(lake, eventObject([customer(1)]));
    const { files } = await list(lake);
    const broken: LoadPlace = {
      ...lake,
      store: { ...lake.store, get: () => Promise.reject(new Error('the network is down')) },
    };
    await expect(loadBatch(broken, files, { runId: 'run' })).rejects.toThrow('the network is down');
    expect(await count(lake, 'millrace.load_quarantine')).toBe(0);
    expect((await list(lake)).files).toEqual(files);
    expect((await run(lake)).tables).toMatchObject([{ rows: 1 }]);
  });

  it('loads a file once when several load it at the same time', async () => {
    const lake = await testLake();
    await put(lake, ...Array.from({ length: 30 }, (_, index) => eventObject([customer(index + 1)])));
    const { files } = await list(lake);
    const reports = await Promise.all(['a', 'b', 'c'].map((runId) => loadBatch(lake, files, { runId })));
    const loaded = reports.flatMap((report) => report.tables).reduce((sum, table) => sum + table.files, 0);
    expect(loaded).toBe(30);
    expect(await count(lake, 'raw.customers')).toBe(30);
    expect(await count(lake, 'millrace.load_ledger')).toBe(30);
  });

  it('shows the planner a table that has grown much, at once', async () => {
    const lake = await testLake();
    const known = async () =>
      (await rows(lake, `select reltuples::int as rows from pg_class where oid = 'raw.customers'::regclass`))[0]?.[
        'rows'
      ];
    const large = (lsn: number) => customer(lsn, { after: { id: lsn, text: 'x'.repeat(1_000) } });
    await put(lake, eventObject(Array.from({ length: 7_000 }, (_, index) => large(index + 1))));
    await run(lake);
    expect(await known()).toBe(7_000);
    await put(lake, eventObject([large(8_000)]));
    await run(lake);
    expect(await known()).toBe(7_000);
  });

  it('numbers loads in the order of their commits', async () => {
    const lake = await testLake();
    await put(lake, ...Array.from({ length: 12 }, (_, index) => eventObject([customer(index + 1)])));
    const { files } = await list(lake);
    await Promise.all(
      files.map(async (file) => {
        await loadBatch(lake, [file], { runId: 'run' });
        const [seen] = await rows(lake, 'select max(load_seq) as last, count(*) as loaded from millrace.load_ledger');
        // Whoever has seen number n has seen every number up to n.
        expect(seen?.['loaded']).toBe(seen?.['last']);
      }),
    );
    expect(await rows(lake, 'select max(load_seq) as last from millrace.load_ledger')).toEqual([{ last: 12 }]);
  });
});

function many(howMany: number) {
  return Array.from({ length: howMany }, (_, index) =>
    customer(index + 1, { after: { id: index, text: `${index * 7919}` } }),
  );
}

function damaged(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  copy[Math.floor(copy.length / 2)] = (copy[Math.floor(copy.length / 2)] as number) ^ 0xff;
  copy[Math.floor(copy.length / 2) + 1] = (copy[Math.floor(copy.length / 2) + 1] as number) ^ 0xff;
  return copy;
}

async function put(lake: LoadPlace, ...objects: { key: string; body: Buffer }[]): Promise<void> {
  for (const { key, body } of objects) await lake.store.put(key, body);
}

function list(lake: LoadPlace) {
  return listNewFiles(lake, { now: eventTime });
}

async function run(lake: LoadPlace) {
  const { files } = await list(lake);
  const reports = [];
  for (const batch of planBatches(files)) reports.push(await loadBatch(lake, batch.files, { runId: 'run' }));
  return {
    tables: reports.flatMap((report) => report.tables),
    quarantined: reports.flatMap((report) => report.quarantined),
  };
}

async function rows(lake: LoadPlace, sql: string, parameters?: unknown[]) {
  return (await lake.warehouse.query<Record<string, unknown>>(sql, parameters)).rows;
}

async function count(lake: LoadPlace, relation: string): Promise<unknown> {
  return (await rows(lake, `select count(*) as n from ${relation}`))[0]?.['n'];
}
