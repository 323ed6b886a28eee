import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { ask, print } from '../ask.js';
import { textTable } from '../table.js';
import { type FileFormat, formatOf, readEntities, writeEntities } from './entity-files.js';

interface Found {
  key: string;
  value: string;
  origin: 'environment' | 'database';
  description: string | null;
  fault: string | null;
  isShadowed: boolean;
}

/** `millrace variables list`: values of sensitive keys are masked. */
export async function listVariables(options: { json?: boolean }): Promise<void> {
  const found = await ask<Found[]>('variables');
  if (options.json) return print(JSON.stringify(found, null, 2));
  if (found.length === 0) return print('There is no variable. `millrace variables set KEY VALUE` makes one.');
  const rows = found.map(({ key, value, origin, description, fault, isShadowed }) => [
    key,
    value,
    description ?? '',
    fault ?? (isShadowed ? 'hidden by the environment' : origin),
  ]);
  print(textTable(['key', 'value', 'description', 'origin'], rows, ''));
}

/** `millrace variables get KEY`: the value as it is, also of a sensitive key. */
export async function getVariable(key: string, options: { default?: string }): Promise<void> {
  const found = await ask<Found[]>('variables', { secrets: true });
  const one =
    found.find((each) => each.origin === 'environment' && each.key === key.toLowerCase()) ??
    found.find((each) => each.key === key);
  if (one?.fault) throw new MillraceError('VAULT_LOCKED', one.fault);
  const value = one?.value ?? options.default;
  if (value !== undefined) return print(value);
  throw new MillraceError('VARIABLE_NOT_FOUND', `There is no variable ${key}.`, {
    hint: '`millrace variables list` lists them.',
  });
}

export async function setVariable(
  key: string,
  value: string,
  options: { description?: string; json?: boolean },
): Promise<void> {
  if (options.json) assertJson(key, value);
  const { description } = options;
  await ask('setVariable', { key, value, ...(description === undefined ? {} : { description }) });
  print(`Variable ${key} is set.`);
}

export async function deleteVariable(key: string): Promise<void> {
  await ask('deleteVariable', { key });
  print(`Variable ${key} is deleted.`);
}

export type OnExistingKey = 'overwrite' | 'skip' | 'fail';

/** `millrace variables import FILE`: what is no text is kept as JSON; `{"value": …, "description": …}` is both. */
export async function importVariables(
  path: string,
  options: { format?: FileFormat; actionOnExistingKey: OnExistingKey },
): Promise<void> {
  const entities = Object.entries(readEntities(path, formatOf(path, options.format)));
  const known = new Set(
    (await ask<Found[]>('variables')).filter(({ origin }) => origin === 'database').map(({ key }) => key),
  );
  const existing = entities.filter(([key]) => known.has(key)).map(([key]) => key);
  if (existing.length > 0 && options.actionOnExistingKey === 'fail') {
    throw new MillraceError('VARIABLE_EXISTS', `${existing.join(', ')} are there already; nothing is imported.`);
  }
  let saved = 0;
  for (const [key, entity] of entities) {
    if (known.has(key) && options.actionOnExistingKey === 'skip') continue;
    const { value, description } = partsOf(entity);
    await ask('setVariable', { key, value: typeof value === 'string' ? value : JSON.stringify(value), description });
    saved += 1;
  }
  print(`${saved} variables are set.`);
}

/** `millrace variables export FILE`: those of the metadata database, with their values. */
export async function exportVariables(path: string, options: { format?: FileFormat }): Promise<void> {
  const format = formatOf(path, options.format);
  const found = (await ask<Found[]>('variables', { secrets: true })).filter(({ origin }) => origin === 'database');
  const sealed = found.find(({ fault }) => fault !== null);
  if (sealed) throw new MillraceError('VAULT_LOCKED', `variable ${sealed.key} cannot be exported: ${sealed.fault}`);
  const entities = found.map(({ key, value, description }): [string, Json] => [
    key,
    format === 'env' || description === null ? value : { value, description },
  ]);
  writeEntities(path, Object.fromEntries(entities), format);
  if (path !== '-') print(`${entities.length} variables, with their values, are in ${path}.`);
}

function partsOf(entity: Json | undefined): { value: Json; description: string | null } {
  const isPair =
    typeof entity === 'object' &&
    entity !== null &&
    !Array.isArray(entity) &&
    'value' in entity &&
    'description' in entity;
  if (!isPair) return { value: entity ?? '', description: null };
  return { value: entity['value'] ?? '', description: entity['description'] as string | null };
}

function assertJson(key: string, value: string): void {
  try {
    JSON.parse(value);
  } catch {
    throw new MillraceError('REQUEST_INVALID', `The value of ${key} is not JSON.`);
  }
}
