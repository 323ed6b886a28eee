import { describeError, MillraceError } from '../../kernel/errors.js';
import type { Adapter } from '../adapters/adapter.js';
import { compileNode } from '../compile/compile.js';
import { describeNode } from '../compile/names.js';
import type { Relation } from '../compile/relation.js';
import { Runtime } from '../compile/runtime.js';
import type { NodeResult } from '../model.js';
import type { Project } from '../project.js';

/** Renders a node to SQL without building it; what it asks the database while rendering is asked. */
export async function compileOnly(
  project: Project,
  uniqueId: string,
  options: { adapter: Adapter; deferred?: Map<string, Relation> | undefined },
): Promise<NodeResult> {
  const node = project.manifest.nodes.get(uniqueId);
  if (!node)
    throw new MillraceError('SQL_REFERENCE_UNKNOWN', `the project ${project.name} has no node ${uniqueId} to compile`);
  const started = performance.now();
  const result: NodeResult = {
    uniqueId,
    status: 'success',
    message: 'compiled',
    compiledSql: null,
    statements: [],
    relation: node.relation_name,
    rowsAffected: null,
    failures: null,
    sample: null,
    failingRowsSql: null,
    compileMs: 0,
    executeMs: 0,
    adapterResponse: {},
  };
  try {
    const { sql } = await options.adapter.withConnection((connection) =>
      compileNode(new Runtime({ project, connection, ...options }), node),
    );
    return { ...result, compiledSql: sql, compileMs: performance.now() - started };
  } catch (error) {
    return {
      ...result,
      status: 'error',
      message: `Compilation Error in ${describeNode(node)}\n${describeError(error)}`,
      compileMs: performance.now() - started,
    };
  }
}
