import type { Json, JsonObject } from '../kernel/json.js';

/**
 * What the SQL engine shows to the rest of Millrace: a parsed project as data, and the result of one node. The engine
 * knows nothing of the scheduler; `dag.sqlProject` turns nodes into tasks, `millrace sql` runs them by itself.
 */
export type ResourceType =
  | 'model'
  | 'seed'
  | 'snapshot'
  | 'test'
  | 'unit_test'
  | 'source'
  | 'analysis'
  | 'operation'
  | 'exposure';

export interface ProjectNode {
  /** dbt's unique id: `model.bank.dim_customers`, `test.bank.not_null_….<hash>`. */
  uniqueId: string;
  resourceType: ResourceType;
  name: string;
  packageName: string;
  /** Path from the project's folder, with `/`. */
  originalFilePath: string;
  fqn: string[];
  /** view, table, incremental, ephemeral, materialized_view, snapshot, seed, test … */
  materialized: string;
  schema: string;
  alias: string;
  tags: string[];
  description: string;
  /** Unique ids it depends on (nodes and sources), direct. */
  dependsOn: string[];
  /** For a test: the node it is attached to and the column. */
  attachedNode: string | null;
  columnName: string | null;
  severity: 'error' | 'warn' | null;
}

/** dbt's statuses. */
export type NodeStatus = 'success' | 'error' | 'skipped' | 'pass' | 'fail' | 'warn' | 'partial success' | 'no-op';

export interface NodeResult {
  uniqueId: string;
  status: NodeStatus;
  /** What a person reads: `INSERT 0 12`, `3 failing rows`, the database's error. */
  message: string;
  compiledSql: string | null;
  /** Every statement sent, in order, for the log. */
  statements: { sql: string; rowsAffected: number | null; ms: number }[];
  relation: string | null;
  rowsAffected: number | null;
  /** Failing rows of a test. */
  failures: number | null;
  /** Up to 20 failing rows of a test. */
  sample: { columns: string[]; rows: Json[][] } | null;
  /** The SELECT that shows the failing rows. */
  failingRowsSql: string | null;
  /** Milliseconds. */
  compileMs: number;
  executeMs: number;
  adapterResponse: JsonObject;
  /** Of a microbatch model: the intervals that were built and those that were not, as ISO times. */
  batches?: { successful: [string, string][]; failed: [string, string][] } | undefined;
}

/** The result of a node of which nothing was run. */
export function resultWithoutRun(uniqueId: string, status: NodeStatus, message: string): NodeResult {
  return {
    uniqueId,
    status,
    message,
    compiledSql: null,
    statements: [],
    relation: null,
    rowsAffected: null,
    failures: null,
    sample: null,
    failingRowsSql: null,
    compileMs: 0,
    executeMs: 0,
    adapterResponse: {},
  };
}
