import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { DagRunSummary, TaskResult } from '../model/attempt.js';
import { literalOf } from './checks.js';
import { currentScope } from './runtime.js';

/** A connection as a task sees it. */
export interface ConnectionResult {
  id: string;
  type: string;
  host?: string | null;
  schema?: string | null;
  login?: string | null;
  password?: string | null;
  port?: number | null;
  /** JSON text or an object, as it was entered. */
  extra?: Json;
}

export interface GetXComOpts {
  key: string;
  /** This task, DAG, run and map index when absent. */
  taskId?: string;
  dagId?: string;
  runId?: string;
  mapIndex?: number;
}

export interface SetXComOpts {
  key: string;
  value: Json;
}

/** What a task can ask of the scheduler while it runs. Answers are of the moment; writes are refused from a late attempt. */
export interface TaskClient {
  getVariable(key: string): Promise<string | null>;
  /** Rejects with VARIABLE_NOT_FOUND. */
  getVariableOrThrow(key: string): Promise<string>;
  setVariable(key: string, value: string, description?: string): Promise<void>;
  deleteVariable(key: string): Promise<void>;
  getConnection(id: string): Promise<ConnectionResult | null>;
  /** Rejects with CONNECTION_NOT_FOUND. */
  getConnectionOrThrow(id: string): Promise<ConnectionResult>;
  /** null when there is none. */
  getXCom<T = Json>(of: GetXComOpts): Promise<T | null>;
  setXCom(of: SetXComOpts): Promise<void>;
  getTaskStates(of?: { dagId?: string; runId?: string }): Promise<Record<string, string | null>>;
  getDagRun(of: { dagId: string; runId: string }): Promise<DagRunSummary | null>;
  /** What the tasks of a run came to: what a report is made of. */
  getTaskResults(of?: { dagId?: string; runId?: string }): Promise<TaskResult[]>;
}

/** The client of the running task; follows every await. Throws OUTSIDE_TASK outside a handler. */
export function getClient(): TaskClient {
  const { attempt, call } = currentScope('getClient()');
  const ownRun = (of: { dagId?: string; runId?: string } = {}) => ({
    dagId: of.dagId ?? attempt.dagId,
    runId: of.runId ?? attempt.runId,
  });
  const client: TaskClient = {
    getVariable: async (key) => ((await call({ method: 'getVariable', key })) as string | null | undefined) ?? null,
    async getVariableOrThrow(key) {
      const value = await client.getVariable(key);
      if (value !== null) return value;
      throw new MillraceError('VARIABLE_NOT_FOUND', `there is no variable "${key}"`, {
        hint: `Set it in the UI, or as AIRFLOW_VAR_${key.toUpperCase()}.`,
      });
    },
    setVariable: async (key, value) => void (await call({ method: 'setVariable', key, value })),
    deleteVariable: async (key) => void (await call({ method: 'deleteVariable', key })),
    getConnection: async (id) =>
      ((await call({ method: 'getConnection', id })) as ConnectionResult | undefined) ?? null,
    async getConnectionOrThrow(id) {
      const connection = await client.getConnection(id);
      if (connection) return connection;
      throw new MillraceError('CONNECTION_NOT_FOUND', `there is no connection "${id}"`, {
        hint: `Add it in the UI, or as AIRFLOW_CONN_${id.toUpperCase()}.`,
      });
    },
    async getXCom<T>({ key, taskId = attempt.taskId, mapIndex, ...of }: GetXComOpts) {
      const ownIndex = taskId === attempt.taskId ? attempt.mapIndex : -1;
      const value = await call({ method: 'getXCom', ...ownRun(of), taskId, mapIndex: mapIndex ?? ownIndex, key });
      return (value as T | undefined) ?? null;
    },
    setXCom: async ({ key, value }) =>
      void (await call({ method: 'setXCom', key, value: literalOf(`XCom "${key}"`, value) })),
    getTaskStates: async (of) =>
      (await call({ method: 'getTaskStates', ...ownRun(of) })) as Record<string, string | null>,
    getDagRun: async (of) =>
      ((await call({ method: 'getDagRun', ...of })) as unknown as DagRunSummary | undefined) ?? null,
    getTaskResults: async (of) => (await call({ method: 'getTaskResults', ...ownRun(of) })) as unknown as TaskResult[],
  };
  return client;
}
