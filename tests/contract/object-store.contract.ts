import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../connectors/object-store.js';

/** What every object store must do. `open` gives an empty bucket; `keys` are those whose order is looked at. */
export function objectStoreContract(open: () => Promise<ObjectStore>, keys: string[] = keysInAnyForm): void {
  it('gives back what was put, whole', async () => {
    const store = await open();
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    expect(await store.put('customers/date=2026-01-01/a.bin', body)).toBe(true);
    expect((await buffer(await store.get('customers/date=2026-01-01/a.bin'))).equals(body)).toBe(true);
    expect(await store.put('empty', Buffer.alloc(0))).toBe(true);
    expect((await buffer(await store.get('empty'))).length).toBe(0);
  });

  it('tells size, etag and time of an object, the same in head and in list', async () => {
    const store = await open();
    const before = Date.now();
    await store.put('a/b', Buffer.from('hello'));
    const head = await store.head('a/b');
    const [listed] = await all(store.list('a/'));
    expect(head).toMatchObject({ key: 'a/b', size: 5 });
    expect(listed).toMatchObject({ key: 'a/b', size: 5, etag: head?.etag });
    expect(head?.etag).not.toBe('');
    expect(Math.abs((listed?.lastModified ?? 0) - before)).toBeLessThan(60_000);
  });

  it('says that there is no such object', async () => {
    const store = await open();
    await store.put('a/b', Buffer.from('x'));
    expect(await store.head('a/c')).toBeNull();
    expect(await store.head('a')).toBeNull();
    await expect(store.get('a/c')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
    await store.delete('a/c');
  });

  it('lists in the byte order of the keys, under the prefix only, after `startAfter` only', async () => {
    const store = await open();
    for (const key of keys) await store.put(key, Buffer.from(key));
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await names(store.list(''))).toEqual(sorted);
    for (const prefix of ['', 'a', 'b', 'b/', 'b/é', 'c/date=2026', 'nothing', 'c/date=2026-01-01/x', 'c/dat']) {
      for (const startAfter of ['', 'A', 'a!', 'b', 'b/', 'b/a', 'b/zzz', 'c/date=2026-01-01/x', 'zzz']) {
        const expected = sorted.filter(
          (key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0,
        );
        expect(await names(store.list(prefix, { startAfter })), `${prefix} after ${startAfter}`).toEqual(expected);
      }
    }
  });

  it('lists more than one page of 1,000', async () => {
    const store = await open();
    const keys = Array.from({ length: 1203 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(keys.slice(start, start + 50).map((key) => store.put(key, Buffer.from('x'))));
    }
    expect(await names(store.list('many/'))).toEqual(keys);
    expect(await names(store.list('many/', { startAfter: 'many/00100' }))).toEqual(keys.slice(101));
  }, 60_000);

  it('lists folders, one level only, and none that has become empty', async () => {
    const store = await open();
    for (const key of ['t/date=2026-01-02/a', 't/date=2026-01-01/a', 't/date=2026-01-01/b/c', 't/x', 'u/a'])
      await store.put(key, Buffer.from('x'));
    expect(await store.listFolders('')).toEqual(['t/', 'u/']);
    expect(await store.listFolders('t/')).toEqual(['date=2026-01-01/', 'date=2026-01-02/']);
    expect(await store.listFolders('t/date=2026-01-01/')).toEqual(['b/']);
    expect(await store.listFolders('t/date=2026-01-0')).toEqual(['date=2026-01-01/', 'date=2026-01-02/']);
    expect(await store.listFolders('nothing/')).toEqual([]);
    await store.delete('t/date=2026-01-02/a');
    expect(await store.listFolders('t/')).toEqual(['date=2026-01-01/']);
    expect(await names(store.list('t/'))).toEqual(['t/date=2026-01-01/a', 't/date=2026-01-01/b/c', 't/x']);
  });

  it('replaces an object on a plain put, never with ifAbsent', async () => {
    const store = await open();
    expect(await store.put('k/a', Buffer.from('one'), { ifAbsent: true })).toBe(true);
    expect(await store.put('k/a', Buffer.from('two'), { ifAbsent: true })).toBe(false);
    expect(String(await buffer(await store.get('k/a')))).toBe('one');
    const first = await store.head('k/a');
    expect(await store.put('k/a', Buffer.from('three'))).toBe(true);
    expect(String(await buffer(await store.get('k/a')))).toBe('three');
    expect((await store.head('k/a'))?.etag).not.toBe(first?.etag);
  });

  it('refuses an object that is not the one that was listed', async () => {
    const store = await open();
    await store.put('k/a', Buffer.from('one'));
    const etag = (await store.head('k/a'))?.etag as string;
    expect(String(await buffer(await store.get('k/a', { etag })))).toBe('one');
    await store.put('k/a', Buffer.from('two'));
    await expect(store.get('k/a', { etag })).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
  });

  it('refuses keys that lead elsewhere or that some store cannot hold', async () => {
    const store = await open();
    const keys = ['', '/', '/a', 'a/', 'a//b', '..', '../a', 'a/../../b', 'a/./b', 'a\0b', 'a\nb', 'a\\b', '\ud800'];
    keys.push('x'.repeat(256), `${'x/'.repeat(600)}x`);
    for (const key of keys) {
      await expect(store.put(key, Buffer.from('x')), JSON.stringify(key)).rejects.toMatchObject({
        code: 'OBJECT_KEY_INVALID',
      });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
      await expect(store.head(key)).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
      await expect(store.delete(key)).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
    }
    expect(await names(store.list(''))).toEqual([]);
  });

  it('stops listing and reading when told to', async () => {
    const store = await open();
    await store.put('k/a', Buffer.alloc(1000));
    const abort = new AbortController();
    abort.abort(new Error('enough'));
    await expect(names(store.list('', { signal: abort.signal }))).rejects.toThrow('enough');
    await expect(store.get('k/a', { signal: abort.signal })).rejects.toThrow('enough');
  });

  it('lets one of several writers of a key win', async () => {
    const store = await open();
    const bodies = Array.from({ length: 8 }, (_, index) => Buffer.from(`body ${index}`));
    await Promise.all(bodies.map((body, index) => store.put(`race/${index % 2}`, body)));
    const found = String(await buffer(await store.get('race/0')));
    expect(bodies.map(String)).toContain(found);
  });
}

const keysInAnyForm = ['a', 'a!', 'a-b/c', 'a.b', 'b/a', 'b/b', 'b-', 'b0', 'b/é', 'c/date=2026-01-01/x', 'é', 'Z'];

async function all(objects: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

async function names(objects: AsyncIterable<ObjectInfo>): Promise<string[]> {
  return (await all(objects)).map((object) => object.key);
}
