import { dirname } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { FindConnection, HookPool } from './hook-pool.js';
import { requestUrl } from './hooks.js';

/** What a look at an outside system needs: sensors and the triggerer look in the same way. */
export interface Looker {
  hooks: HookPool;
  find: FindConnection;
  signal: AbortSignal;
}

/**
 * The key of the first object that matches; undefined when there is none. The pattern is `s3://bucket/prefix/*.json`,
 * `file:///folder/*.csv`, or `lake:prefix/*` for the store of a connection. `*` stays between slashes, `**` does not.
 */
export async function findObject({ hooks, find, signal }: Looker, pattern: string): Promise<string | undefined> {
  const { storeId, glob } = splitPattern(pattern);
  const store = await hooks.objectStore(storeId, find);
  const wildcard = glob.search(/[*?]/);
  if (wildcard < 0) return (await store.head(glob)) ? glob : undefined;
  const matches = globToRegExp(glob);
  for await (const { key } of store.list(glob.slice(0, wildcard), { signal })) if (matches.test(key)) return key;
  return undefined;
}

/** Whether the first cell of a query's first row is something true: neither null, false, 0 nor empty text. */
export async function isSqlTrue(
  { hooks, find }: Looker,
  of: { connection: string; sql: string; parameters: Json[] },
): Promise<boolean> {
  const database = await hooks.postgres(of.connection, find);
  const { rows } = await database.query(of.sql, of.parameters);
  const [first] = Object.values(rows[0] ?? {});
  return first !== null && first !== undefined && first !== false && first !== '' && Number(first) !== 0;
}

/** Whether a URL answers with an expected status (none given: any 2xx). A refused connection is a no as well. */
export async function isHttpUp(
  { signal }: Looker,
  of: { url: string; method: string; headers: Record<string, string>; expect: number[] },
): Promise<boolean> {
  try {
    await requestUrl(of.method, new URL(of.url), { headers: of.headers, expect: of.expect, signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    const isNo = (error instanceof MillraceError && error.code === 'HTTP_FAILED') || isConnectionFault(error);
    if (isNo) return false;
    throw error;
  }
}

/** fetch tells of network trouble as a TypeError with a cause, and of its time limit as a TimeoutError. */
function isConnectionFault(error: unknown): boolean {
  return (error instanceof TypeError && error.cause !== undefined) || (error as Error | null)?.name === 'TimeoutError';
}

function splitPattern(pattern: string): { storeId: string; glob: string } {
  if (pattern.startsWith('file://')) {
    const wildcard = pattern.search(/[*?]/);
    const folder = dirname(wildcard < 0 ? pattern : pattern.slice(0, wildcard + 1));
    return { storeId: folder, glob: pattern.slice(folder.length + 1) };
  }
  if (pattern.startsWith('s3://')) {
    const match = /^(s3:\/\/[^/?]+)\/([^?]*)(\?.*=.*)?$/.exec(pattern);
    if (match) return { storeId: `${match[1]}${match[3] ?? ''}`, glob: match[2] as string };
  }
  const match = /^([\w.-]+):(?!\/\/)(.+)$/.exec(pattern);
  if (match) return { storeId: match[1] as string, glob: match[2] as string };
  throw new MillraceError('TASK_FAILED', `${JSON.stringify(pattern)} names no object`, {
    hint: 'Write s3://bucket/prefix/*.json, file:///folder/*.csv, or lake:prefix/* for a connection.',
  });
}

function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\*\*|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}
