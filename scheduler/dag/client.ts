import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { AssetName, DagRunSummary, TaskResult } from '../model/attempt.js';
import { type Asset, type AssetNameRef, type AssetUriRef, assetName } from './assets.js';
import { literalOf } from './checks.js';
import { type AttemptScope, currentScope } from './runtime.js';

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
  /** This task, DAG, run and map index when absent. Of another task the instance that is not mapped, -1. */
  taskId?: string;
  dagId?: string;
  runId?: string;
  mapIndex?: number | null;
  /** true: when this run has none, that of the latest run before it by logical date. */
  includePriorDates?: boolean;
}

export interface SetXComOpts {
  key: string;
  value: Json;
  /** This task, DAG, run and map index when absent. */
  taskId?: string;
  dagId?: string;
  runId?: string;
  mapIndex?: number | null;
}

/** That an asset was written: by a task, or by a person (then without `source`). */
export interface AssetEvent {
  asset: { name: string; uri: string };
  /** ISO 8601. */
  timestamp: string;
  extra: JsonObject;
  source: { dagId: string; runId: string; taskId: string; mapIndex: number } | null;
}

/** Values that tasks keep of one asset, from run to run and for each other. Values are JSON and never null. */
export interface AssetStateStore {
  /** null when there is none, or no such asset. */
  get<T = Json>(key: string): Promise<T | null>;
  /** Rejects with ASSET_NOT_FOUND when no DAG names the asset. */
  set(key: string, value: NonNullable<Json>): Promise<void>;
  delete(key: string): Promise<void>;
  /** Deletes all keys of the asset. */
  clear(): Promise<void>;
}

export interface AssetStateStores {
  forAsset(asset: Asset | AssetNameRef | AssetUriRef): AssetStateStore;
}

/** There is no variable of that name. */
export class VariableNotFoundError extends MillraceError {
  readonly key: string;

  constructor(key: string) {
    super('VARIABLE_NOT_FOUND', `there is no variable "${key}"`, {
      hint: `Set it in the UI, or as AIRFLOW_VAR_${key.toUpperCase()}.`,
    });
    this.name = 'VariableNotFoundError';
    this.key = key;
  }
}

/** There is no connection of that id. */
export class ConnectionNotFoundError extends MillraceError {
  readonly connId: string;

  constructor(connId: string) {
    super('CONNECTION_NOT_FOUND', `there is no connection "${connId}"`, {
      hint: `Add it in the UI, or as AIRFLOW_CONN_${connId.toUpperCase()}.`,
    });
    this.name = 'ConnectionNotFoundError';
    this.connId = connId;
  }
}

/** What a task can ask of the scheduler while it runs. Answers are of the moment; writes are refused from a late attempt. */
export interface TaskClient {
  getVariable(key: string): Promise<string | null>;
  /** Rejects with a VariableNotFoundError. */
  getVariableOrThrow(key: string): Promise<string>;
  setVariable(key: string, value: string, description?: string | null): Promise<void>;
  deleteVariable(key: string): Promise<void>;
  getConnection(id: string): Promise<ConnectionResult | null>;
  /** Rejects with a ConnectionNotFoundError. */
  getConnectionOrThrow(id: string): Promise<ConnectionResult>;
  /** null when there is none. */
  getXCom<T = Json>(of: GetXComOpts): Promise<T | null>;
  setXCom(of: SetXComOpts): Promise<void>;
  getTaskStates(of?: { dagId?: string; runId?: string }): Promise<Record<string, string | null>>;
  getDagRun(of: { dagId: string; runId: string }): Promise<DagRunSummary | null>;
  /** What the tasks of a run came to: what a report is made of. */
  getTaskResults(of?: { dagId?: string; runId?: string }): Promise<TaskResult[]>;
  /** The asset events that this run was made for, oldest first; of a run that was made otherwise, none. */
  getTriggeringAssetEvents(): Promise<AssetEvent[]>;
  /** The latest events of an asset, oldest first: at most `limit` (1,000) of them, between two times if given. */
  getInletEvents(
    asset: Asset | AssetNameRef | AssetUriRef,
    of?: { after?: Date; before?: Date; limit?: number },
  ): Promise<AssetEvent[]>;
  /** What tasks keep of assets. */
  readonly assetStateStore: AssetStateStores;
}

/** The client of the running task; follows every await. Throws OUTSIDE_TASK outside a handler. */
export function getClient(): TaskClient {
  const { attempt, call } = currentScope('getClient()');
  const ownRun = (of: { dagId?: string; runId?: string } = {}) => ({
    dagId: of.dagId ?? attempt.dagId,
    runId: of.runId ?? attempt.runId,
  });
  const placeOf = ({ taskId = attempt.taskId, mapIndex, ...of }: Omit<GetXComOpts, 'key'>) => {
    const isOwn = taskId === attempt.taskId && mapIndex === undefined;
    return { ...ownRun(of), taskId, mapIndex: isOwn ? attempt.mapIndex : (mapIndex ?? -1) };
  };
  const client: TaskClient = {
    getVariable: async (key) => ((await call({ method: 'getVariable', key })) as string | null | undefined) ?? null,
    async getVariableOrThrow(key) {
      const value = await client.getVariable(key);
      if (value !== null) return value;
      throw new VariableNotFoundError(key);
    },
    setVariable: async (key, value, description = null) =>
      void (await call({ method: 'setVariable', key, value, description })),
    deleteVariable: async (key) => void (await call({ method: 'deleteVariable', key })),
    getConnection: async (id) =>
      ((await call({ method: 'getConnection', id })) as ConnectionResult | undefined) ?? null,
    async getConnectionOrThrow(id) {
      const connection = await client.getConnection(id);
      if (connection) return connection;
      throw new ConnectionNotFoundError(id);
    },
    async getXCom<T>({ key, includePriorDates = false, ...of }: GetXComOpts) {
      const value = await call({ method: 'getXCom', ...placeOf(of), key, includePriorDates });
      return (value as T | undefined) ?? null;
    },
    setXCom: async ({ key, value, ...of }) =>
      void (await call({ method: 'setXCom', ...placeOf(of), key, value: literalOf(`XCom "${key}"`, value) })),
    getTaskStates: async (of) =>
      (await call({ method: 'getTaskStates', ...ownRun(of) })) as Record<string, string | null>,
    getDagRun: async (of) =>
      ((await call({ method: 'getDagRun', ...of })) as unknown as DagRunSummary | undefined) ?? null,
    getTaskResults: async (of) => (await call({ method: 'getTaskResults', ...ownRun(of) })) as unknown as TaskResult[],
    getTriggeringAssetEvents: async () =>
      (await call({ method: 'getTriggeringAssetEvents', ...ownRun() })) as unknown as AssetEvent[],
    getInletEvents: async (asset, { after, before, limit = null } = {}) =>
      (await call({
        method: 'getInletEvents',
        asset: assetName(asset),
        after: after?.getTime() ?? null,
        before: before?.getTime() ?? null,
        limit,
      })) as unknown as AssetEvent[],
    assetStateStore: { forAsset: (asset) => assetStateStore(assetName(asset), call) },
  };
  return client;
}

function assetStateStore(asset: AssetName, call: AttemptScope['call']): AssetStateStore {
  const checked = (key: string) => {
    if (typeof key === 'string' && key !== '') return key;
    throw new MillraceError('REQUEST_INVALID', `the key of an asset's state is ${JSON.stringify(key)}`, {
      hint: 'Give a text that is not empty.',
    });
  };
  return {
    get: async <T>(key: string) => {
      const value = await call({ method: 'getAssetState', asset, key: checked(key) });
      return (value as T | undefined) ?? null;
    },
    async set(key, value) {
      if (value === null || value === undefined) throw new TypeError('the state of an asset is never null: delete it');
      await call({ method: 'setAssetState', asset, key: checked(key), value: literalOf(`state "${key}"`, value) });
    },
    delete: async (key) => void (await call({ method: 'deleteAssetState', asset, key: checked(key) })),
    clear: async () => void (await call({ method: 'deleteAssetState', asset, key: null })),
  };
}
