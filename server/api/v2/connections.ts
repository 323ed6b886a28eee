import { type Request, Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import type { ConnectionChange } from '../../../scheduler/model/admin-commands.js';
import type { Connection } from '../../../scheduler/model/connection.js';
import type { FoundConnection } from '../../../scheduler/store/secrets.js';
import type { AppDeps } from '../../deps.js';
import { shownConnection } from '../../shown-secrets.js';
import { testGiven } from '../../test-given.js';
import { answerBulk } from './bulk.js';
import { bodyOf, likePattern, listOf, pageOf, param, requester, sortRows, textOf } from './request.js';

const text = z.string().nullish();
const body = z.strictObject({
  connection_id: z
    .string()
    .max(200)
    .regex(/^[\w.-]+$/),
  conn_type: z.string().min(1),
  description: text,
  host: text,
  login: text,
  schema: text,
  port: z.number().int().nullish(),
  password: text,
  extra: text,
  team_name: z.null().optional(),
});
type Body = z.infer<typeof body>;

const orders = {
  connection_id: ({ connection }: Row) => connection.id,
  id: ({ connection }: Row) => connection.id,
  conn_type: ({ connection }: Row) => connection.type,
  description: ({ connection }: Row) => connection.description,
  host: ({ connection }: Row) => connection.host,
  port: ({ connection }: Row) => connection.port,
};

type Row = { connection: Connection };

/** Connections in Airflow's shapes. Passwords are never told, nor what an extra holds under a sensitive name. */
export function connectionRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/connections', async (request, response) => {
    const { limit, offset } = pageOf(request);
    const isWanted = likePattern(textOf(request, 'connection_id_pattern'));
    const rows = (await deps.secrets.connections()).filter(isShown).filter(({ id }) => isWanted(id));
    const sorted = sortRows(request, rows, orders, 'connection_id');
    response.json({
      connections: sorted.slice(offset, offset + limit).map((row) => shownConnection(deps.masker, row.connection)),
      total_entries: rows.length,
    });
  });

  router.get('/connections/:id', async (request, response) => {
    response.json(shownConnection(deps.masker, await found(deps, param(request, 'id'))));
  });

  router.post('/connections', async (request, response) => {
    const given = bodyOf(request, body);
    await deps.commands.setConnection(changeOf(given), requester(request, response), 'create');
    response.status(201).json(shownConnection(deps.masker, await stored(deps, given.connection_id)));
  });

  router.patch('/connections/:id', async (request, response) => {
    const id = param(request, 'id');
    const given = bodyOf(request, body);
    if (given.connection_id !== id) {
      throw new MillraceError(
        'CONNECTION_INVALID',
        `the body is about ${given.connection_id}, the address about ${id}`,
      );
    }
    await deps.commands.setConnection(
      changeOf(given, maskOf(request, fieldNames)),
      requester(request, response),
      'update',
    );
    response.json(shownConnection(deps.masker, await stored(deps, id)));
  });

  router.delete('/connections/:id', async (request, response) => {
    await deps.commands.deleteConnection(param(request, 'id'), requester(request, response));
    response.status(204).end();
  });

  router.patch('/connections', async (request, response) => {
    const by = requester(request, response);
    await answerBulk<Body>(request, response, {
      entity: body,
      keyOf: (entity) => entity.connection_id,
      exists: async (id) => (await deps.secrets.storedConnection(id)) !== undefined,
      set: (entity, mode, mask) => deps.commands.setConnection(changeOf(entity, mask), by, mode),
      delete: (id) => deps.commands.deleteConnection(id, by),
    });
  });

  router.post('/connections/test', async (request, response) => {
    const given = bodyOf(request, body);
    const before = await deps.secrets.connection(given.connection_id);
    response.json(await testGiven(deps, changeOf(given), before));
  });

  return router;
}

const fieldNames = Object.keys(body.shape);

/** What a body asks to change: all of it, or the fields that `update_mask` names. */
function changeOf(given: Body, mask: string[] | null = null): ConnectionChange {
  const isAsked = (name: string) => mask === null || mask.includes(name);
  const all = {
    type: isAsked('conn_type') ? given.conn_type : undefined,
    description: isAsked('description') ? given.description : undefined,
    host: isAsked('host') ? given.host : undefined,
    login: isAsked('login') ? given.login : undefined,
    schema: isAsked('schema') ? given.schema : undefined,
    port: isAsked('port') ? given.port : undefined,
    password: isAsked('password') ? given.password : undefined,
    extra: isAsked('extra') ? given.extra : undefined,
  };
  const changed = Object.entries(all).filter(([, value]) => value !== undefined);
  return { id: given.connection_id, ...Object.fromEntries(changed) };
}

/** The fields of `update_mask`; null when there is none. Throws REQUEST_INVALID for a field that there is not. */
export function maskOf(request: Request, names: string[]): string[] | null {
  const mask = listOf(request, 'update_mask').flatMap((part) => part.split(','));
  const unknown = mask.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new MillraceError('REQUEST_INVALID', `update_mask names ${unknown}, which is none of ${names.join(', ')}`);
  }
  return mask.length === 0 ? null : mask;
}

/** One that can be read, and that is not hidden by one of the environment. */
function isShown(one: FoundConnection): one is FoundConnection & Row {
  return one.connection !== null && !one.isShadowed;
}

async function found(deps: AppDeps, id: string): Promise<Connection> {
  return (await deps.secrets.connection(id)) ?? notFound(id);
}

async function stored(deps: AppDeps, id: string): Promise<Connection> {
  return (await deps.secrets.storedConnection(id)) ?? notFound(id);
}

function notFound(id: string): never {
  throw new MillraceError('CONNECTION_NOT_FOUND', `The Connection with connection_id: \`${id}\` was not found`);
}
