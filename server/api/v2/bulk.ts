import type { Request, Response } from 'express';
import { z } from 'zod';
import { describeError, MillraceError } from '../../../kernel/errors.js';
import type { SetMode } from '../../../scheduler/model/admin-commands.js';
import { bodyOf } from './request.js';

/** What a kind of entity can do, one at a time; bulk requests are made of it. */
export interface BulkKind<Entity> {
  entity: z.ZodType<Entity>;
  keyOf(entity: Entity): string;
  exists(key: string): Promise<boolean>;
  set(entity: Entity, mode: SetMode, mask: string[] | null): Promise<void>;
  delete(key: string): Promise<void>;
}

interface Outcome {
  success: string[];
  errors: { error: string; status_code: number }[];
}

const onExistence = z.enum(['fail', 'skip', 'overwrite']).default('fail');
const onNonExistence = z.enum(['fail', 'skip']).default('fail');
const entitiesMax = 1_000;

/** `{"actions": [{action: create | update | delete, entities, …}]}`: each entity succeeds or fails by itself, as in Airflow. */
export async function answerBulk<Entity>(request: Request, response: Response, kind: BulkKind<Entity>): Promise<void> {
  const entities = z.array(kind.entity).max(entitiesMax);
  const shape = z.strictObject({
    actions: z.array(
      z.discriminatedUnion('action', [
        z.strictObject({ action: z.literal('create'), entities, action_on_existence: onExistence }),
        z.strictObject({
          action: z.literal('update'),
          entities,
          update_mask: z.array(z.string()).nullish(),
          action_on_non_existence: onNonExistence,
        }),
        z.strictObject({
          action: z.literal('delete'),
          entities: z.array(z.string()).max(entitiesMax),
          action_on_non_existence: onNonExistence,
        }),
      ]),
    ),
  });
  const { actions } = bodyOf(request, shape);
  const done: { create: Outcome | null; update: Outcome | null; delete: Outcome | null } = {
    create: null,
    update: null,
    delete: null,
  };
  for (const action of actions) {
    done[action.action] ??= { success: [], errors: [] };
    const outcome = done[action.action] as Outcome;
    if (action.action === 'delete') {
      for (const key of action.entities) {
        if (action.action_on_non_existence === 'skip' && !(await kind.exists(key))) continue;
        await note(outcome, key, () => kind.delete(key));
      }
      continue;
    }
    for (const entity of action.entities) {
      const key = kind.keyOf(entity);
      if (action.action === 'create') {
        if (action.action_on_existence === 'skip' && (await kind.exists(key))) continue;
        const mode = action.action_on_existence === 'overwrite' ? 'upsert' : 'create';
        await note(outcome, key, () => kind.set(entity, mode, null));
      } else {
        if (action.action_on_non_existence === 'skip' && !(await kind.exists(key))) continue;
        await note(outcome, key, () => kind.set(entity, 'update', action.update_mask ?? null));
      }
    }
  }
  response.json(done);
}

async function note(outcome: Outcome, key: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    outcome.success.push(key);
  } catch (error) {
    if (!(error instanceof MillraceError) || error.status >= 500) throw error;
    outcome.errors.push({ error: describeError(error), status_code: error.status });
  }
}
