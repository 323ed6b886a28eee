import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { SerializedDag } from '../model/dag.js';

/** The params of a run: the defaults of the schema, with what the conf says instead. */
export function paramsOf(dag: Pick<SerializedDag, 'paramsSchema'>, conf: JsonObject): JsonObject {
  const params: JsonObject = {};
  for (const [name, schema] of Object.entries((dag.paramsSchema?.['properties'] ?? {}) as Record<string, JsonObject>)) {
    if (schema['default'] !== undefined) params[name] = schema['default'];
  }
  return { ...params, ...conf };
}

/** Throws PARAMS_INVALID when the conf, with the defaults, breaks the schema of the DAG's params. */
export function checkParams(dag: SerializedDag, conf: JsonObject): void {
  const problem = paramsProblem(dag, conf);
  if (problem === null) return;
  throw new MillraceError('PARAMS_INVALID', problem, {
    hint: 'The conf of a run must fit the params that the DAG declares.',
  });
}

/** How the conf, with the defaults, breaks the schema of the DAG's params; null when it does not. */
export function paramsProblem(dag: SerializedDag, conf: JsonObject): string | null {
  const faults = dag.paramsSchema ? schemaFaults(dag.paramsSchema, paramsOf(dag, conf), 'params') : [];
  return faults.length === 0 ? null : `${dag.dagId}: ${faults.join('; ')}`;
}

/** What of the value breaks the JSON schema, place first; `root` names the value itself. */
export function schemaFaults(schema: JsonObject, value: Json, root: string): string[] {
  const validate = validatorOf(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath.slice(1) || root} ${error.message}`);
}

const validators = new WeakMap<JsonObject, ValidateFunction>();

function validatorOf(schema: JsonObject): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const ajv = new Ajv({ strict: false, allErrors: true, useDefaults: true });
  // The package is CommonJS: its default export is the function itself or the module that holds it.
  (typeof addFormats === 'function' ? addFormats : (addFormats as { default: (ajv: Ajv) => void }).default)(ajv);
  const { $schema: _dialect, ...rest } = schema;
  const validate = ajv.compile(rest);
  validators.set(schema, validate);
  return validate;
}
