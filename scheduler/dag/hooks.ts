import type { DuckdbSession } from '../../connectors/duckdb.js';
import type { ObjectInfo, ObjectStore } from '../../connectors/object-store.js';
import type { Postgres, PostgresSession } from '../../connectors/postgres.js';
import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { ConnectionResult } from './client.js';
import { currentScope } from './runtime.js';

/** A PostgreSQL database as tasks use it. Connections are pooled; a running statement ends when the task is cancelled. */
export interface PostgresHook extends PostgresSession {
  transaction<Result>(work: (session: PostgresSession) => Promise<Result>): Promise<Result>;
}

/** An object store as tasks use it. */
export type ObjectStoreHook = Omit<ObjectStore, 'close' | 'url' | 'bucket'>;

/** The database of a connection: `postgres('warehouse')`, `postgres('source')`. Connects when first asked. */
export function postgres(id = 'warehouse'): PostgresHook {
  const open = (): Promise<Postgres> => {
    const { hooks, call } = currentScope(`postgres("${id}")`);
    return hooks.postgres(
      id,
      (name) => call({ method: 'getConnection', id: name }) as Promise<ConnectionResult | undefined>,
    );
  };
  return {
    query: async (sql, parameters) => (await open()).query(sql, parameters),
    copyFrom: async (target, source, options) => (await open()).copyFrom(target, source, options),
    transaction: async (work) => (await open()).transaction(work),
  };
}

/** The store of a connection: `objectStore('lake')`, or of a URL. */
export function objectStore(id = 'lake'): ObjectStoreHook {
  const open = (): Promise<ObjectStore> => {
    const { hooks, call } = currentScope(`objectStore("${id}")`);
    return hooks.objectStore(
      id,
      (name) => call({ method: 'getConnection', id: name }) as Promise<ConnectionResult | undefined>,
    );
  };
  return {
    async *list(prefix, options): AsyncIterable<ObjectInfo> {
      const { signal } = currentScope(`objectStore("${id}")`);
      yield* (await open()).list(prefix, { signal, ...options });
    },
    listFolders: async (prefix) => (await open()).listFolders(prefix),
    get: async (key, options) => (await open()).get(key, { signal: currentScope('objectStore').signal, ...options }),
    head: async (key) => (await open()).head(key),
    put: async (key, body, options) => (await open()).put(key, body, options),
    delete: async (key) => (await open()).delete(key),
  };
}

/** A DuckDB database as tasks use it. Each call is a session of its own; `session` keeps one for a transaction. */
export interface DuckdbHook {
  /** Rows as objects. Rejects with DuckDB's own message. */
  query<Row extends object = Record<string, unknown>>(sql: string): Promise<Row[]>;
  session<Result>(work: (session: DuckdbSession) => Promise<Result>): Promise<Result>;
}

/** The DuckDB database of a connection, or at a location: `duckdb('data/market.duckdb')`, `duckdb('md:db')`. */
export function duckdb(id: string): DuckdbHook {
  const hook: DuckdbHook = {
    async query<Row extends object>(sql: string) {
      const { columns, rows } = await hook.session((session) => session.query(sql));
      return rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])) as Row);
    },
    async session(work) {
      const { hooks, call, signal } = currentScope(`duckdb("${id}")`);
      const find = (name: string) =>
        call({ method: 'getConnection', id: name }) as Promise<ConnectionResult | undefined>;
      const session = await (await hooks.duckdb(id, find)).session();
      const onAbort = () => session.interrupt();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await work(session);
      } finally {
        signal.removeEventListener('abort', onAbort);
        await session.close();
      }
    },
  };
  return hook;
}

export interface HttpAnswer<Body = unknown> {
  status: number;
  headers: Record<string, string>;
  /** Parsed when the answer says that it is JSON, else text. */
  body: Body;
}

/** Calls to one service. */
export interface HttpHook {
  /** Rejects with HTTP_FAILED unless the status is expected (by default any 2xx). */
  request<Body = unknown>(
    method: string,
    path: string,
    options?: { headers?: Record<string, string>; body?: Json; expect?: number[]; timeoutSeconds?: number },
  ): Promise<HttpAnswer<Body>>;
  get<Body = unknown>(path: string, options?: { headers?: Record<string, string> }): Promise<Body>;
  post<Body = unknown>(path: string, body: Json, options?: { headers?: Record<string, string> }): Promise<Body>;
}

/** The service of a connection, or of a base URL: `http('https://api.example.org')`. */
export function http(id: string): HttpHook {
  const hook: HttpHook = {
    async request(method, path, options = {}) {
      const { hooks, call, signal } = currentScope(`http("${id}")`);
      const find = (name: string) =>
        call({ method: 'getConnection', id: name }) as Promise<ConnectionResult | undefined>;
      const base = id.includes('://') ? id : (await hooks.settingsOf(id, find)).url;
      return requestUrl(method, new URL(path, base), { ...options, signal });
    },
    get: async (path, options) => (await hook.request<never>('GET', path, options)).body,
    post: async (path, body, options) => (await hook.request<never>('POST', path, { ...options, body })).body,
  };
  return hook;
}

/** Bytes of an answer that is kept; a longer one is refused. */
const bodyBytesMax = 64 * 1024 * 1024;

/** Calls a URL once. Rejects with HTTP_FAILED for another status, a body that is too large, or no answer in time. */
export async function requestUrl<Body>(
  method: string,
  url: URL,
  options: {
    headers?: Record<string, string>;
    body?: Json;
    expect?: number[];
    timeoutSeconds?: number;
    signal: AbortSignal;
  },
): Promise<HttpAnswer<Body>> {
  const { credentials, plain } = splitCredentials(url);
  const isText = typeof options.body === 'string';
  const response = await fetch(plain, {
    method,
    headers: {
      ...credentials,
      ...(options.body === undefined || isText ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: isText ? (options.body as string) : JSON.stringify(options.body) }),
    signal: AbortSignal.any([options.signal, AbortSignal.timeout((options.timeoutSeconds ?? 60) * 1000)]),
  });
  const text = await readBody(response, plain);
  const isExpected = options.expect?.length ? options.expect.includes(response.status) : response.ok;
  if (!isExpected) {
    throw new MillraceError(
      'HTTP_FAILED',
      `${method} ${plain.href} answered ${response.status}: ${text.slice(0, 500)}`,
    );
  }
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: (isJson && text !== '' ? JSON.parse(text) : text) as Body,
  };
}

async function readBody(response: Response, url: URL): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > bodyBytesMax) {
      throw new MillraceError('HTTP_FAILED', `the answer of ${url.href} is larger than ${bodyBytesMax} bytes`);
    }
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts).toString('utf8');
}

/** fetch refuses a URL with a password: it goes into a header. */
function splitCredentials(url: URL): { credentials: Record<string, string>; plain: URL } {
  const plain = new URL(url);
  if (!plain.username) return { credentials: {}, plain };
  const pair = `${decodeURIComponent(plain.username)}:${decodeURIComponent(plain.password)}`;
  plain.username = '';
  plain.password = '';
  return { credentials: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, plain };
}
