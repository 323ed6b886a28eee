/** The public module `millrace`: everything that a DAG file may import. */
export type { Json, Json as JsonValue, JsonObject } from '../kernel/json.js';
export { type ArgList, type ArgNameMap, withArgList, withArgNames } from './dag/arg-list.js';
export { Asset, AssetExpression, AssetNameRef, AssetUriRef, all, any, asset } from './dag/assets.js';
export type { IfBranch as Condition, SwitchBranch as Branch } from './dag/branches.js';
export { Bundle, type Registerable, TaskHandler } from './dag/bundle.js';
export {
  type AssetEvent,
  type AssetStateStore,
  ConnectionNotFoundError,
  type ConnectionResult,
  type GetXComOpts,
  getClient,
  type SetXComOpts,
  type TaskClient,
  VariableNotFoundError,
} from './dag/client.js';
export { Dag } from './dag/dag.js';
export {
  type Callback,
  type CallbackContext,
  type DagSpec,
  email,
  type Notice,
  type Schedule,
} from './dag/dag-spec.js';
export { type TaskFactory, type Zipped, zip } from './dag/factory.js';
export {
  type DuckdbHook,
  duckdb,
  type HttpAnswer,
  type HttpHook,
  http,
  type ObjectStoreHook,
  objectStore,
  type PostgresHook,
  postgres,
} from './dag/hooks.js';
export type * from './dag/ready-made.js';
export type { Input, Input as TaskInput, Node, Ref, TaskFunction, TaskInputs, TaskRef } from './dag/refs.js';
export { addAssetEvent, getContext, maskSecret, type TaskContext, type TaskLog } from './dag/runtime.js';
export { defer, FailTask, SkipTask, type Trigger, trigger } from './dag/signals.js';
export type { TaskGroup, TaskGroup as TaskGroupRef } from './dag/task-scope.js';
export type { TaskSpec, TaskSpec as TaskOptions } from './dag/task-spec.js';
export type { TaskResult } from './model/attempt.js';
export {
  deleteLoadedObjects,
  deleteOldEvents,
  ensureWarehouse,
  type LakeFile,
  type ListOptions,
  type LoadBatch,
  type LoadOptions,
  type LoadPlace,
  type LoadReport,
  listNewFiles,
  loadBatch,
  type NewFiles,
  planBatches,
  type QuarantinedFile,
  releaseQuarantine,
} from './operators/file-load/index.js';
export { openLoadPlace } from './operators/load-place.js';
export { testDag } from './testing/lazily.js';
export type { TestDagOptions, TestedRun, TestedTask } from './testing/test-dag.js';
