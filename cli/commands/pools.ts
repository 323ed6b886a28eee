import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { ask, print } from '../ask.js';
import { textTable } from '../table.js';
import { formatOf, readEntities, writeEntities } from './entity-files.js';

interface Pool {
  name: string;
  slots: number;
  description: string | null;
  include_deferred: boolean;
}

export async function listPools(options: { json?: boolean }): Promise<void> {
  const pools = await ask<Pool[]>('pools');
  if (options.json) return print(JSON.stringify(pools, null, 2));
  const rows = pools.map(({ name, slots, description, include_deferred }) => [
    name,
    slots < 0 ? 'no limit' : String(slots),
    include_deferred ? 'yes' : 'no',
    description ?? '',
  ]);
  print(textTable(['pool', 'slots', 'deferred count', 'description'], rows, ''));
}

export async function getPool(name: string): Promise<void> {
  const pool = (await ask<Pool[]>('pools')).find((one) => one.name === name);
  if (!pool) {
    throw new MillraceError('POOL_NOT_FOUND', `There is no pool ${name}.`, {
      hint: '`millrace pools list` lists them.',
    });
  }
  print(JSON.stringify(pool, null, 2));
}

export async function setPool(
  name: string,
  slots: number,
  description: string | undefined,
  options: { includeDeferred?: boolean },
): Promise<void> {
  const { includeDeferred } = options;
  await ask('setPool', {
    name,
    slots,
    ...(description === undefined ? {} : { description }),
    ...(includeDeferred === undefined ? {} : { includeDeferred }),
  });
  print(`Pool ${name} has ${slots < 0 ? 'slots without limit' : `${slots} slots`}.`);
}

export async function deletePool(name: string): Promise<void> {
  await ask('deletePool', { name });
  print(`Pool ${name} is deleted.`);
}

/** `millrace pools import FILE`: `{"name": {"slots": 3, "description": "…", "include_deferred": false}}`. */
export async function importPools(path: string): Promise<void> {
  const entities = Object.entries(readEntities(path, formatOf(path)));
  const wishes = entities.map(([name, entity]) => poolFrom(name, entity));
  for (const wish of wishes) await ask('setPool', wish);
  print(`${wishes.length} pools are set.`);
}

export async function exportPools(path: string): Promise<void> {
  const pools = await ask<Pool[]>('pools');
  const entities = Object.fromEntries(pools.map(({ name, ...rest }): [string, Json] => [name, { ...rest }]));
  writeEntities(path, entities, formatOf(path));
  if (path !== '-') print(`${pools.length} pools are in ${path}.`);
}

function poolFrom(name: string, entity: Json | undefined) {
  const fields = typeof entity === 'object' && entity !== null && !Array.isArray(entity) ? entity : {};
  const { slots, description = null, include_deferred: includeDeferred = false } = fields;
  if (typeof slots === 'number') return { name, slots, description, includeDeferred };
  throw new MillraceError('REQUEST_INVALID', `pool ${name} has ${JSON.stringify(slots ?? null)} slots`, {
    hint: 'Write {"slots": 3, "description": "…", "include_deferred": false}.',
  });
}
