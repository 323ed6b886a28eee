import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { describe, isObject } from './yaml.js';

/**
 * Configs of nodes. Layers from low to high: the type's defaults, the tree in the own project's dbt_project.yml from its root
 * to the most specific folder, `config:` in a properties file, `{{ config() }}` in the node's file, and for a package's node the tree
 * of the root project. What a higher layer does to a lower one depends on the key.
 */
const appended = new Set(['tags', 'pre_hook', 'post_hook', 'packages']);
const updated = new Set(['meta', 'quoting', 'column_types', 'docs', 'contract', 'snapshot_meta_column_names']);

/** Spellings that mean the same key. */
const aliases: Record<string, string> = {
  'pre-hook': 'pre_hook',
  'post-hook': 'post_hook',
  materialised: 'materialized',
  dataset: 'schema',
  project: 'database',
  data_space: 'database',
};

export type NodeConfig = JsonObject;

/** A hook as manifests show it. */
export interface Hook {
  sql: string;
  transaction: boolean;
  index: number | null;
}

const shared: NodeConfig = {
  enabled: true,
  alias: null,
  schema: null,
  database: null,
  tags: [],
  meta: {},
  group: null,
};

const nodeDefaults: NodeConfig = {
  ...shared,
  materialized: 'view',
  incremental_strategy: null,
  batch_size: null,
  lookback: 1,
  begin: null,
  persist_docs: {},
  post_hook: [],
  pre_hook: [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: 'ignore',
  on_configuration_change: 'apply',
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null,
};

/** What each type of resource starts from. */
export const configDefaults: Record<string, NodeConfig> = {
  model: { ...nodeDefaults, access: 'protected', freshness: null },
  analysis: nodeDefaults,
  operation: nodeDefaults,
  seed: { ...nodeDefaults, materialized: 'seed', delimiter: ',', quote_columns: null },
  snapshot: {
    ...nodeDefaults,
    materialized: 'snapshot',
    strategy: null,
    target_schema: null,
    target_database: null,
    updated_at: null,
    check_cols: null,
    snapshot_meta_column_names: {
      dbt_valid_to: null,
      dbt_valid_from: null,
      dbt_scd_id: null,
      dbt_updated_at: null,
      dbt_is_deleted: null,
    },
    dbt_valid_to_current: null,
    hard_deletes: null,
  },
  test: {
    enabled: true,
    alias: null,
    schema: 'dbt_test__audit',
    database: null,
    tags: [],
    meta: {},
    group: null,
    materialized: 'test',
    severity: 'ERROR',
    store_failures: null,
    store_failures_as: null,
    where: null,
    limit: null,
    fail_calc: 'count(*)',
    warn_if: '!= 0',
    error_if: '!= 0',
  },
  unit_test: { enabled: true, tags: [], meta: {}, static_analysis: null },
  source: {
    enabled: true,
    event_time: null,
    freshness: null,
    loaded_at_field: null,
    loaded_at_query: null,
    meta: {},
    tags: [],
  },
  exposure: { enabled: true, tags: [], meta: {} },
  macro: { meta: {}, docs: { show: true, node_color: null } },
};

/** Lays a higher layer of config over a lower one; neither is changed. */
export function mergeConfig(lower: NodeConfig, higher: NodeConfig): NodeConfig {
  const result: NodeConfig = { ...lower };
  for (const [spelled, value] of Object.entries(higher)) {
    const key = aliases[spelled] ?? spelled;
    if (key === 'grants') result[key] = mergeGrants(result[key], value);
    else if (appended.has(key)) {
      const added = isHook(key) ? toHooks(value) : toList(value);
      result[key] = [...toList(result[key]), ...(added as Json[])];
      if (key === 'tags') result[key] = [...new Set(result[key] as string[])];
    } else if (updated.has(key) && isObject(value))
      result[key] = { ...(isObject(result[key]) ? result[key] : {}), ...value };
    else result[key] = value;
  }
  return result;
}

/**
 * The configs that a tree of dbt_project.yml holds for a node, from the root to its folder. A key with `+` is a config, whatever its value;
 * one without is a config unless its value is an object, which is the next folder.
 */
export function configFromTree(tree: JsonObject, fqn: string[]): NodeConfig {
  let result: NodeConfig = {};
  let level: Json | undefined = tree;
  for (const part of ['', ...fqn]) {
    if (part !== '') level = (level as JsonObject)[part];
    if (!isObject(level)) break;
    result = mergeConfig(result, levelConfig(level));
  }
  return result;
}

/** Checks what only a person can have written wrongly. Throws SQL_PROJECT_INVALID. */
export function checkConfig(config: NodeConfig, where: string): void {
  const fail = (key: string, wanted: string): never => {
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `${where}: config "${key}" must be ${wanted}; got ${describe(config[key])}`,
    );
  };
  if (typeof config['enabled'] !== 'boolean') fail('enabled', 'true or false');
  if ('materialized' in config && typeof config['materialized'] !== 'string') fail('materialized', 'a text');
  const schemaChange = config['on_schema_change'];
  if (
    schemaChange !== undefined &&
    !['ignore', 'append_new_columns', 'sync_all_columns', 'fail'].includes(String(schemaChange))
  )
    fail('on_schema_change', 'ignore, append_new_columns, sync_all_columns or fail');
  if (config['severity'] !== undefined && !/^(warn|error)$/i.test(String(config['severity'])))
    fail('severity', 'warn or error');
}

/** Hooks in any of their spellings: a text, `{sql, transaction}`, or a list of them. */
export function toHooks(value: Json | undefined): Hook[] & Json[] {
  return toList(value).map((hook) => {
    if (isObject(hook))
      return { sql: String(hook['sql'] ?? ''), transaction: hook['transaction'] !== false, index: null };
    return readTextHook(String(hook));
  }) as Hook[] & Json[];
}

/** `before_begin()` and `after_commit()` give a hook as JSON text. */
function readTextHook(text: string): Hook {
  if (/^\s*\{.*"sql"/s.test(text)) {
    try {
      const { sql, transaction } = JSON.parse(text) as { sql: string; transaction?: boolean };
      return { sql, transaction: transaction !== false, index: null };
    } catch {
      // It only looks like JSON: it is SQL with a brace.
    }
  }
  return { sql: text, transaction: true, index: null };
}

export function toList(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function isHook(key: string): boolean {
  return key === 'pre_hook' || key === 'post_hook';
}

function levelConfig(level: JsonObject): NodeConfig {
  const config: NodeConfig = {};
  for (const [key, value] of Object.entries(level)) {
    if (key.startsWith('+')) config[key.slice(1).trim()] = value;
    else if (!isObject(value)) config[key] = value;
  }
  return config;
}

function mergeGrants(lower: Json | undefined, higher: Json): Json {
  const result: JsonObject = isObject(lower) ? { ...lower } : {};
  for (const [spelled, grantees] of Object.entries(isObject(higher) ? higher : {})) {
    const key = spelled.startsWith('+') ? spelled.slice(1) : spelled;
    result[key] = spelled.startsWith('+') ? [...toList(result[key]), ...toList(grantees)] : toList(grantees);
  }
  return result;
}
