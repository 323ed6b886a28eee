import { fileURLToPath } from 'node:url';
import { MillraceError } from '../kernel/errors.js';
import type { ObjectStore } from './object-store.js';
import { openFileStore } from './object-store-file.js';
import { openS3Store } from './object-store-s3.js';

/** Keys of an S3 store, kept apart from its URL so that the URL can be shown. */
export interface ObjectStoreKeys {
  accessKey?: string | undefined;
  secretKey?: string | undefined;
}

/**
 * Opens the bucket that a URL names: `file:///folder`, or
 * `s3://bucket?endpoint=https://host:port&region=…&path_style=true|false`. Without `endpoint` it is AWS; path style is
 * the default wherever an endpoint is given. Throws CONFIG_INVALID for a URL that says something else.
 */
export async function openObjectStore(url: string, keys: ObjectStoreKeys = {}): Promise<ObjectStore> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'file:') return openFileStore(fileURLToPath(parsed));
  if (parsed?.protocol === 's3:') return openS3Store({ ...readS3Url(parsed), ...bothKeys(keys) });
  throw invalid(url, 'begins neither with file:// nor with s3://');
}

function readS3Url(url: URL) {
  const shown = url.href;
  const unknown = [...url.searchParams.keys()].find((name) => !['endpoint', 'region', 'path_style'].includes(name));
  if (unknown !== undefined) throw invalid(shown, `has an unknown parameter "${unknown}"`);
  if (url.username || url.password) throw invalid(`s3://${url.hostname}`, 'carries keys');
  if (!url.hostname) throw invalid(shown, 'names no bucket');
  if (url.pathname !== '' && url.pathname !== '/') throw invalid(shown, 'has a path: a store is a whole bucket');
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
    throw invalid(shown, 'has an endpoint that is no http:// or https:// URL');
  }
  const pathStyle = url.searchParams.get('path_style') ?? String(endpoint !== undefined);
  if (!['true', 'false'].includes(pathStyle)) throw invalid(shown, 'has a path_style that is neither true nor false');
  return {
    bucket: url.hostname,
    endpoint,
    region: url.searchParams.get('region') ?? undefined,
    pathStyle: pathStyle === 'true',
  };
}

function bothKeys({ accessKey, secretKey }: ObjectStoreKeys) {
  if (Boolean(accessKey) !== Boolean(secretKey)) {
    throw new MillraceError('CONFIG_INVALID', 'only one of the two keys of the object store is set.', {
      hint: 'Set OBJECT_STORE_ACCESS_KEY and OBJECT_STORE_SECRET_KEY, or neither.',
    });
  }
  return { accessKey: accessKey || undefined, secretKey: secretKey || undefined };
}

function invalid(url: string, fault: string): MillraceError {
  return new MillraceError('CONFIG_INVALID', `the object store URL ${url} ${fault}.`, {
    hint: 'Write file:///folder or s3://bucket?endpoint=https://host:port&region=…; keys go into settings of their own.',
  });
}
