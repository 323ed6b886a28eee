import { describeError } from '../../kernel/errors.js';
import { toIso } from '../../kernel/time.js';
import type { QueryResult } from '../adapters/adapter.js';
import { compileNode } from '../compile/compile.js';
import type { NodeContextOptions } from '../compile/node-context.js';
import type { Runtime } from '../compile/runtime.js';
import type { ManifestNode } from '../manifest/node.js';
import { type Batch, type BatchSize, batchId, planBatches, sqlTime } from '../materializations/batches.js';
import { incremental } from '../materializations/incremental.js';
import type { MaterializationResult, NodeRun } from '../materializations/materialization.js';
import type { NodeResult } from '../model.js';

export interface MicrobatchOutcome {
  last: MaterializationResult | null;
  compiledSql: string;
  batches: { successful: [string, string][]; failed: [string, string][] };
  rowsAffected: number;
  /** Of the first batch that failed. */
  fault: string | null;
}

export function isMicrobatch(node: ManifestNode): boolean {
  return node.config['materialized'] === 'incremental' && node.config['incremental_strategy'] === 'microbatch';
}

/**
 * Builds a model batch by batch: for each the model is compiled anew, with the inputs that have an `event_time` cut to the batch, and commits by itself.
 * A batch that fails does not stop the later ones, unless it is the first of a new table. A retry builds only the batches that failed, and tells of all.
 */
export async function runMicrobatch(
  runtime: Runtime,
  node: ManifestNode,
  options: {
    eventTime?: { start?: string | undefined; end?: string | undefined } | undefined;
    makeRun: (
      sql: string,
      context: Awaited<ReturnType<typeof compileNode>>['context'],
      fullRefresh: boolean,
    ) => NodeRun;
    fullRefresh: boolean;
    /** What became of the batches of the run that is tried again. */
    previous?: NodeResult['batches'];
  },
): Promise<MicrobatchOutcome> {
  const target = runtime.project.relationOf(node);
  const existing = await runtime.relation(target.database, target.schema ?? '', target.identifier ?? '');
  // Without the table what succeeded before is lost, and everything is built again.
  const previous = existing?.type === 'table' ? options.previous : undefined;
  const isIncremental = existing?.type === 'table' && (!options.fullRefresh || previous !== undefined);
  const batches =
    previous?.failed.map(([start, end]) => ({ start: Date.parse(start), end: Date.parse(end) })) ??
    planBatches(node.config, {
      isIncremental,
      now: runtime.project.invocation.startedAt,
      ...options.eventTime,
      where: node.original_file_path,
    });
  const outcome: MicrobatchOutcome = {
    last: null,
    compiledSql: '',
    batches: { successful: [...(previous?.successful ?? [])], failed: [] },
    rowsAffected: 0,
    fault: null,
  };
  for (const [index, batch] of batches.entries()) {
    const part = withHooks(node, index === 0, index === batches.length - 1);
    try {
      const { sql, context } = await compileNode(runtime, part, batchContext(part, batch));
      outcome.compiledSql = sql;
      outcome.last = await incremental(
        options.makeRun(sql, context, options.fullRefresh && index === 0 && previous === undefined),
      );
      outcome.rowsAffected += rows(outcome.last.main);
      outcome.batches.successful.push([toIso(batch.start), toIso(batch.end)]);
    } catch (error) {
      await runtime.connection.rollback();
      outcome.fault ??= describeError(error);
      outcome.batches.failed.push([toIso(batch.start), toIso(batch.end)]);
      if (index === 0 && !isIncremental) {
        outcome.batches.failed.push(
          ...batches.slice(1).map((each): [string, string] => [toIso(each.start), toIso(each.end)]),
        );
        break;
      }
    }
  }
  return outcome;
}

/** Hooks before run with the first batch, those after with the last. */
function withHooks(node: ManifestNode, first: boolean, last: boolean): ManifestNode {
  return {
    ...node,
    config: {
      ...node.config,
      pre_hook: first ? (node.config['pre_hook'] ?? []) : [],
      post_hook: last ? (node.config['post_hook'] ?? []) : [],
    },
  };
}

function batchContext(node: ManifestNode, batch: Batch): NodeContextOptions {
  const [start, end] = [sqlTime(batch.start), sqlTime(batch.end)];
  node.config['__dbt_internal_microbatch_event_time_start'] = start;
  node.config['__dbt_internal_microbatch_event_time_end'] = end;
  const id = batchId(batch, node.config['batch_size'] as BatchSize);
  return {
    own: { model: { ...node, batch: { id, event_time_start: start, event_time_end: end } } },
    resolve: (input, relation) => {
      const column = input.config['event_time'];
      if (typeof column !== 'string' || relation.type === 'cte') return relation;
      return relation.with({ filter: `${column} >= '${start}' and ${column} < '${end}'` });
    },
  };
}

function rows(result: QueryResult): number {
  return result.rowsAffected ?? 0;
}
