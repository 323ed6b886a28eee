import type { Duckdb } from '../../connectors/duckdb.js';
import type { ObjectStore } from '../../connectors/object-store.js';
import type { Postgres } from '../../connectors/postgres.js';
import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { ConnectionResult } from './client.js';

/** How an outside system is reached. Keys of an object store are apart from its URL. */
export interface ConnectionSettings {
  url: string;
  accessKey?: string;
  secretKey?: string;
}

/** Finds a connection that the settings do not name; undefined when there is none. */
export type FindConnection = (id: string) => Promise<ConnectionResult | undefined>;

/**
 * The open connections of one process, kept from attempt to attempt. What runs on them is ended when the signal of
 * the current attempt aborts.
 */
export class HookPool {
  readonly #settings: Record<string, ConnectionSettings>;
  readonly #databases = new Map<string, Promise<Postgres>>();
  readonly #stores = new Map<string, Promise<ObjectStore>>();
  readonly #duckdbs = new Map<string, Promise<Duckdb>>();
  /** What the current attempt has found: a connection that is changed holds from the next attempt on. */
  readonly #found = new Map<string, Promise<ConnectionSettings>>();
  #signal: AbortSignal | undefined;

  /** `settings`: the connections that need no look-up, by id. */
  constructor(settings: Record<string, ConnectionSettings>) {
    this.#settings = settings;
  }

  /** Called when an attempt begins. */
  use(signal: AbortSignal): void {
    this.#signal = signal;
    this.#found.clear();
  }

  /** The pool of a PostgreSQL connection. Rejects with CONNECTION_NOT_FOUND or CONNECTION_UNUSABLE. */
  async postgres(id: string, find: FindConnection): Promise<Postgres> {
    const { url } = await this.settingsOf(id, find);
    return remember(this.#databases, url, async () => {
      const { openPostgres } = await import('../../connectors/postgres.js');
      const signalNow = () => this.#signal;
      return openPostgres(url, {
        applicationName: 'millrace task',
        // Read at each call: the pool outlives the attempt that opened it.
        get signal() {
          return signalNow() as AbortSignal;
        },
      });
    });
  }

  /** The store of a connection, or of a URL such as `s3://bucket` with the keys of the connection `lake`. */
  async objectStore(id: string, find: FindConnection): Promise<ObjectStore> {
    const settings = id.includes('://') ? { ...this.#settings['lake'], url: id } : await this.settingsOf(id, find);
    const { url, accessKey, secretKey } = settings;
    return remember(this.#stores, JSON.stringify([url, accessKey, secretKey]), async () => {
      const { openObjectStore } = await import('../../connectors/open-object-store.js');
      return openObjectStore(url, { ...(accessKey && { accessKey }), ...(secretKey && { secretKey }) });
    });
  }

  /** A DuckDB database: a connection's, or a location such as `data/market.duckdb`, `:memory:` or `md:db`. */
  async duckdb(id: string, find: FindConnection): Promise<Duckdb> {
    const isLocation = /[/:.]/.test(id);
    const url = isLocation ? id : (await this.settingsOf(id, find)).url;
    return remember(this.#duckdbs, url, async () => {
      const { openDuckdb } = await import('../../connectors/duckdb.js');
      return openDuckdb(url.replace(/^duckdb:(\/\/)?/, ''));
    });
  }

  /** How the outside system of that id is reached. Rejects with CONNECTION_NOT_FOUND or CONNECTION_UNUSABLE. */
  async settingsOf(id: string, find: FindConnection): Promise<ConnectionSettings> {
    const own = this.#settings[id];
    if (own) return own;
    return remember(this.#found, id, () => this.#look(id, find));
  }

  async #look(id: string, find: FindConnection): Promise<ConnectionSettings> {
    const found = await find(id);
    if (found) return connectionSettings(found);
    throw new MillraceError('CONNECTION_NOT_FOUND', `there is no connection "${id}"`, {
      hint: `Known without set-up: ${Object.keys(this.#settings).join(', ') || 'none'}. Add others in the UI, with \`millrace connections add\`, or as AIRFLOW_CONN_${id.toUpperCase()}.`,
    });
  }

  async close(): Promise<void> {
    const databases = await Promise.allSettled(this.#databases.values());
    const stores = await Promise.allSettled([...this.#stores.values(), ...this.#duckdbs.values()]);
    await Promise.all([
      ...databases.map((opened) => (opened.status === 'fulfilled' ? opened.value.end() : undefined)),
      ...stores.map((opened) => (opened.status === 'fulfilled' ? opened.value.close() : undefined)),
    ]);
  }
}

/** One value a key; a failure is forgotten, so that the next call tries again. */
function remember<T>(known: Map<string, Promise<T>>, id: string, open: () => Promise<T>): Promise<T> {
  const before = known.get(id);
  if (before) return before;
  const opening = open();
  known.set(id, opening);
  opening.catch(() => known.delete(id));
  return opening;
}

const schemes: Record<string, string> = { postgres: 'postgres', postgresql: 'postgres', http: 'http', https: 'https' };

/** What the extra of a PostgreSQL connection may say, as in Airflow. */
const tlsParameters = ['sslmode', 'sslcert', 'sslkey', 'sslrootcert'];

/** How a hook reaches the system of a connection. Throws CONNECTION_UNUSABLE. */
export function connectionSettings(connection: ConnectionResult): ConnectionSettings {
  const extra = extraOf(connection);
  if (connection.type === 'duckdb') return { url: connection.host ?? connection.schema ?? ':memory:' };
  if (connection.type === 'aws' || connection.type === 's3' || connection.type === 'file') {
    const url = extra['url'] ?? connection.host;
    if (typeof url !== 'string') throw unusable(connection, 'it has no URL: put s3://bucket?endpoint=… into its host');
    return {
      url,
      ...(connection.login ? { accessKey: connection.login } : {}),
      ...(connection.password ? { secretKey: connection.password } : {}),
    };
  }
  const scheme = schemes[connection.type];
  if (!scheme) throw unusable(connection, `its type is "${connection.type}"`);
  const host = connection.host ?? 'localhost';
  const address = host.includes('://') ? host : `${scheme}://${host}`;
  if (!URL.canParse(address)) throw unusable(connection, 'its host cannot be part of a URL');
  const url = new URL(address);
  if (connection.port) url.port = String(connection.port);
  if (connection.login) url.username = encodeURIComponent(connection.login);
  if (connection.password) url.password = encodeURIComponent(connection.password);
  if (connection.schema) url.pathname = `/${encodeURIComponent(connection.schema)}`;
  if (scheme === 'postgres') {
    for (const name of tlsParameters) {
      const value = extra[name];
      if (typeof value === 'string') url.searchParams.set(name, value);
    }
  }
  return { url: url.href };
}

function extraOf({ extra }: ConnectionResult): JsonObject {
  if (typeof extra === 'string' && extra.trim().startsWith('{')) return JSON.parse(extra) as JsonObject;
  return typeof extra === 'object' && extra !== null && !Array.isArray(extra) ? extra : {};
}

function unusable({ id }: ConnectionResult, why: string): MillraceError {
  return new MillraceError('CONNECTION_UNUSABLE', `connection "${id}" cannot be used here: ${why}`);
}
