import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openObjectStore } from '../../connectors/open-object-store.js';
import { objectStoreContract } from './object-store.contract.js';

describe('an object store in a folder', () => {
  objectStoreContract(() => openObjectStore(pathToFileURL(newFolder()).href));

  it('is named by its folder and makes it', async () => {
    const store = await openObjectStore(pathToFileURL(join(newFolder(), 'lake', 'raw')).href);
    expect(store.bucket).toBe('raw');
    expect(store.url).toMatch(/^file:\/\/.*\/lake\/raw$/);
  });

  it('lets exactly one of several writers make an object', async () => {
    const store = await openObjectStore(pathToFileURL(newFolder()).href);
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.put('a/b/c', Buffer.from(`${index}`), { ifAbsent: true })),
    );
    expect(made.filter(Boolean).length).toBe(1);
    expect(String(await buffer(await store.get('a/b/c')))).toBe(String(made.indexOf(true)));
  });

  it('neither lists nor keeps what a killed writer left unfinished', async () => {
    const folder = newFolder();
    const url = pathToFileURL(folder).href;
    await openObjectStore(url);
    const [old, fresh] = [join(folder, '.unfinished', 'old'), join(folder, '.unfinished', 'fresh')] as const;
    writeFileSync(old, 'half');
    writeFileSync(fresh, 'half');
    utimesSync(old, 0, 0);
    const store = await openObjectStore(url);
    for await (const object of store.list('')) expect.unreachable(`listed ${object.key}`);
    expect(await store.listFolders('')).toEqual([]);
    expect(existsSync(old)).toBe(false);
    expect(existsSync(fresh)).toBe(true);
    await expect(store.head('.unfinished/fresh')).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
  });

  it('leaves nothing unfinished behind', async () => {
    const folder = newFolder();
    const store = await openObjectStore(pathToFileURL(folder).href);
    await store.put('a', Buffer.from('x'));
    await store.put('a', Buffer.from('y'), { ifAbsent: true });
    await expect(store.put('a/b', Buffer.from('y'))).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
    expect(readdirSync(join(folder, '.unfinished'))).toEqual([]);
  });

  it('takes puts while others delete the folder', async () => {
    const store = await openObjectStore(pathToFileURL(newFolder()).href);
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        await store.put(`d/e/${index}`, Buffer.from('x'));
        await store.delete(`d/e/${index}`);
      }),
    );
    expect(await store.listFolders('')).toEqual([]);
  });

  it('says what is wrong with a URL', async () => {
    const wrong = [
      'http://x',
      's3://',
      's3://bucket/path',
      's3://bucket?endpoint=ftp://x',
      's3://bucket?regoin=x',
      's3://a:b@bucket',
      'nonsense',
    ];
    for (const url of wrong) await expect(openObjectStore(url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(openObjectStore('s3://b', { accessKey: 'x' })).rejects.toThrow('only one of the two keys');
    await expect(openObjectStore('s3://user:secret@bucket')).rejects.not.toThrow('secret');
  });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
