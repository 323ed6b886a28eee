import { MillraceError } from '../../../kernel/errors.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import { masked } from '../../../kernel/secret-masker.js';
import type { ConnectionChange, SetMode } from '../../model/admin-commands.js';
import type { Requester } from '../../model/commands.js';
import { type Connection, extraObject, portField } from '../../model/connection.js';
import { connectionRow } from '../../store/queries/secrets.js';
import { openFields, sealSecrets } from '../../store/secrets.js';
import * as write from '../../store/transitions/write-admin.js';
import type { SecretDeps } from './admin.js';
import { audit, type CommandDeps } from './commands.js';
import { checkedConnectionId } from './names.js';

/** Makes a connection or changes it. The audit row names the fields that changed, and no value. */
export function setConnection(
  deps: CommandDeps,
  { vault, secrets }: SecretDeps,
  change: ConnectionChange,
  by: Requester,
  mode: SetMode,
): Promise<void> {
  const id = checkedConnectionId(change.id);
  return deps.alone(async () => {
    const [row] = await deps.store.read(connectionRow(id));
    if (row && mode === 'create') {
      throw new MillraceError('CONNECTION_EXISTS', `there is a connection "${id}" already`);
    }
    if (!row && mode === 'update') throw notFound(id);
    // One that cannot be opened any more (another key sealed it) can still be entered anew.
    const isReplaced = [change.password, change.extra].every(
      (secret) => secret !== undefined && !secret?.includes(masked),
    );
    const before = row && (isReplaced ? openFields(row) : await secrets.storedConnection(id));
    const after = changedConnection(id, before, change);
    const { id: _id, password: _password, extra: _extra, ...open } = after;
    await deps.request((turn) => {
      turn.write(write.setConnection({ id, ...open, sealed: sealSecrets(vault, after), at: turn.now }));
      const { id: _changed, ...fields } = change;
      audit(turn, by, row ? 'patch_connection' : 'post_connection', {
        extra: { connection_id: id, conn_type: after.type, fields: Object.keys(fields) },
      });
    });
    // What was just set is masked from now on.
    await secrets.storedConnection(id);
  });
}

export function deleteConnection(deps: CommandDeps, id: string, by: Requester): Promise<void> {
  return deps.alone(async () => {
    const [row] = await deps.store.read(connectionRow(id));
    if (!row) throw notFound(id);
    await deps.request((turn) => {
      turn.write(write.deleteConnection(id));
      audit(turn, by, 'delete_connection', { extra: { connection_id: id } });
    });
  });
}

/**
 * A connection after a change. What a reader was shown as `***` and sent back stays as it is. Throws CONNECTION_INVALID.
 */
export function changedConnection(id: string, before: Connection | undefined, change: ConnectionChange): Connection {
  const type = change.type ?? before?.type ?? '';
  if (type.trim() === '') throw new MillraceError('CONNECTION_INVALID', `connection "${id}" has no conn_type`);
  const text = (name: 'description' | 'host' | 'schema' | 'login'): string | null => {
    const value = change[name];
    return value === undefined ? (before?.[name] ?? null) : value === '' ? null : value;
  };
  const password = change.password === undefined || change.password === masked ? before?.password : change.password;
  return {
    id,
    type: type.trim(),
    description: text('description'),
    host: text('host'),
    schema: text('schema'),
    login: text('login'),
    password: password === undefined || password === '' ? null : password,
    port: change.port === undefined ? (before?.port ?? null) : portField(id, change.port),
    extra: change.extra === undefined ? (before?.extra ?? null) : extraAfter(id, before?.extra ?? null, change.extra),
  };
}

function extraAfter(id: string, before: string | null, change: string | null): string | null {
  if (change === masked) return before;
  if (change === null || change.trim() === '') return null;
  const object = extraObject(id, change);
  if (!change.includes(masked)) return change;
  return JSON.stringify(unmasked(object, extraObject(id, before)));
}

/** The same value, with what is `***` in it taken from the value that was shown. */
function unmasked(value: Json, before: Json | undefined): Json {
  if (value === masked) return before === undefined ? masked : before;
  if (Array.isArray(value)) {
    return value.map((one, index) => unmasked(one, Array.isArray(before) ? before[index] : undefined));
  }
  if (typeof value !== 'object' || value === null) return value;
  const known: JsonObject = typeof before === 'object' && before !== null && !Array.isArray(before) ? before : {};
  return Object.fromEntries(
    Object.entries(value).map(([name, one]): [string, Json] => [name, unmasked(one, known[name])]),
  );
}

function notFound(id: string): MillraceError {
  return new MillraceError('CONNECTION_NOT_FOUND', `there is no connection "${id}" in the metadata database`, {
    hint: `Those of the environment (AIRFLOW_CONN_${id.toUpperCase()}) are changed where the server is started.`,
  });
}
