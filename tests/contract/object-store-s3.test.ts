import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openObjectStore } from '../../connectors/open-object-store.js';
import { s3Keys, startS3Server } from '../support/s3-server.js';
import { objectStoreContract } from './object-store.contract.js';

describe('an object store that speaks S3', () => {
  let server: Awaited<ReturnType<typeof startS3Server>>;
  beforeAll(async () => {
    server = await startS3Server('raw');
  });
  afterAll(() => server.stop());

  objectStoreContract(async () => {
    const store = await openObjectStore(server.url, s3Keys);
    for await (const object of store.list('')) await store.delete(object.key);
    return store;
    // s3rver walks folders and so misplaces a name that begins as a folder's does; real stores sort whole keys.
  }, ['a', 'b/a', 'b/b', 'b/z', 'c/date=2026-01-01/x', 'c/date=2026-01-02/a', 'd/a/b', 'd/b/a']);

  it('names the bucket that is missing and what to do', async () => {
    const store = await openObjectStore(server.url.replace('raw', 'other'), s3Keys);
    await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'OBJECT_STORE_FAILED',
      hint: expect.stringContaining('OBJECT_STORE_URL'),
    });
  });
});

describe('an S3 server with faults', () => {
  it('that lists out of order is refused, and a key listed twice is one object', async () => {
    const store = await fakeS3((_, response) => {
      response.setHeader('content-type', 'application/xml');
      response.end(listing(['a', 'a', 'b', 'aa']));
    });
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const object of store.list('')) seen.push(object.key);
      })(),
    ).rejects.toThrow('not in byte order');
    expect(seen).toEqual(['a', 'b']);
  });

  it('that sends the condition back makes ifAbsent false', async () => {
    const store = await fakeS3((request, response) => {
      request.resume();
      response.statusCode = request.method === 'HEAD' ? 404 : request.headers['if-none-match'] === '*' ? 412 : 200;
      response.setHeader('content-type', 'application/xml');
      response.end(
        response.statusCode === 412 ? '<?xml version="1.0"?><Error><Code>PreconditionFailed</Code></Error>' : '',
      );
    });
    expect(await store.put('a', Buffer.from('x'), { ifAbsent: true })).toBe(false);
    expect(await store.put('a', Buffer.from('x'))).toBe(true);
  });

  it('that does not know the condition is written to without it', async () => {
    const conditions: (string | undefined)[] = [];
    const store = await fakeS3((request, response) => {
      request.resume();
      if (request.method === 'PUT') conditions.push(request.headers['if-none-match']);
      response.statusCode = request.method === 'HEAD' ? 404 : request.headers['if-none-match'] ? 501 : 200;
      response.setHeader('content-type', 'application/xml');
      response.end(
        response.statusCode === 501 ? '<?xml version="1.0"?><Error><Code>NotImplemented</Code></Error>' : '',
      );
    });
    expect(await store.put('a', Buffer.from('x'), { ifAbsent: true })).toBe(true);
    expect(conditions.at(0)).toBe('*');
    expect(conditions.at(-1)).toBeUndefined();
  });

  it('that breaks off in the middle of an object makes the stream fail', async () => {
    const store = await fakeS3((_, response) => {
      response.writeHead(200, { 'content-length': '100000', etag: '"e"' });
      response.write(Buffer.alloc(1000), () => response.destroy());
    });
    const body = await store.get('a', { etag: 'e' });
    await expect(body.toArray()).rejects.toThrow();
  });
});

async function fakeS3(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  return openObjectStore(`s3://raw?endpoint=http://127.0.0.1:${port}&region=us-east-1`, s3Keys);
}

function listing(keys: string[]): string {
  const contents = keys.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"e"</ETag><Size>1</Size></Contents>`,
  );
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
}
