import { MillraceError } from '../../kernel/errors.js';
import { nearest } from '../dag/checks.js';
import type { Operator } from './operator.js';

/** Every operator, loaded when first used: a child that only runs TypeScript loads no SQL engine. */
const operators: Record<string, () => Promise<Operator>> = {
  approval: async () => (await import('./human-input.js')).humanInputOperator,
  bash: async () => (await import('./bash.js')).bashOperator,
  dag_callback: async () => (await import('./dag-callback.js')).dagCallbackOperator,
  email: async () => (await import('./email.js')).emailOperator,
  external_task_sensor: async () => (await import('./sensors.js')).externalTaskSensorOperator,
  hitl: async () => (await import('./human-input.js')).humanInputOperator,
  http: async () => (await import('./http.js')).httpOperator,
  http_sensor: async () => (await import('./sensors.js')).httpSensorOperator,
  latest_only: async () => (await import('./latest-only.js')).latestOnlyOperator,
  load_files: async () => (await import('./load-files.js')).loadFilesOperator,
  object_sensor: async () => (await import('./sensors.js')).objectSensorOperator,
  sensor: async () => (await import('./sensor.js')).sensorOperator,
  short_circuit: async () => (await import('./typescript.js')).shortCircuitOperator,
  sql: async () => (await import('./sql.js')).sqlOperator,
  sql_hooks: async () => (await import('./sql-hooks.js')).sqlHooksOperator,
  sql_node: async () => (await import('./sql-node.js')).sqlNodeOperator,
  sql_sensor: async () => (await import('./sensors.js')).sqlSensorOperator,
  time_sensor: async () => (await import('./sensors.js')).timeSensorOperator,
  trigger_dag_run: async () => (await import('./trigger-dag-run.js')).triggerDagRunOperator,
  typescript: async () => (await import('./typescript.js')).typescriptOperator,
};

const loaded = new Map<string, Operator>();

/** The operator of that name. Throws TASK_FAILED for a name that this version does not know. */
export async function findOperator(name: string): Promise<Operator> {
  const known = loaded.get(name);
  if (known) return known;
  const load = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!load) {
    const near = nearest(name, Object.keys(operators));
    throw new MillraceError(
      'TASK_FAILED',
      `there is no operator "${name}"`,
      near ? { hint: `Did you mean "${near}"?` } : {},
    );
  }
  const operator = await load();
  loaded.set(name, operator);
  return operator;
}
