import type { Adapter, QueryResult } from '../adapters/adapter.js';
import { compileNode } from '../compile/compile.js';
import { Runtime } from '../compile/runtime.js';
import { captureTemplate } from '../manifest/capture.js';
import type { ManifestNode } from '../manifest/node.js';
import { configDefaults } from '../project/config.js';
import type { Project } from '../project.js';

/** Renders SQL that is no node's, as if it stood in a model of the root project. */
export function inlineSql(project: Project, adapter: Adapter, text: string): Promise<string> {
  return adapter.withConnection(
    async (connection) =>
      (await compileNode(new Runtime({ project, adapter, connection }), inlineNode(project, text))).sql,
  );
}

/** The rows of SQL with templates; `limit` caps them, null takes all. */
export function queryInline(
  project: Project,
  adapter: Adapter,
  text: string,
  limit: number | null,
): Promise<QueryResult> {
  return queryNode(project, adapter, inlineNode(project, text), limit);
}

/** The rows that a node's SQL gives, without building it. */
export function queryNode(
  project: Project,
  adapter: Adapter,
  node: ManifestNode,
  limit: number | null,
): Promise<QueryResult> {
  return adapter.withConnection(async (connection) => {
    const runtime = new Runtime({ project, adapter, connection });
    const sql =
      node.resource_type === 'seed'
        ? `select * from ${project.relationOf(node).render()}`
        : (await compileNode(runtime, node)).sql;
    return runtime.execute(limit === null ? sql : `select * from (\n${sql}\n) as shown limit ${limit}`);
  });
}

/** A node that exists for this one rendering only. */
export function inlineNode(project: Project, text: string): ManifestNode {
  const capture = captureTemplate(text, {
    path: 'inline',
    registry: project.registry,
    packageName: project.name,
    base: project.baseContext(project.name),
  });
  const nodes = [
    ...capture.refs.flatMap((ref) => project.resolver.ref(ref, project.name)?.unique_id ?? []),
    ...capture.sources.flatMap((call) => project.resolver.source(call, project.name)?.unique_id ?? []),
  ];
  return {
    unique_id: `operation.${project.name}.inline`,
    resource_type: 'operation',
    name: 'inline',
    package_name: project.name,
    path: 'inline',
    original_file_path: 'inline',
    fqn: [project.name, 'inline'],
    alias: 'inline',
    database: project.target.database,
    schema: project.target.schema,
    relation_name: null,
    checksum: { name: 'none', checksum: '' },
    raw_code: text,
    language: 'sql',
    config: { ...configDefaults['operation'], ...capture.config },
    unrendered_config: capture.config,
    tags: [],
    description: '',
    columns: {},
    meta: {},
    group: null,
    docs: {},
    patch_path: null,
    build_path: null,
    created_at: 0,
    depends_on: { macros: capture.macros, nodes },
    refs: capture.refs,
    sources: capture.sources,
    metrics: [],
    compiled_path: null,
    contract: { enforced: false, alias_types: true, checksum: null },
  };
}
