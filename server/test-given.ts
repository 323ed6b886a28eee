import { masked } from '../kernel/secret-masker.js';
import type { ConnectionChange } from '../scheduler/model/admin-commands.js';
import type { Connection } from '../scheduler/model/connection.js';
import type { AppDeps } from './deps.js';

/**
 * Tries a connection that may not be saved yet. The stored password goes along only to where it goes anyway: type, host
 * and port must be those that are stored, or whoever may test could send it to a host of theirs.
 */
export async function testGiven(
  deps: Pick<AppDeps, 'testConnection' | 'masker'>,
  change: ConnectionChange,
  before: Connection | undefined,
): Promise<{ status: boolean; message: string }> {
  const asked = {
    ...empty,
    ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
  } as Connection;
  const isSamePlace = before?.type === asked.type && before.host === asked.host && before.port === asked.port;
  const keepsPassword = change.password === undefined || change.password === masked;
  const keepsExtra = change.extra === undefined || change.extra?.includes(masked);
  const connection: Connection = {
    ...asked,
    password: keepsPassword ? (isSamePlace ? before.password : null) : asked.password,
    extra: keepsExtra ? (isSamePlace ? before.extra : null) : asked.extra,
  };
  const { status, message } = await deps.testConnection(connection);
  return { status, message: deps.masker.mask(message) };
}

const empty = {
  type: '',
  description: null,
  host: null,
  schema: null,
  login: null,
  password: null,
  port: null,
  extra: null,
};
