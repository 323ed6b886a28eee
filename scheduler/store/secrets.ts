import { describeError, MillraceError } from '../../kernel/errors.js';
import { SecretMasker } from '../../kernel/secret-masker.js';
import type { Instant } from '../../kernel/time.js';
import type { Connection } from '../model/connection.js';
import { maskConnection, maskVariable } from '../model/known-secrets.js';
import type { StoreDriver } from './driver.js';
import { type EnvironmentBackend, emptyEnvironment } from './environment-backend.js';
import { connectionRow, connectionRows, variableRow, variableRows } from './queries/secrets.js';
import type { ConnectionTable } from './schema.js';
import type { Vault } from './vault.js';

/** Where something was found: the server's environment comes before the metadata database, as in Airflow. */
export type SecretOrigin = 'environment' | 'database';

/** A connection as a list shows it. */
export interface FoundConnection {
  id: string;
  origin: SecretOrigin;
  /** null when it cannot be read; `fault` says why. */
  connection: Connection | null;
  fault: string | null;
  /** null in the environment. */
  updatedAt: Instant | null;
  /** Of a connection of the database whose id the environment has as well: that one is used. */
  isShadowed: boolean;
}

export interface FoundVariable {
  key: string;
  origin: SecretOrigin;
  /** null when it cannot be opened; `fault` says why. */
  value: string | null;
  fault: string | null;
  description: string | null;
  updatedAt: Instant | null;
  isShadowed: boolean;
}

/** Finds connections and variables with what is secret in them. What it opens, the masker hears of. */
export interface Secrets {
  /** undefined when there is none. Rejects with CONNECTION_INVALID or VAULT_LOCKED. */
  connection(id: string): Promise<Connection | undefined>;
  variable(key: string): Promise<string | undefined>;
  /** Every one, by id. One that cannot be read is in the list with its fault. */
  connections(): Promise<FoundConnection[]>;
  variables(): Promise<FoundVariable[]>;
  /** That of the metadata database alone: what can be changed. */
  storedConnection(id: string): Promise<Connection | undefined>;
  storedVariable(key: string): Promise<{ value: string; description: string | null } | undefined>;
}

export interface SecretsDeps {
  store: StoreDriver;
  vault: Vault;
  environment: EnvironmentBackend;
  masker: SecretMasker;
}

export function createSecrets({ store, vault, environment, masker }: SecretsDeps): Secrets {
  const seen = (connection: Connection): Connection => {
    maskConnection(masker, connection);
    return connection;
  };
  const seenValue = (key: string, value: string): string => {
    maskVariable(masker, key, value);
    return value;
  };
  const storedConnection = async (id: string) => {
    const [row] = await store.read(connectionRow(id));
    return row && seen(openConnection(row, vault));
  };
  const storedVariable = async (key: string) => {
    const [row] = await store.read(variableRow(key));
    return row && { value: seenValue(key, vault.open(row.value_encrypted)), description: row.description };
  };
  return {
    storedConnection,
    storedVariable,
    async connection(id) {
      const inEnvironment = environment.connection(id);
      return inEnvironment ? seen(inEnvironment) : storedConnection(id);
    },
    async variable(key) {
      const inEnvironment = environment.variable(key);
      return inEnvironment === undefined ? (await storedVariable(key))?.value : seenValue(key, inEnvironment);
    },
    async connections() {
      const shadowing = new Set(environment.connections.map(({ id }) => id));
      const stored = (await store.read(connectionRows())).map((row): FoundConnection => {
        const opened = attempt(() => seen(openConnection(row, vault)));
        return {
          id: row.connection_id,
          origin: 'database',
          connection: opened.value ?? openFields(row),
          fault: opened.fault,
          updatedAt: row.updated_at,
          isShadowed: shadowing.has(row.connection_id.toLowerCase()),
        };
      });
      const own = environment.connections.map(
        ({ id, connection, fault }): FoundConnection => ({
          id,
          origin: 'environment',
          connection: connection && seen(connection),
          fault,
          updatedAt: null,
          isShadowed: false,
        }),
      );
      return sorted([...own, ...stored], ({ id }) => id);
    },
    async variables() {
      const shadowing = new Set(environment.variables.map(({ key }) => key));
      const stored = (await store.read(variableRows())).map((row): FoundVariable => {
        const opened = attempt(() => seenValue(row.key, vault.open(row.value_encrypted)));
        return {
          key: row.key,
          origin: 'database',
          ...opened,
          description: row.description,
          updatedAt: row.updated_at,
          isShadowed: shadowing.has(row.key.toLowerCase()),
        };
      });
      const own = environment.variables.map(
        ({ key, value }): FoundVariable => ({
          key,
          origin: 'environment',
          value: seenValue(key, value),
          fault: null,
          description: null,
          updatedAt: null,
          isShadowed: false,
        }),
      );
      return sorted([...own, ...stored], ({ key }) => key);
    },
  };
}

/** The secrets of the metadata database alone. */
export function secretsOfStore({ store, vault }: Pick<SecretsDeps, 'store' | 'vault'>): Secrets {
  return createSecrets({ store, vault, environment: emptyEnvironment, masker: new SecretMasker() });
}

interface SealedSecrets {
  password?: string | null;
  extra?: string | null;
}

/** What of a connection is sealed, as one text; null when it has no secrets. */
export function sealSecrets(vault: Vault, { password, extra }: Pick<Connection, 'password' | 'extra'>): string | null {
  if (password === null && extra === null) return null;
  return vault.seal(JSON.stringify({ password, extra } satisfies SealedSecrets));
}

function openConnection(row: ConnectionTable, vault: Vault): Connection {
  const sealed = row.secrets_encrypted;
  const { password = null, extra = null } = sealed === null ? {} : (JSON.parse(vault.open(sealed)) as SealedSecrets);
  return { ...openFields(row), password, extra };
}

/** What of a connection is not sealed. */
export function openFields(row: ConnectionTable): Connection {
  const { connection_id: id, conn_type: type, description, host, schema, login, port } = row;
  return { id, type, description, host, schema, login, port, password: null, extra: null };
}

function attempt<Value>(read: () => Value): { value: Value; fault: null } | { value: null; fault: string } {
  try {
    return { value: read(), fault: null };
  } catch (error) {
    if (error instanceof MillraceError) return { value: null, fault: describeError(error) };
    throw error;
  }
}

function sorted<One>(list: One[], nameOf: (one: One) => string): One[] {
  return list.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
}
