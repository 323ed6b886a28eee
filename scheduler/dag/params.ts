import { z } from 'zod';
import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { literalOf } from './checks.js';
import type { DagSpec } from './dag-spec.js';

/** The params of a DAG as the JSON schema of an object. Throws DAG_INVALID. */
export function paramsSchema(dagId: string, params: DagSpec['params']): JsonObject | null {
  if (params === undefined) return null;
  const schema = isZod(params) ? fromZod(dagId, params) : params;
  const { $schema: _dialect, ...rest } = literalOf(`params of Dag "${dagId}"`, schema) as JsonObject;
  if (rest['type'] !== 'object') {
    throw new MillraceError('DAG_INVALID', `the params of Dag "${dagId}" are no object schema`, {
      hint: 'Give z.object({ … }), or a JSON schema with type "object" and properties.',
    });
  }
  return { properties: {}, ...rest };
}

function isZod(params: object): params is z.ZodType {
  return '_zod' in params;
}

function fromZod(dagId: string, params: z.ZodType): object {
  try {
    return z.toJSONSchema(params, { io: 'input', unrepresentable: 'throw' });
  } catch (error) {
    throw new MillraceError('DAG_INVALID', `the params of Dag "${dagId}" cannot be written as a JSON schema`, {
      hint: 'Use types that JSON carries: z.iso.date() instead of z.date().',
      cause: error,
    });
  }
}
