import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import type { PoolChange } from '../../../scheduler/model/admin-commands.js';
import { listPools } from '../../../scheduler/store/queries/admin.js';
import { poolUse } from '../../../scheduler/store/queries/task-instances.js';
import type { AppDeps } from '../../deps.js';
import { type PoolView, poolView } from '../../pages/admin.js';
import { answerBulk } from './bulk.js';
import { maskOf } from './connections.js';
import { bodyOf, likePattern, pageOf, param, requester, sortRows, textOf } from './request.js';
import { wirePool } from './wire.js';

const slots = z.number().int().min(-1);
const body = z.strictObject({
  name: z.string().min(1).max(250),
  slots,
  description: z.string().nullish(),
  include_deferred: z.boolean().default(false),
  team_name: z.null().optional(),
});
const patchBody = z.strictObject({
  /** The name; both of Airflow's words for it. */
  pool: z.string().nullish(),
  name: z.string().nullish(),
  slots: slots.nullish(),
  description: z.string().nullish(),
  include_deferred: z.boolean().nullish(),
  team_name: z.null().optional(),
});
type Body = z.infer<typeof body>;

const orders = {
  id: ({ name }: PoolView) => name,
  name: ({ name }: PoolView) => name,
  slots: (pool: PoolView) => pool.slots,
};

export function poolRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/pools', async (request, response) => {
    const { limit, offset } = pageOf(request);
    const isWanted = likePattern(textOf(request, 'pool_name_pattern'));
    const pools = (await poolsOf(deps)).filter(({ name }) => isWanted(name));
    const sorted = sortRows(request, pools, orders, 'id');
    response.json({ pools: sorted.slice(offset, offset + limit).map(wirePool), total_entries: pools.length });
  });

  router.get('/pools/:name', async (request, response) => {
    response.json(wirePool(await found(deps, param(request, 'name'))));
  });

  router.post('/pools', async (request, response) => {
    const given = bodyOf(request, body);
    await deps.commands.setPool(changeOf(given), requester(request, response), 'create');
    response.status(201).json(wirePool(await found(deps, given.name)));
  });

  router.patch('/pools/:name', async (request, response) => {
    const name = param(request, 'name');
    const given = bodyOf(request, patchBody);
    const said = given.name ?? given.pool ?? name;
    if (said !== name) {
      throw new MillraceError('REQUEST_INVALID', `the body is about ${said}, the address about ${name}`, {
        hint: 'A pool keeps its name: make another.',
      });
    }
    const mask = maskOf(request, Object.keys(patchBody.shape));
    const { description, include_deferred: includeDeferred } = given;
    const isAsked = (field: string) => mask === null || mask.includes(field);
    await deps.commands.setPool(
      {
        name,
        ...(isAsked('slots') && given.slots != null ? { slots: given.slots } : {}),
        ...(isAsked('description') && description !== undefined ? { description } : {}),
        ...(isAsked('include_deferred') && includeDeferred != null ? { includeDeferred } : {}),
      },
      requester(request, response),
      'update',
    );
    response.json(wirePool(await found(deps, name)));
  });

  router.delete('/pools/:name', async (request, response) => {
    await deps.commands.deletePool(param(request, 'name'), requester(request, response));
    response.status(204).end();
  });

  router.patch('/pools', async (request, response) => {
    const by = requester(request, response);
    await answerBulk<Body>(request, response, {
      entity: body,
      keyOf: (entity) => entity.name,
      exists: async (name) => (await poolsOf(deps)).some((pool) => pool.name === name),
      set: (entity, mode, mask) => deps.commands.setPool(changeOf(entity, mask), by, mode),
      delete: (name) => deps.commands.deletePool(name, by),
    });
  });

  return router;
}

function changeOf(given: Body, mask: string[] | null = null): PoolChange {
  const isAsked = (field: string) => mask === null || mask.includes(field);
  return {
    name: given.name,
    ...(isAsked('slots') ? { slots: given.slots } : {}),
    ...(isAsked('description') && given.description !== undefined ? { description: given.description } : {}),
    ...(isAsked('include_deferred') ? { includeDeferred: given.include_deferred } : {}),
  };
}

async function poolsOf(deps: AppDeps): Promise<PoolView[]> {
  const [pools, use] = await Promise.all([deps.store.read(listPools()), deps.store.read(poolUse())]);
  return pools.map((pool) => poolView(pool, use));
}

async function found(deps: AppDeps, name: string): Promise<PoolView> {
  const pool = (await poolsOf(deps)).find((one) => one.name === name);
  if (pool) return pool;
  throw new MillraceError('POOL_NOT_FOUND', `The Pool with name: \`${name}\` was not found`);
}
