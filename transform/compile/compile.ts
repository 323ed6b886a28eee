import type { ManifestNode } from '../manifest/node.js';
import { type NodeContext, type NodeContextOptions, nodeContext } from './node-context.js';
import type { Runtime } from './runtime.js';

export interface Compiled {
  sql: string;
  context: NodeContext;
}

/** Renders a node to SQL. Ephemeral models that it refers to come before it as CTEs, each once, in the order of their need. */
export async function compileNode(
  runtime: Runtime,
  node: ManifestNode,
  options: NodeContextOptions = {},
): Promise<Compiled> {
  const context = nodeContext(runtime, node, options);
  const rendered =
    node.resource_type === 'seed'
      ? ''
      : await runtime.project.template(node.raw_code, node.original_file_path).render(context.scope);
  const ctes = new Map<string, string>();
  await addEphemeral(runtime, context.ephemeral, options, ctes);
  return { sql: withCtes(rendered, ctes), context };
}

/** Ephemeral models are compiled without their own CTEs: those come first in the list. */
async function addEphemeral(
  runtime: Runtime,
  ids: Set<string>,
  options: NodeContextOptions,
  ctes: Map<string, string>,
): Promise<void> {
  for (const id of ids) {
    if (ctes.has(id)) continue;
    const node = runtime.project.manifest.nodes.get(id) as ManifestNode;
    const { resolve } = options;
    const context = nodeContext(runtime, node, {
      ...(resolve ? { resolve } : {}),
      ...(options.overrides ? { overrides: options.overrides } : {}),
    });
    const sql = await runtime.project.template(node.raw_code, node.original_file_path).render(context.scope);
    await addEphemeral(runtime, context.ephemeral, options, ctes);
    ctes.set(id, ` __dbt__cte__${node.name} as (\n${sql}\n)`);
  }
}

/** Puts CTEs before a statement: into its own WITH when it has one. */
export function withCtes(sql: string, ctes: Map<string, string>): string {
  if (ctes.size === 0) return sql;
  const list = [...ctes.values()].join(', ');
  const start = skipBlanks(sql, 0);
  const own = /^with(\s+recursive)?\b/i.exec(sql.slice(start));
  if (!own) return `${sql.slice(0, start)}with ${list}${start === 0 ? ' ' : '\n'}${sql.slice(start)}`;
  const after = start + own[0].length;
  return `${sql.slice(0, after)} ${list}, ${sql.slice(after).trimStart()}`;
}

/** Where the first word stands, behind white space and comments. */
function skipBlanks(sql: string, from: number): number {
  const blank = /^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)/.exec(sql.slice(from));
  return blank ? skipBlanks(sql, from + blank[0].length) : from;
}
