import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../connectors/object-store.js';
import { ManualClock } from '../../../kernel/time.js';
import { EventEncoder, transactionText } from '../../../sources/cdc/event-encoder.js';
import { ObjectSink, type Rotation } from '../../../sources/cdc/object-sink.js';

const origin = { version: 'test', name: 'bank', database: 'db' };
const never: Rotation = { rows: 1e9, bytes: 1e12, ageMs: 1e9 };

describe('the objects of change events', () => {
  it('are closed after so many rows', async () => {
    const { write, flush, objects } = sink({ ...never, rows: 3 });
    for (let lsn = 1; lsn <= 7; lsn++) write('pets', lsn);
    await flush();
    expect([...objects.values()].map((lines) => lines.length)).toEqual([3, 3, 1]);
    expect([...objects.keys()][0]).toBe(
      'pets/date=2026-01-01/pets-0000000000000001.0000000000-0000000000000003.0000000000.jsonl.gz',
    );
  });

  it('are closed after so many bytes of lines', async () => {
    const { write, flush, objects } = sink({ ...never, bytes: 1000 });
    for (let lsn = 1; lsn <= 8; lsn++) write('pets', lsn, { note: 'x'.repeat(200) });
    await flush();
    const sizes = [...objects.values()].map(
      (lines) => lines.map((line) => `${JSON.stringify(line)}\n`).join('').length,
    );
    expect(sizes.length).toBeGreaterThan(2);
    for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(1000);
  });

  it('are closed together when the oldest event is of age', async () => {
    const { write, clock, stored, objects } = sink({ ...never, ageMs: 5000 });
    write('pets', 1);
    clock.advanceBy(4000);
    write('toys', 2);
    write('pets', 3);
    clock.advanceBy(999);
    expect(objects.size).toBe(0);
    clock.advanceBy(1);
    await stored(2);
    expect([...objects.values()].map((lines) => lines.map(({ source }) => source.commit_lsn))).toEqual([[1, 3], [2]]);
    write('pets', 4);
    clock.advanceBy(5000);
    await stored(3);
  });

  it('never span two dates, also when commit times step back over midnight', async () => {
    const { write, flush, objects } = sink(never);
    const [before, after] = [Date.parse('2026-01-01T23:59:59.999Z'), Date.parse('2026-01-02T00:00:00Z')];
    for (const [lsn, at] of [before, after, before, after, after].entries()) write('pets', lsn + 1, {}, at);
    await flush();
    expect([...objects].map(([key, lines]) => [key.split('/')[1], lines.length])).toEqual([
      ['date=2026-01-01', 1],
      ['date=2026-01-02', 1],
      ['date=2026-01-01', 1],
      ['date=2026-01-02', 2],
    ]);
  });

  it('tell the oldest transaction that is not durable until it is', async () => {
    const gate = openGate();
    const { write, flush, sink: objectSink, clock } = sink(never, { beforePut: () => gate.promise });
    expect(objectSink.firstPending).toBeNull();
    write('toys', 5);
    clock.advanceBy(10);
    write('pets', 7);
    expect(objectSink.firstPending).toEqual({ lsn: 5, since: 0 });
    const flushed = flush();
    write('pets', 9);
    expect(objectSink.firstPending).toEqual({ lsn: 5, since: 0 });
    gate.resolve();
    await flushed;
    expect(objectSink.firstPending).toEqual({ lsn: 9, since: 10 });
  });

  it.each([true, false])('hold the reader back while the store is behind (gzip %s)', async (gzip) => {
    const gate = openGate();
    let rooms = 0;
    const {
      write,
      flush,
      sink: objectSink,
    } = sink(never, { beforePut: () => gate.promise, gzip, onRoom: () => rooms++ });
    const note = 'x'.repeat(1_000_000);
    for (let lsn = 1; !objectSink.isFull; lsn++) write('pets', lsn, { note });
    const flushed = flush();
    gate.resolve();
    await flushed;
    expect(objectSink.isFull).toBe(false);
    expect(rooms).toBeGreaterThan(0);
  });

  it('are tried again until the store takes them, and given up when capture ends', async () => {
    let failures = 3;
    const troubles: unknown[] = [];
    const beforePut = async () => {
      if (failures-- > 0) throw new Error('busy');
    };
    const { write, flush, clock, objects } = sink(never, { beforePut, onTrouble: (error) => troubles.push(error) });
    write('pets', 1);
    const flushed = flush();
    while (objects.size === 0) {
      await new Promise(setImmediate);
      clock.advanceBy(10_000);
    }
    await flushed;
    expect(troubles).toHaveLength(3);
    failures = Number.POSITIVE_INFINITY;
    write('pets', 2);
    const givenUp = flush(1000);
    while (troubles.length < 4) await new Promise(setImmediate);
    clock.advanceBy(1000);
    await expect(givenUp).rejects.toMatchObject({ code: 'CDC_STORE_UNAVAILABLE' });
  });
});

interface SinkOptions {
  beforePut?: () => Promise<void>;
  gzip?: boolean;
  onRoom?: () => void;
  onTrouble?: (error: unknown) => void;
}

function sink(rotation: Rotation, { beforePut, gzip = true, onRoom, onTrouble }: SinkOptions = {}) {
  const clock = new ManualClock(0);
  const objects = new Map<string, { source: { commit_lsn: number } }[]>();
  const store = {
    async put(key: string, body: Buffer) {
      await beforePut?.();
      const text = (gzip ? gunzipSync(body) : body).toString('utf8');
      objects.set(
        key,
        text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
      return true;
    },
  } as unknown as ObjectStore;
  const positions = new Map(['pets', 'toys'].map((table) => [table, { lsn: 0, seq: -1 }]));
  const it = new ObjectSink({
    store,
    rotation,
    gzip,
    clock,
    positions,
    onDurable: () => {},
    onTrouble: onTrouble ?? (() => {}),
    onRoom: onRoom ?? (() => {}),
  });
  const write = (
    table: string,
    lsn: number,
    row: Record<string, string> = {},
    committedAt = Date.parse('2026-01-01'),
  ) => {
    const columns = Object.keys(row).map((name) => ({ name, typeOid: 25, isIdentity: true }));
    const encoder = new EventEncoder({ oid: 1, schema: 'public', table, columns }, new Map(), []);
    it.write(it.table(table) as NonNullable<ReturnType<typeof it.table>>, {
      encoder,
      text: transactionText(origin, { commitLsn: lsn, committedAt, xid: 1 }, null, 0),
      op: 'c',
      lsn,
      seq: 0,
      snapshot: 'false',
      commitLsn: lsn,
      committedAt,
      date: new Date(committedAt).toISOString().slice(0, 10),
      message: tupleMessage(Object.values(row)),
      beforeAt: 0,
      beforeIsKey: false,
      afterAt: 1,
      oldAt: 0,
    });
  };
  const stored = async (count: number) => {
    while (objects.size < count) await new Promise(setImmediate);
  };
  return { sink: it, write, clock, objects, stored, flush: (timeoutMs: number | null = null) => it.flush(timeoutMs) };
}

function openGate() {
  let resolve = () => {};
  const promise = new Promise<void>((open) => {
    resolve = open;
  });
  return { promise, resolve: () => resolve() };
}

function tupleMessage(values: string[]): Buffer {
  const head = Buffer.from([0x4e, 0, values.length]);
  const parts = values.map((value) => {
    const length = Buffer.alloc(5);
    length[0] = 0x74;
    length.writeUInt32BE(Buffer.byteLength(value), 1);
    return Buffer.concat([length, Buffer.from(value)]);
  });
  return Buffer.concat([head, ...parts]);
}
