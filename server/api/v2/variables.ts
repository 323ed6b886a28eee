import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import type { SecretMasker } from '../../../kernel/secret-masker.js';
import type { VariableChange } from '../../../scheduler/model/admin-commands.js';
import type { FoundVariable } from '../../../scheduler/store/secrets.js';
import type { AppDeps } from '../../deps.js';
import { shownValue } from '../../shown-secrets.js';
import { answerBulk } from './bulk.js';
import { maskOf } from './connections.js';
import { bodyOf, likePattern, pageOf, param, requester, sortRows, textOf } from './request.js';

const body = z.strictObject({
  key: z.string().min(1).max(250),
  value: z.json(),
  description: z.string().nullish(),
  team_name: z.null().optional(),
});
type Body = z.infer<typeof body>;
type ShownVariable = Pick<FoundVariable, 'key' | 'value' | 'description' | 'origin'>;

const orders = {
  key: ({ key }: FoundVariable) => key,
  id: ({ key }: FoundVariable) => key,
  description: ({ description }: FoundVariable) => description,
};

/** Variables in Airflow's shapes: a value whose key (or whose name within its JSON) is sensitive reads as `***`. */
export function variableRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/variables', async (request, response) => {
    const { limit, offset } = pageOf(request);
    const isWanted = likePattern(textOf(request, 'variable_key_pattern'));
    const rows = (await deps.secrets.variables()).filter((row) => !row.isShadowed && isWanted(row.key));
    const sorted = sortRows(request, rows, orders, 'key');
    response.json({
      variables: sorted.slice(offset, offset + limit).map((row) => wireVariable(deps.masker, row)),
      total_entries: rows.length,
    });
  });

  router.get('/variables/:key', async (request, response) => {
    const key = param(request, 'key');
    const row = (await deps.secrets.variables()).find((one) => one.key === key && !one.isShadowed);
    response.json(wireVariable(deps.masker, row ?? notFound(key)));
  });

  router.post('/variables', async (request, response) => {
    const given = bodyOf(request, body);
    await deps.commands.setVariable(changeOf(given), requester(request, response), 'create');
    response.status(201).json(await stored(deps, given.key));
  });

  router.patch('/variables/:key', async (request, response) => {
    const key = param(request, 'key');
    const given = bodyOf(request, body);
    if (given.key !== key) {
      throw new MillraceError('REQUEST_INVALID', `the body is about ${given.key}, the address about ${key}`);
    }
    const mask = maskOf(request, Object.keys(body.shape));
    await deps.commands.setVariable(changeOf(given, mask), requester(request, response), 'update');
    response.json(await stored(deps, key));
  });

  router.delete('/variables/:key', async (request, response) => {
    await deps.commands.deleteVariable(param(request, 'key'), requester(request, response));
    response.status(204).end();
  });

  router.patch('/variables', async (request, response) => {
    const by = requester(request, response);
    await answerBulk<Body>(request, response, {
      entity: body,
      keyOf: (entity) => entity.key,
      exists: async (key) => (await deps.secrets.storedVariable(key)) !== undefined,
      set: (entity, mode, mask) => deps.commands.setVariable(changeOf(entity, mask), by, mode),
      delete: (key) => deps.commands.deleteVariable(key, by),
    });
  });

  return router;
}

function wireVariable(masker: SecretMasker, row: ShownVariable) {
  return {
    key: row.key,
    value: shownValue(masker, row),
    description: row.description,
    is_encrypted: row.origin === 'database',
    team_name: null,
  };
}

/** What is no text is kept as JSON, as Airflow does. */
function changeOf(given: Body, mask: string[] | null = null): VariableChange {
  const isAsked = (name: string) => mask === null || mask.includes(name);
  const value = typeof given.value === 'string' ? given.value : JSON.stringify(given.value);
  return {
    key: given.key,
    ...(isAsked('value') ? { value } : {}),
    ...(isAsked('description') && given.description !== undefined ? { description: given.description } : {}),
  };
}

async function stored(deps: AppDeps, key: string) {
  const row = (await deps.secrets.storedVariable(key)) ?? notFound(key);
  return wireVariable(deps.masker, { key, origin: 'database', ...row });
}

function notFound(key: string): never {
  throw new MillraceError('VARIABLE_NOT_FOUND', `The Variable with key: \`${key}\` was not found`);
}
