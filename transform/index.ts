/** The SQL engine's public surface: what DAGs, the command line and dashboards use of it. */
export type { Adapter, Connection, QueryResult } from './adapters/adapter.js';
export { openAdapter } from './adapters/open.js';
export { runResultsArtifact } from './artifacts/run-results.js';
export {
  type LineageBasis,
  type LineageInput,
  lineageArtifact,
  type NodeLineage,
  projectLineage,
} from './lineage/project-lineage.js';
export type { LoadOptions } from './manifest/parse.js';
export type { NodeResult, NodeStatus, ProjectNode, ResourceType } from './model.js';
export { loadProject, Project } from './project.js';
export { type HookKind, hooksOf } from './run/hook-order.js';
export { type RunNodeOptions, runNode } from './run/run-node.js';
export type { TimedResult } from './run/run-project.js';
export type { SqlTask, TaskGraphRequest } from './task-graph.js';
