import type { Json, JsonObject } from '../../kernel/json.js';
import { dbtVersion } from '../compile/base-context.js';
import type { ManifestNode } from '../manifest/node.js';
import { md5 } from '../project/files.js';
import type { Project } from '../project.js';

/** `manifest.json` in dbt's version 12: what other tools (docs, lineage, orchestrators) read of a project. */
export function manifestArtifact(project: Project): JsonObject {
  const { manifest } = project;
  return {
    metadata: {
      ...artifactMetadata(project, 'manifest/v12'),
      project_name: project.name,
      project_id: md5(project.name),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: project.target.type,
      quoting: { database: true, schema: true, identifier: true, column: null },
      run_started_at: new Date(project.invocation.startedAt).toISOString(),
    },
    nodes: each(manifest.nodes, nodeArtifact),
    sources: each(manifest.sources, (source) => ({
      ...source,
      quoting: { database: null, schema: null, identifier: null, column: null, ...source.quoting },
    })),
    macros: each(manifest.macros, (macro) => ({ ...macro })),
    docs: each(manifest.docs, (doc) => ({ ...doc })),
    exposures: each(manifest.exposures, (exposure) => ({ ...exposure })),
    metrics: {},
    groups: each(manifest.groups, (group) => ({ ...group })),
    selectors: Object.fromEntries([...manifest.selectors].map(([name, entry]) => [name, entry])),
    disabled: Object.fromEntries(
      [...manifest.disabled].map(([id, nodes]) => [
        id,
        nodes.map((node) => (isNode(node) ? nodeArtifact(node) : { ...node })) as Json,
      ]),
    ),
    parent_map: Object.fromEntries(project.graph.parents) as JsonObject,
    child_map: Object.fromEntries(project.graph.children) as JsonObject,
    group_map: groupMap(project),
    saved_queries: {},
    semantic_models: {},
    unit_tests: each(manifest.unitTests, (test) => ({ ...test })),
    functions: {},
  } as JsonObject;
}

/** The head that all of dbt's artifacts share; `schema` is null for one of our own. */
export function artifactMetadata(project: Project, schema: string | null): JsonObject {
  return {
    ...(schema === null ? {} : { dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json` }),
    dbt_version: dbtVersion,
    generated_at: new Date().toISOString(),
    invocation_id: project.invocation.id,
    invocation_started_at: new Date(project.invocation.startedAt).toISOString(),
    env: {},
  };
}

/** Keys of the engine's nodes that dbt's schema has only for some types. */
const onlyFor: Record<string, readonly string[]> = {
  access: ['model'],
  constraints: ['model'],
  version: ['model'],
  latest_version: ['model'],
  deprecation_date: ['model'],
  primary_key: ['model'],
  time_spine: ['model'],
  test_metadata: ['test'],
  column_name: ['test'],
  attached_node: ['test'],
  file_key_name: ['test'],
  root_path: ['seed'],
  index: ['operation'],
};

/** What a seed has no place for: it has no code of its own. */
const notForSeeds = new Set([
  'refs',
  'sources',
  'metrics',
  'compiled_path',
  'compiled',
  'compiled_code',
  'contract',
  'language',
]);

function nodeArtifact(node: ManifestNode): JsonObject {
  const isSeed = node.resource_type === 'seed';
  const entries = Object.entries(node).filter(
    ([key]) => (onlyFor[key]?.includes(node.resource_type) ?? true) && !(isSeed && notForSeeds.has(key)),
  );
  const own = Object.fromEntries(entries) as unknown as JsonObject;
  own['doc_blocks'] = [];
  own['config_call_dict'] ??= node.unrendered_config;
  own['unrendered_config_call_dict'] = {};
  if (isSeed) own['depends_on'] = { macros: node.depends_on.macros };
  else Object.assign(own, { extra_ctes_injected: true, extra_ctes: [], functions: [] });
  own['columns'] = Object.fromEntries(
    Object.entries(node.columns).map(([name, column]) => [
      name,
      {
        ...column,
        config: { meta: column.meta, tags: column.tags },
        doc_blocks: [],
        granularity: null,
        dimension: null,
        entity: null,
      },
    ]),
  ) as unknown as JsonObject;
  return own;
}

function isNode(node: { resource_type: string }): node is ManifestNode {
  return node.resource_type !== 'source' && node.resource_type !== 'exposure';
}

function each<T>(map: Map<string, T>, make: (value: T) => unknown): JsonObject {
  return Object.fromEntries([...map].map(([id, value]) => [id, make(value) as Json]));
}

function groupMap(project: Project): JsonObject {
  const map: Record<string, string[]> = {};
  for (const group of project.manifest.groups.values()) map[group.name] = [];
  for (const node of project.manifest.nodes.values()) if (node.group !== null) map[node.group]?.push(node.unique_id);
  return map;
}
