import type { Json, JsonObject } from '../../kernel/json.js';
import type { ResourceType } from '../model.js';
import type { NodeConfig } from '../project/config.js';

/**
 * A node in the very shape of dbt's manifest.json v12 (hence the names): templates see it as `model` and in `graph.nodes`, artifacts
 * write it down, and consumers of manifests know its keys. Everything else in the engine is TypeScript's own naming.
 */
export interface ManifestNode {
  unique_id: string;
  resource_type: Exclude<ResourceType, 'source' | 'exposure' | 'unit_test'>;
  name: string;
  package_name: string;
  path: string;
  original_file_path: string;
  fqn: string[];
  alias: string;
  database: string | null;
  schema: string;
  relation_name: string | null;
  checksum: { name: string; checksum: string };
  raw_code: string;
  language: 'sql';
  config: NodeConfig;
  unrendered_config: NodeConfig;
  config_call_dict?: NodeConfig;
  tags: string[];
  description: string;
  columns: Record<string, ManifestColumn>;
  meta: JsonObject;
  group: string | null;
  docs: JsonObject;
  patch_path: string | null;
  build_path: string | null;
  created_at: number;
  depends_on: { macros: string[]; nodes: string[] };
  refs: RefCall[];
  sources: [string, string][];
  metrics: string[][];
  compiled_path: string | null;
  compiled?: boolean;
  compiled_code?: string;
  contract: { enforced: boolean; alias_types: boolean; checksum: string | null };
  // Models
  access?: string;
  constraints?: JsonObject[];
  version?: Json;
  latest_version?: Json;
  deprecation_date?: string | null;
  primary_key?: string[];
  time_spine?: JsonObject | null;
  // Tests
  test_metadata?: { name: string; kwargs: JsonObject; namespace: string | null };
  column_name?: string | null;
  attached_node?: string | null;
  file_key_name?: string | null;
  // Seeds
  root_path?: string;
  // Operations
  index?: number;
}

export interface ManifestColumn {
  name: string;
  description: string;
  meta: JsonObject;
  data_type: string | null;
  constraints: JsonObject[];
  quote: boolean | null;
  config: JsonObject;
  tags: string[];
}

export interface RefCall {
  name: string;
  package: string | null;
  version: Json;
}

export interface ManifestSource {
  unique_id: string;
  resource_type: 'source';
  name: string;
  source_name: string;
  package_name: string;
  path: string;
  original_file_path: string;
  fqn: string[];
  database: string | null;
  schema: string;
  identifier: string;
  relation_name: string;
  source_description: string;
  source_meta: JsonObject;
  loader: string;
  loaded_at_field: string | null;
  loaded_at_query: string | null;
  freshness: JsonObject | null;
  external: Json;
  quoting: JsonObject;
  description: string;
  columns: Record<string, ManifestColumn>;
  meta: JsonObject;
  tags: string[];
  config: NodeConfig;
  unrendered_config: NodeConfig;
  patch_path: string | null;
  created_at: number;
  doc_blocks: string[];
}

export interface ManifestExposure {
  unique_id: string;
  resource_type: 'exposure';
  name: string;
  package_name: string;
  path: string;
  original_file_path: string;
  fqn: string[];
  type: string;
  owner: JsonObject;
  description: string;
  label: string | null;
  maturity: string | null;
  url: string | null;
  meta: JsonObject;
  tags: string[];
  config: NodeConfig;
  unrendered_config: NodeConfig;
  depends_on: { macros: string[]; nodes: string[] };
  refs: RefCall[];
  sources: [string, string][];
  metrics: string[][];
  created_at: number;
}

export interface ManifestUnitTest {
  unique_id: string;
  resource_type: 'unit_test';
  name: string;
  model: string;
  package_name: string;
  path: string;
  original_file_path: string;
  fqn: string[];
  given: JsonObject[];
  expect: JsonObject;
  description: string;
  overrides: JsonObject | null;
  versions: Json;
  version: Json;
  config: NodeConfig;
  depends_on: { macros: string[]; nodes: string[] };
  schema: string;
  checksum: string | null;
  created_at: number;
}

export interface ManifestMacro {
  unique_id: string;
  resource_type: 'macro';
  name: string;
  package_name: string;
  path: string;
  original_file_path: string;
  macro_sql: string;
  depends_on: { macros: string[] };
  description: string;
  meta: JsonObject;
  docs: JsonObject;
  patch_path: string | null;
  arguments: JsonObject[];
  created_at: number;
  supported_languages: null;
}

export interface ManifestGroup {
  unique_id: string;
  resource_type: 'group';
  name: string;
  package_name: string;
  path: string;
  original_file_path: string;
  owner: JsonObject;
  description: string | null;
  config: NodeConfig;
}

export interface ManifestDoc {
  unique_id: string;
  resource_type: 'doc';
  name: string;
  package_name: string;
  path: string;
  original_file_path: string;
  block_contents: string;
}

/** Everything a parse gives. */
export interface Manifest {
  nodes: Map<string, ManifestNode>;
  sources: Map<string, ManifestSource>;
  exposures: Map<string, ManifestExposure>;
  unitTests: Map<string, ManifestUnitTest>;
  groups: Map<string, ManifestGroup>;
  docs: Map<string, ManifestDoc>;
  macros: Map<string, ManifestMacro>;
  /** Nodes that their config switches off, by unique id. */
  disabled: Map<string, (ManifestNode | ManifestSource | ManifestExposure)[]>;
  /** Entries of selectors.yml. */
  selectors: Map<string, JsonObject>;
}
