import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';

/** How an outside system is reached, as Airflow keeps it. */
export interface Connection {
  id: string;
  /** `postgres`, `http`, `aws`, `file` … */
  type: string;
  description: string | null;
  host: string | null;
  schema: string | null;
  login: string | null;
  password: string | null;
  port: number | null;
  /** A JSON object as text. */
  extra: string | null;
}

/** The query parameter of a URI that holds an extra which is no plain list of names and texts. */
const extraParameter = '__extra__';

const portMax = 65_535;

/**
 * A connection from its text: JSON when it begins with a brace, a URI otherwise, both as Airflow reads them from
 * `AIRFLOW_CONN_<ID>`. Throws CONNECTION_INVALID, which never repeats the text: it holds the password.
 */
export function parseConnection(id: string, text: string): Connection {
  const trimmed = text.trim();
  return trimmed.startsWith('{') ? parseConnectionJson(id, trimmed) : parseConnectionUri(id, trimmed);
}

/**
 * `type://login:password@host:port/schema?name=text`, each part percent-encoded. A second `://` gives the host a
 * protocol: `http://https://host/schema`. Throws CONNECTION_INVALID.
 */
export function parseConnectionUri(id: string, uri: string): Connection {
  const schemes = uri.split('://').length - 1;
  const scheme = /^([A-Za-z][\w.+-]*):\/\//.exec(uri)?.[1];
  if (scheme === undefined || schemes > 2) {
    throw invalid(id, 'its URI is not of the form type://login:password@host:port/schema?name=value');
  }
  const rest = uri.slice(scheme.length + 3);
  const inner = schemes === 2 ? /^([^/?#@:]+):\/\/(.*)$/s.exec(rest) : null;
  if (schemes === 2 && !inner) throw invalid(id, 'its URI has something before the protocol of the host');
  const protocol = inner?.[1];
  const parts = splitRest(id, inner ? (inner[2] as string) : rest);
  return {
    ...empty(id, normalType(scheme)),
    ...parts,
    host: protocol === undefined ? parts.host : `${protocol}://${parts.host ?? ''}`,
  };
}

/** The fields by their names in Airflow: conn_type, description, host, login, password, schema, port, extra. Throws CONNECTION_INVALID. */
export function parseConnectionJson(id: string, text: string): Connection {
  let fields: Json;
  try {
    fields = JSON.parse(text) as Json;
  } catch {
    throw invalid(id, 'it is not JSON'); // The parser's own words repeat the text.
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw invalid(id, 'it is no JSON object');
  return connectionFrom(id, fields);
}

/** A connection from fields as in JSON. Throws CONNECTION_INVALID. */
export function connectionFrom(id: string, fields: JsonObject): Connection {
  const unknown = Object.keys(fields).filter((name) => !knownFields.has(name));
  if (unknown.length > 0) {
    throw invalid(id, `it has the fields ${unknown.join(', ')}; known are ${[...knownFields].join(', ')}`);
  }
  if (fields['uri'] !== undefined) {
    if (Object.keys(fields).length > 1) throw invalid(id, 'it has a uri and other fields: give the one or the others');
    return parseConnectionUri(id, textField(id, fields, 'uri') ?? '');
  }
  const type = textField(id, fields, 'conn_type');
  if (type === null || type === '') throw invalid(id, 'it has no conn_type');
  return {
    ...empty(id, normalType(type)),
    description: textField(id, fields, 'description'),
    host: textField(id, fields, 'host'),
    schema: textField(id, fields, 'schema'),
    login: textField(id, fields, 'login'),
    password: textField(id, fields, 'password'),
    port: portField(id, fields['port']),
    extra: extraField(id, fields['extra']),
  };
}

const knownFields: ReadonlySet<string> = new Set([
  'conn_type',
  'description',
  'host',
  'login',
  'password',
  'schema',
  'port',
  'extra',
  'uri',
]);

/** The URI that `parseConnectionUri` reads as this connection, but for its description. */
export function connectionUri(connection: Connection): string {
  const encode = encodeURIComponent;
  const split = /^([^/?#@:]+):\/\/(.*)$/s.exec(connection.host ?? '');
  const host = split ? (split[2] as string) : (connection.host ?? '');
  const login = connection.login === null ? '' : encode(connection.login);
  const password = connection.password === null ? '' : `:${encode(connection.password)}`;
  const user = login + password === '' ? '' : `${login}${password}@`;
  const port = connection.port === null ? '' : `:${connection.port}`;
  const path = connection.schema === null ? '' : `/${encode(connection.schema)}`;
  const uri = `${connection.type.replaceAll('_', '-')}://${split ? `${split[1]}://` : ''}${user}${encode(host)}${port}${path}`;
  if (connection.extra === null) return uri;
  const flat = flatExtra(connection.extra);
  const query = flat ?? { [extraParameter]: connection.extra };
  return `${uri}${path === '' ? '/' : ''}?${new URLSearchParams(query)}`;
}

/** The object of an extra; an empty one when there is none. Throws CONNECTION_INVALID. */
export function extraObject(id: string, extra: string | null): JsonObject {
  if (extra === null || extra.trim() === '') return {};
  let value: Json;
  try {
    value = JSON.parse(extra) as Json;
  } catch {
    throw invalid(id, 'its extra is not JSON', 'Write it as an object: {"region_name": "eu-central-1"}.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid(id, 'its extra is no JSON object', 'Write it as an object: {"region_name": "eu-central-1"}.');
}

/** A port as a number. Throws CONNECTION_INVALID. */
export function portField(id: string, value: Json | undefined): number | null {
  if (value === undefined || value === null || value === '') return null;
  const port = typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value;
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= portMax) return port;
  throw invalid(id, `its port is ${JSON.stringify(value)}, not a whole number from 1 to ${portMax}`);
}

function splitRest(id: string, rest: string): Omit<Connection, 'id' | 'type' | 'description'> {
  const withoutFragment = rest.split('#')[0] as string;
  const queryAt = withoutFragment.indexOf('?');
  const address = queryAt < 0 ? withoutFragment : withoutFragment.slice(0, queryAt);
  const query = queryAt < 0 ? '' : withoutFragment.slice(queryAt + 1);
  const slashAt = address.indexOf('/');
  const authority = slashAt < 0 ? address : address.slice(0, slashAt);
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  const colonAt = user.indexOf(':');
  const place = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(authority.slice(at + 1));
  if (!place) throw invalid(id, 'its host and port are not of the form host:port');
  const port = place[2] ?? '';
  if (port !== '' && !/^\d+$/.test(port)) throw invalid(id, 'its port is not a number');
  return {
    host: orNull(hostOf(id, place[1] as string)),
    schema: slashAt < 0 ? null : orNull(decode(id, address.slice(slashAt + 1))),
    login: orNull(decode(id, colonAt < 0 ? user : user.slice(0, colonAt))),
    password: colonAt < 0 ? null : orNull(decode(id, user.slice(colonAt + 1))),
    port: portField(id, port),
    extra: extraOf(id, query),
  };
}

/** Names of hosts are in lower case, as Python's `urlsplit` gives them; a path that was encoded as a host keeps its case. */
function hostOf(id: string, text: string): string {
  const host = decode(id, text.replace(/^\[(.*)\]$/, '$1'));
  return host.includes('/') ? host : host.toLowerCase();
}

function extraOf(id: string, query: string): string | null {
  if (query === '') return null;
  const parameters = Object.fromEntries(new URLSearchParams(query));
  const whole = parameters[extraParameter];
  return whole === undefined ? JSON.stringify(parameters) : extraField(id, whole);
}

function flatExtra(extra: string): Record<string, string> | undefined {
  const value = JSON.parse(extra) as Json;
  const isFlat =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === 'string');
  return isFlat ? (value as Record<string, string>) : undefined;
}

function textField(id: string, fields: JsonObject, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  throw invalid(id, `its ${name} is no text`);
}

function extraField(id: string, value: Json | undefined): string | null {
  if (value === undefined || value === null || value === '') return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  extraObject(id, text);
  return text;
}

/** As Airflow: a dash becomes an underscore, and `postgresql` is `postgres`. */
function normalType(type: string): string {
  const text = type.toLowerCase().replaceAll('-', '_');
  return text === 'postgresql' ? 'postgres' : text;
}

function empty(id: string, type: string): Connection {
  return {
    id,
    type,
    description: null,
    host: null,
    schema: null,
    login: null,
    password: null,
    port: null,
    extra: null,
  };
}

function decode(id: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(id, 'its URI has a percent sign that encodes nothing', 'Write a percent sign as %25.');
  }
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

function invalid(id: string, why: string, hint?: string): MillraceError {
  return new MillraceError('CONNECTION_INVALID', `connection "${id}" cannot be read: ${why}`, hint ? { hint } : {});
}
