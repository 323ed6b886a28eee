import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Connection, connectionUri, parseConnection } from '../../scheduler/model/connection.js';
import { ask, print } from '../ask.js';
import { textTable } from '../table.js';
import { type FileFormat, formatOf, readEntities, writeEntities } from './entity-files.js';

interface Found {
  id: string;
  origin: 'environment' | 'database';
  fault: string | null;
  isShadowed: boolean;
  fields: Fields | null;
}

type Fields = Omit<Connection, 'id' | 'type'> & { connection_id: string; conn_type: string };

/** `millrace connections list`: without secrets. */
export async function listConnections(options: { json?: boolean }): Promise<void> {
  const found = await ask<Found[]>('connections');
  if (options.json) return print(JSON.stringify(found, null, 2));
  if (found.length === 0) return print('There is no connection. `millrace connections add` makes one.');
  const rows = found.map(({ id, origin, fields, fault, isShadowed }) => [
    id,
    fields?.conn_type ?? '',
    fields?.host ?? '',
    fields?.port === null || fields?.port === undefined ? '' : String(fields.port),
    fields?.schema ?? '',
    fields?.login ?? '',
    fault ?? (isShadowed ? 'hidden by the environment' : origin),
  ]);
  print(textTable(['id', 'type', 'host', 'port', 'schema', 'login', 'origin'], rows, ''));
}

/** `millrace connections get ID`, with its secrets only when asked. */
export async function getConnection(id: string, options: { showSecrets?: boolean }): Promise<void> {
  const found = await ask<Found[]>('connections', { secrets: options.showSecrets === true });
  // The environment's ids have no case, and come first.
  const one =
    found.find((each) => each.origin === 'environment' && each.id === id.toLowerCase()) ??
    found.find((each) => each.id === id);
  if (!one) throw notFound(id);
  if (one.fault !== null) throw new MillraceError('CONNECTION_INVALID', one.fault);
  print(JSON.stringify({ ...one.fields, origin: one.origin }, null, 2));
}

export interface AddOptions {
  connUri?: string;
  connJson?: string;
  connType?: string;
  connDescription?: string;
  connHost?: string;
  connLogin?: string;
  connPassword?: string;
  connSchema?: string;
  connPort?: string;
  connExtra?: string;
  overwrite?: boolean;
}

/** `millrace connections add ID`: by a URI, by JSON or field by field, as Airflow's. */
export async function addConnection(id: string, options: AddOptions): Promise<void> {
  const { connUri, connJson, overwrite, ...parts } = options;
  const given = [connUri, connJson, options.connType].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new MillraceError('REQUEST_INVALID', 'Give one of --conn-uri, --conn-json and --conn-type.');
  }
  const text = connUri ?? connJson;
  const fields = text === undefined ? fieldsOf(parts) : jsonOf(parseConnection(id, text));
  if (text !== undefined && options.connDescription !== undefined) fields['description'] = options.connDescription;
  await ask('setConnection', { id, fields, mode: overwrite ? 'upsert' : 'create' });
  print(`Connection ${id} is saved.`);
}

export async function deleteConnection(id: string): Promise<void> {
  await ask('deleteConnection', { id });
  print(`Connection ${id} is deleted.`);
}

/** `millrace connections test ID`: exit code 1 when it cannot be reached. */
export async function testConnection(id: string): Promise<void> {
  const answer = await ask<{ status: boolean; message: string } | null>('testConnection', { id });
  if (!answer) throw notFound(id);
  if (!answer.status) throw new MillraceError('CONNECTION_UNUSABLE', answer.message);
  print(answer.message);
}

/** `millrace connections import FILE`: those that are there stay, unless `--overwrite`. */
export async function importConnections(
  path: string,
  options: { format?: FileFormat; overwrite?: boolean },
): Promise<void> {
  const entities = readEntities(path, formatOf(path, options.format));
  // All are read before the first is saved: a mistake in the file changes nothing.
  const wishes = Object.entries(entities).map(([id, value]) => ({ id, fields: fieldsFrom(id, value) }));
  const known = new Set(
    (await ask<Found[]>('connections')).filter(({ origin }) => origin === 'database').map(({ id }) => id),
  );
  let saved = 0;
  for (const { id, fields } of wishes) {
    if (known.has(id) && !options.overwrite) {
      print(`${id} is there already and stays as it is (--overwrite replaces it).`);
      continue;
    }
    await ask('setConnection', { id, fields });
    saved += 1;
  }
  print(`${saved} connections are saved.`);
}

/** `millrace connections export FILE`: those of the metadata database, with their secrets. */
export async function exportConnections(path: string, options: { format?: FileFormat }): Promise<void> {
  const format = formatOf(path, options.format);
  const found = await ask<Found[]>('connections', { secrets: true });
  const own = found.filter(({ origin }) => origin === 'database');
  const sealed = own.find(({ fault }) => fault !== null);
  if (sealed) throw new MillraceError('VAULT_LOCKED', `connection ${sealed.id} cannot be exported: ${sealed.fault}`);
  const entities = own.map(({ id, fields }): [string, Json] => {
    const { connection_id, conn_type, ...rest } = fields as Fields;
    const connection = { id: connection_id, type: conn_type, ...rest };
    return [id, format === 'env' ? connectionUri(connection) : jsonOf(connection)];
  });
  writeEntities(path, Object.fromEntries(entities), format);
  if (path !== '-') print(`${entities.length} connections, with their passwords, are in ${path}.`);
}

function fieldsFrom(id: string, value: Json | undefined): JsonObject {
  if (typeof value === 'string') return jsonOf(parseConnection(id, value));
  return jsonOf(parseConnection(id, JSON.stringify(value ?? null)));
}

function fieldsOf(options: Omit<AddOptions, 'connUri' | 'connJson' | 'overwrite'>): JsonObject {
  const all: Record<string, string | undefined> = {
    conn_type: options.connType,
    description: options.connDescription,
    host: options.connHost,
    login: options.connLogin,
    password: options.connPassword,
    schema: options.connSchema,
    port: options.connPort,
    extra: options.connExtra,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function jsonOf({ id: _id, type, ...rest }: Connection): JsonObject {
  return { conn_type: type, ...rest };
}

function notFound(id: string): MillraceError {
  return new MillraceError('CONNECTION_NOT_FOUND', `There is no connection ${id}.`, {
    hint: '`millrace connections list` lists them.',
  });
}
