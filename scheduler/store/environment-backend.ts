import { describeError, MillraceError } from '../../kernel/errors.js';
import { type Connection, parseConnection } from '../model/connection.js';

/** Connections and variables that the server's environment holds, as Airflow finds them there. */
export interface EnvironmentBackend {
  /** `AIRFLOW_CONN_<ID>`; undefined when there is none. Throws CONNECTION_INVALID when it cannot be read. */
  connection(id: string): Connection | undefined;
  /** `AIRFLOW_VAR_<KEY>`; an empty one counts. */
  variable(key: string): string | undefined;
  /** All of them, by id; those that cannot be read say why. */
  readonly connections: readonly (
    | { id: string; connection: Connection; fault: null }
    | { id: string; connection: null; fault: string }
  )[];
  readonly variables: readonly { key: string; value: string }[];
}

const connectionPrefix = 'AIRFLOW_CONN_';
const variablePrefix = 'AIRFLOW_VAR_';

export const emptyEnvironment: EnvironmentBackend = readEnvironmentBackend({});

/** Reads the environment once. Names are matched in upper case; a list shows them in lower case, as Airflow's does. */
export function readEnvironmentBackend(env: Record<string, string | undefined>): EnvironmentBackend {
  const connections = named(env, connectionPrefix)
    .filter(({ text }) => text.trim() !== '')
    .map(({ name, text }) => ({ id: name, ...read(name, text) }));
  const variables = named(env, variablePrefix).map(({ name, text }) => ({ key: name, value: text }));
  const connectionsById = new Map(connections.map((one) => [one.id, one]));
  const variablesByKey = new Map(variables.map(({ key, value }) => [key, value]));
  return {
    connections,
    variables,
    connection(id) {
      const found = connectionsById.get(id.toLowerCase());
      if (!found) return undefined;
      if (found.connection) return { ...found.connection, id };
      throw new MillraceError('CONNECTION_INVALID', found.fault, {
        hint: `Correct ${connectionPrefix}${id.toUpperCase()} and start the server again.`,
      });
    },
    variable: (key) => variablesByKey.get(key.toLowerCase()),
  };
}

function read(id: string, text: string): { connection: Connection; fault: null } | { connection: null; fault: string } {
  try {
    return { connection: parseConnection(id, text), fault: null };
  } catch (error) {
    if (error instanceof MillraceError) return { connection: null, fault: describeError(error) };
    throw error;
  }
}

function named(env: Record<string, string | undefined>, prefix: string): { name: string; text: string }[] {
  return Object.entries(env)
    .filter((entry): entry is [string, string] => entry[0].startsWith(prefix) && entry[1] !== undefined)
    .map(([name, text]) => ({ name: name.slice(prefix.length).toLowerCase(), text }))
    .filter(({ name }) => name !== '')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
