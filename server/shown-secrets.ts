import type { Json } from '../kernel/json.js';
import { isSensitiveName, masked, type SecretMasker } from '../kernel/secret-masker.js';
import { type Connection, extraObject } from '../scheduler/model/connection.js';
import type { FoundVariable } from '../scheduler/store/secrets.js';

/** A connection as readers see it, in Airflow's shape: what is secret is `***`. */
export function shownConnection(masker: SecretMasker, connection: Connection) {
  return {
    connection_id: connection.id,
    conn_type: connection.type,
    description: connection.description,
    host: connection.host === null ? null : masker.mask(connection.host),
    login: connection.login,
    schema: connection.schema,
    port: connection.port,
    password: connection.password === null ? null : masked,
    extra: shownExtra(masker, connection),
    team_name: null,
  };
}

/** The extra with `***` in place of its secrets; `***` alone when it is no JSON object. */
export function shownExtra(masker: SecretMasker, { id, extra }: Pick<Connection, 'id' | 'extra'>): string | null {
  if (extra === null) return null;
  try {
    return JSON.stringify(masker.redact(extraObject(id, extra)));
  } catch {
    return masked; // Of a time before extras were checked: nobody knows what in it is secret.
  }
}

/** A value as readers see it. */
export function shownValue(masker: SecretMasker, { key, value }: Pick<FoundVariable, 'key' | 'value'>): string {
  if (value === null || isSensitiveName(key)) return masked;
  if (!value.trimStart().startsWith('{') && !value.trimStart().startsWith('[')) return masker.mask(value);
  try {
    const json = JSON.parse(value) as Json;
    const shown = masker.redact(json);
    // Nothing is hidden in most: then it reads as it was written.
    return JSON.stringify(shown) === JSON.stringify(json) ? value : JSON.stringify(shown);
  } catch {
    return masker.mask(value); // It begins like JSON and is none.
  }
}
