import { describeError, MillraceError } from '../../kernel/errors.js';
import { type Adapter, adapterResponse } from '../adapters/adapter.js';
import { compileNode } from '../compile/compile.js';
import { describeNode } from '../compile/names.js';
import type { NodeContext } from '../compile/node-context.js';
import type { Relation } from '../compile/relation.js';
import { Runtime } from '../compile/runtime.js';
import { compileTemplate, invoke, isUndefined, str } from '../jinja/index.js';
import type { ManifestNode, ManifestUnitTest } from '../manifest/node.js';
import { findMaterialization } from '../materializations/index.js';
import type { NodeRun } from '../materializations/materialization.js';
import { runTest } from '../materializations/test.js';
import type { NodeResult, NodeStatus } from '../model.js';
import type { Project } from '../project.js';
import { auditNode } from './audit.js';
import { isMicrobatch, runMicrobatch } from './microbatch.js';
import { runUnitTest } from './unit-test.js';

export interface RunNodeOptions {
  adapter: Adapter;
  fullRefresh?: boolean | undefined;
  /** Cancels the running statement. */
  signal?: AbortSignal | undefined;
  /** Called with each statement before it is sent. */
  onStatement?: ((sql: string) => void) | undefined;
  /** Read these instead of the project's own relations: `--defer`. */
  deferred?: Map<string, Relation> | undefined;
  /** The interval that a microbatch model builds, as ISO times. */
  eventTime?: { start?: string | undefined; end?: string | undefined } | undefined;
  /** What became of the batches of microbatch models in the run that is tried again, by unique id: only those that failed are built. */
  previousBatches?: ReadonlyMap<string, NonNullable<NodeResult['batches']>> | undefined;
  /** What an on-run-end hook sees as `results`. */
  results?: NodeResult[] | undefined;
}

/**
 * Builds or tests one node on a session of its own. What the project or the database says is wrong becomes a result of status `error`;
 * it rejects only when it was cancelled, or for a unique id that does not exist.
 */
export async function runNode(project: Project, uniqueId: string, options: RunNodeOptions): Promise<NodeResult> {
  const node = project.manifest.nodes.get(uniqueId) ?? project.manifest.unitTests.get(uniqueId);
  if (!node)
    throw new MillraceError('SQL_REFERENCE_UNKNOWN', `the project ${project.name} has no node ${uniqueId} to run`);
  const progress: Progress = { compileMs: 0, compiledSql: null, runtime: null };
  const started = performance.now();
  try {
    return await options.adapter.withConnection((connection) => {
      progress.runtime = new Runtime({ project, connection, ...options });
      if (node.resource_type === 'unit_test') return unitTestResult(progress.runtime, node, progress);
      return perform(progress.runtime, node, progress, options);
    }, options.signal);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    return failed(node, progress, error, performance.now() - started);
  }
}

interface Progress {
  compileMs: number;
  compiledSql: string | null;
  runtime: Runtime | null;
}

async function perform(
  runtime: Runtime,
  node: ManifestNode,
  progress: Progress,
  { results, eventTime, previousBatches }: RunNodeOptions,
): Promise<NodeResult> {
  const started = performance.now();
  const needsSchema =
    node.resource_type !== 'operation' && (node.resource_type !== 'test' || keepsFailures(node, runtime));
  if (needsSchema) await runtime.ensureSchema(node);
  if (isMicrobatch(node))
    return microbatchResult(runtime, node, progress, { eventTime, previous: previousBatches?.get(node.unique_id) });
  const { sql, context } = await compileNode(
    runtime,
    node,
    results === undefined ? {} : { own: resultVariables(runtime.project, results) },
  );
  progress.compileMs = performance.now() - started;
  progress.compiledSql = node.resource_type === 'seed' ? null : sql;
  const run = nodeRun(runtime, node, sql, context);
  if (node.resource_type === 'test') return testResult(run, runtime, progress, performance.now());
  return buildResult(run, runtime, progress, performance.now());
}

/** `results`, `schemas`, `database_schemas` of an on-run-end hook. */
function resultVariables(project: Project, results: NodeResult[]): Record<string, unknown> {
  const built = results.flatMap((result) => project.manifest.nodes.get(result.uniqueId) ?? []);
  const schemas = new Map(
    built
      .filter((node) => node.relation_name !== null)
      .map((node) => [`${node.database}.${node.schema}`, [node.database, node.schema]]),
  );
  const shown = results.map((result) => ({
    unique_id: result.uniqueId,
    status: result.status,
    message: result.message,
    failures: result.failures,
    execution_time: (result.compileMs + result.executeMs) / 1000,
    adapter_response: result.adapterResponse,
    node: project.manifest.nodes.get(result.uniqueId) ?? null,
  }));
  return {
    results: shown,
    schemas: [...new Set([...schemas.values()].map(([, schema]) => schema))],
    database_schemas: [...schemas.values()],
  };
}

function keepsFailures(node: ManifestNode, runtime: Runtime): boolean {
  const { config } = node;
  return (
    (config['store_failures'] ?? runtime.project.flags.storeFailures) === true ||
    ['table', 'view'].includes(String(config['store_failures_as']))
  );
}

async function buildResult(run: NodeRun, runtime: Runtime, progress: Progress, started: number): Promise<NodeResult> {
  const { main, relation } = await findMaterialization(run)(run);
  return {
    ...resultOf(run.node, runtime, progress),
    status: 'success',
    message: main.message,
    relation: relation?.render() ?? null,
    rowsAffected: main.rowsAffected,
    executeMs: performance.now() - started,
    adapterResponse: adapterResponse(main),
  };
}

async function testResult(run: NodeRun, runtime: Runtime, progress: Progress, started: number): Promise<NodeResult> {
  const outcome = await runTest(run);
  return {
    ...resultOf(run.node, runtime, progress),
    status: outcome.status,
    message: outcome.message,
    failures: outcome.failures,
    failingRowsSql: outcome.failingRowsSql,
    sample: outcome.sample,
    relation: run.node.relation_name,
    executeMs: performance.now() - started,
    adapterResponse: { _message: 'SELECT 1', code: 'SELECT', rows_affected: 1 },
  };
}

async function microbatchResult(
  runtime: Runtime,
  node: ManifestNode,
  progress: Progress,
  { eventTime, previous }: { eventTime: RunNodeOptions['eventTime']; previous: NodeResult['batches'] },
): Promise<NodeResult> {
  const started = performance.now();
  const outcome = await runMicrobatch(runtime, node, {
    eventTime,
    previous,
    fullRefresh: shouldFullRefresh(node, runtime),
    makeRun: (sql, context, fullRefresh) => ({
      ...nodeRun(runtime, node, sql, context),
      config: (context.own['model'] as ManifestNode).config,
      fullRefresh,
    }),
  });
  progress.compiledSql = outcome.compiledSql;
  const { successful, failed } = outcome.batches;
  const counts = `${successful.length} of ${successful.length + failed.length} batches`;
  return {
    ...resultOf(node, runtime, progress),
    status: failed.length === 0 ? 'success' : successful.length === 0 ? 'error' : 'partial success',
    message: outcome.fault === null ? counts : `${counts}; ${outcome.fault}`,
    relation: node.relation_name,
    rowsAffected: outcome.rowsAffected,
    executeMs: performance.now() - started,
    adapterResponse: { _message: counts, rows_affected: outcome.rowsAffected },
    batches: outcome.batches,
  };
}

function shouldFullRefresh(node: ManifestNode, runtime: Runtime): boolean {
  const configured = node.config['full_refresh'];
  return typeof configured === 'boolean' ? configured : runtime.fullRefresh;
}

async function unitTestResult(runtime: Runtime, test: ManifestUnitTest, progress: Progress): Promise<NodeResult> {
  const started = performance.now();
  const outcome = await runUnitTest(runtime, test);
  progress.compiledSql = outcome.compiledSql;
  return {
    ...resultOf(test, runtime, progress),
    status: outcome.passed ? 'pass' : 'fail',
    message: outcome.message,
    failures: outcome.failures,
    executeMs: performance.now() - started,
  };
}

function failed(node: ManifestNode | ManifestUnitTest, progress: Progress, error: unknown, ms: number): NodeResult {
  const kind =
    error instanceof MillraceError && error.code === 'SQL_DATABASE_ERROR' ? 'Database Error' : 'Compilation Error';
  return {
    ...resultOf(node, progress.runtime, progress),
    status: 'error' satisfies NodeStatus,
    message: `${kind} in ${describeNode(node)}\n${describeError(error)}`,
    executeMs: Math.max(0, ms - progress.compileMs),
  };
}

function resultOf(node: ManifestNode | ManifestUnitTest, runtime: Runtime | null, progress: Progress): NodeResult {
  return {
    uniqueId: node.unique_id,
    status: 'success',
    message: '',
    compiledSql: progress.compiledSql,
    statements: runtime?.statements ?? [],
    relation: null,
    rowsAffected: null,
    failures: null,
    sample: null,
    failingRowsSql: null,
    compileMs: progress.compileMs,
    executeMs: 0,
    adapterResponse: {},
  };
}

/** The node's side of a materialization. */
export function nodeRun(runtime: Runtime, node: ManifestNode, sql: string, context: NodeContext): NodeRun {
  const { scope, own } = context;
  own['sql'] = sql;
  own['compiled_code'] = sql;
  const target = own['this'] as Relation;
  const macro = async (name: string, args: unknown[], kwargs: Record<string, unknown> = {}): Promise<unknown> => {
    const callee = scope.macro(name);
    if (!callee)
      throw new MillraceError(
        'SQL_REFERENCE_UNKNOWN',
        `${describeNode(node)} needs a macro "${name}", which does not exist`,
      );
    return invoke(callee, args, kwargs);
  };
  const find = ({ database, schema, identifier }: Relation) =>
    runtime.relation(database, schema ?? '', identifier ?? '');
  return {
    node,
    config: node.config,
    adapter: runtime.adapter,
    connection: runtime.connection,
    sql,
    target,
    context,
    fullRefresh: shouldFullRefresh(node, runtime),
    storesFailures: runtime.project.flags.storeFailures,
    existing: () => find(target),
    find,
    execute: (text) => runtime.execute(text),
    macro,
    async macroText(name, args, kwargs) {
      const value = await macro(name, args, kwargs);
      return isUndefined(value) || value === null ? '' : str(value).trim();
    },
    async runHooks(hooks, insideTransaction) {
      for (const hook of hooks.filter((each) => each.transaction === insideTransaction)) {
        const text = (
          await compileTemplate(hook.sql, { path: `${node.original_file_path} (hook)` }).render(scope)
        ).trim();
        if (text !== '') await runtime.execute(text);
      }
    },
    mainResponse() {
      const response = runtime.results.get('main')?.response ?? {};
      const rows = response['rows_affected'];
      const rowsAffected = typeof rows === 'number' ? rows : null;
      return {
        columns: [],
        rows: [],
        rowsAffected,
        message: String(response['_message'] ?? 'OK'),
        code: String(response['code'] ?? ''),
      };
    },
    audit: () => auditNode(runtime, node),
    forgetRelations: () => runtime.forgetRelations(),
  };
}
