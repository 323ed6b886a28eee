import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Client, type S3Error } from 'minio';
import { describeError, MillraceError } from '../kernel/errors.js';
import { checkObjectKey, compareKeys } from './object-key.js';
import type { ObjectInfo, ObjectStore } from './object-store.js';

export interface S3Options {
  bucket: string;
  /** `https://host:port`; AWS itself when undefined. */
  endpoint: string | undefined;
  region: string | undefined;
  /** `host/bucket/key` instead of `bucket.host/key`. */
  pathStyle: boolean;
  /** Without keys the requests are not signed. */
  accessKey: string | undefined;
  secretKey: string | undefined;
}

/** A bucket that speaks S3: MinIO, AWS, GCS with interoperability keys, and the others. */
export function openS3Store(options: S3Options): ObjectStore {
  const { bucket } = options;
  const client = connect(options);
  return {
    url: `s3://${bucket}${options.endpoint ? `?endpoint=${options.endpoint}` : ''}`,
    bucket,
    list: (prefix, { startAfter = '', signal } = {}) => list(client, bucket, prefix, startAfter, signal),
    listFolders: (prefix) => listFolders(client, bucket, prefix),
    get: (key, { etag, signal } = {}) => get(client, bucket, key, etag, signal),
    head: (key) => head(client, bucket, key),
    put: (key, body, { ifAbsent = false, contentType } = {}) => put(client, bucket, key, body, ifAbsent, contentType),
    async delete(key) {
      checkObjectKey(key);
      await naming(`delete ${key} from ${bucket}`, client.removeObject(bucket, key));
    },
    close: async () => {},
  };
}

function connect({ endpoint, region, pathStyle, accessKey = '', secretKey = '' }: S3Options): Client {
  const url = new URL(endpoint ?? 'https://s3.amazonaws.com');
  return new Client({
    endPoint: url.hostname,
    ...(url.port ? { port: Number(url.port) } : {}),
    useSSL: url.protocol === 'https:',
    ...(region ? { region } : {}),
    pathStyle,
    accessKey,
    secretKey,
  });
}

/** A page as the store lists it, in the client's words. */
interface Listed {
  name?: string;
  prefix?: string;
  size?: number;
  etag?: string;
  lastModified?: Date | string;
}

async function* list(
  client: Client,
  bucket: string,
  prefix: string,
  startAfter: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectInfo> {
  let last = startAfter;
  for await (const listed of pages(client, bucket, prefix, true, startAfter)) {
    signal?.throwIfAborted();
    const key = listed.name;
    // Folder markers that other tools make are no objects of data; a key that is listed twice is one object.
    if (key === undefined || key.endsWith('/') || key === last) continue;
    if (compareKeys(key, last) < 0) throw outOfOrder(bucket, key, last);
    last = key;
    yield {
      key,
      size: listed.size ?? 0,
      etag: bare(listed.etag),
      lastModified: new Date(listed.lastModified ?? 0).getTime(),
    };
  }
}

async function listFolders(client: Client, bucket: string, prefix: string): Promise<string[]> {
  const at = prefix.lastIndexOf('/') + 1;
  const folders: string[] = [];
  for await (const listed of pages(client, bucket, prefix, false, '')) {
    if (listed.prefix !== undefined) folders.push(listed.prefix.slice(at));
  }
  return folders.sort(compareKeys);
}

async function* pages(
  client: Client,
  bucket: string,
  prefix: string,
  recursive: boolean,
  startAfter: string,
): AsyncGenerator<Listed> {
  try {
    yield* client.listObjectsV2(bucket, prefix, recursive, startAfter) as AsyncIterable<Listed>;
  } catch (error) {
    throw failure(`list ${bucket}/${prefix}`, error);
  }
}

/** Later listings begin after the last key that was loaded: without the order, objects would be passed over. */
function outOfOrder(bucket: string, key: string, last: string): MillraceError {
  return new MillraceError('OBJECT_STORE_FAILED', `bucket ${bucket} lists ${key} after ${last}: not in byte order.`, {
    hint: 'Directory buckets list in no order and cannot be used; a general-purpose bucket can.',
  });
}

async function get(
  client: Client,
  bucket: string,
  key: string,
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  checkObjectKey(key);
  signal?.throwIfAborted();
  const body = (await naming(`read ${key} from ${bucket}`, client.getObject(bucket, key))) as IncomingMessage;
  if (etag !== undefined && bare(body.headers.etag) !== etag) {
    body.destroy();
    throw new MillraceError('OBJECT_CHANGED', `${key} was replaced since it was listed.`);
  }
  const onAbort = () => body.destroy(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  body.once('close', () => signal?.removeEventListener('abort', onAbort));
  return body;
}

async function head(client: Client, bucket: string, key: string): Promise<ObjectInfo | null> {
  checkObjectKey(key);
  try {
    const found = await client.statObject(bucket, key);
    return { key, size: found.size, etag: bare(found.etag), lastModified: found.lastModified.getTime() };
  } catch (error) {
    if (codeOf(error) === 'NotFound' || codeOf(error) === 'NoSuchKey') return null;
    throw failure(`look at ${key} in ${bucket}`, error);
  }
}

/**
 * `ifAbsent` asks first and then writes under the condition that the key is free. Stores that know the condition
 * close the gap between the two; on those that ignore or refuse it, only one writer may write a key (as change data
 * capture does, which holds the only replication slot).
 */
async function put(
  client: Client,
  bucket: string,
  key: string,
  body: Buffer,
  ifAbsent: boolean,
  contentType: string | undefined,
): Promise<boolean> {
  checkObjectKey(key);
  const headers = { 'Content-Type': contentType ?? 'application/octet-stream' };
  const what = `write ${key} to ${bucket}`;
  if (!ifAbsent) {
    await naming(what, client.putObject(bucket, key, body, body.length, headers));
    return true;
  }
  if (await head(client, bucket, key)) return false;
  try {
    await client.putObject(bucket, key, body, body.length, { ...headers, 'If-None-Match': '*' });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'PreconditionFailed' || code === 'ConditionalRequestConflict') return false;
    if (code !== 'NotImplemented') throw failure(what, error);
    await naming(what, client.putObject(bucket, key, body, body.length, headers));
  }
  return true;
}

async function naming<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw failure(what, error);
  }
}

function failure(what: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = codeOf(error);
  if (code === 'NoSuchKey' || code === 'NotFound') {
    return new MillraceError('OBJECT_NOT_FOUND', `cannot ${what}: there is no such object.`, { cause: error });
  }
  return new MillraceError('OBJECT_STORE_FAILED', `cannot ${what}: ${code ? `${code}: ` : ''}${describeError(error)}`, {
    hint: hintFor(code),
    cause: error,
  });
}

function hintFor(code: string | undefined): string {
  if (code === 'NoSuchBucket') return 'Make the bucket, or correct OBJECT_STORE_URL.';
  if (code === 'AccessDenied' || code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch')
    return 'Check OBJECT_STORE_ACCESS_KEY, OBJECT_STORE_SECRET_KEY and the rights of that key.';
  if (code === 'RequestTimeTooSkewed') return 'Set the clock of this machine.';
  return 'Check OBJECT_STORE_URL and that the store answers.';
}

function codeOf(error: unknown): string | undefined {
  return (error as S3Error | null)?.code;
}

/** S3 puts etags in quotes. */
function bare(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}
