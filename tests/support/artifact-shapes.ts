import { z } from 'zod';

/**
 * The documented fields of dbt's artifacts, as the tools that read them expect them (the docs site, orchestrators, lineage collectors). The whole
 * published JSON schemas are checked besides when `MILLRACE_DBT_SCHEMAS` names a folder that holds them: see tests/transform/artifacts.pg.test.ts.
 */
const text = z.string();
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const ids = z.array(z.string().regex(/^[a-z_]+\.\w+\./));
const sha = z.object({ name: z.enum(['sha256', 'none', 'path']), checksum: text });
const free = z.record(text, z.unknown());

const metadata = (schema: string) =>
  z.object({
    dbt_schema_version: z.literal(`https://schemas.getdbt.com/dbt/${schema}.json`),
    dbt_version: z.string().regex(/^\d+\.\d+/),
    generated_at: time,
    invocation_id: z.uuid(),
    invocation_started_at: time,
    env: z.record(text, text),
  });

const column = z.object({
  name: text,
  description: text,
  data_type: text.nullable(),
  meta: free,
  tags: z.array(text),
  constraints: z.array(free),
  quote: z.boolean().nullable(),
});

const common = z.object({
  unique_id: text,
  name: text,
  package_name: text,
  path: text,
  original_file_path: text,
  fqn: z.array(text).min(2),
  config: free,
  tags: z.array(text),
  description: text,
  created_at: z.number(),
});

const placed = common.extend({
  database: text.nullable(),
  schema: text,
  alias: text,
  relation_name: text.nullable(),
  checksum: sha,
  raw_code: text,
  columns: z.record(text, column),
  meta: free,
  docs: z.object({ show: z.boolean(), node_color: text.nullable() }),
  unrendered_config: free,
});

const compiled = placed.extend({
  language: z.literal('sql'),
  depends_on: z.object({ macros: ids, nodes: ids }),
  refs: z.array(z.object({ name: text, package: text.nullable(), version: z.union([text, z.number()]).nullable() })),
  sources: z.array(z.array(text).length(2)),
  metrics: z.array(z.unknown()),
  contract: z.object({ enforced: z.boolean(), alias_types: z.boolean(), checksum: text.nullable() }),
});

const node = z.discriminatedUnion('resource_type', [
  compiled.extend({
    resource_type: z.literal('model'),
    access: z.enum(['private', 'protected', 'public']),
    constraints: z.array(free),
    version: z.union([text, z.number()]).nullable(),
    latest_version: z.union([text, z.number()]).nullable(),
    deprecation_date: text.nullable(),
    primary_key: z.array(text),
  }),
  compiled.extend({
    resource_type: z.literal('test'),
    test_metadata: z.object({ name: text, kwargs: free, namespace: text.nullable() }).optional(),
    column_name: text.nullable().optional(),
    attached_node: text.nullable().optional(),
    file_key_name: text.nullable().optional(),
  }),
  compiled.extend({ resource_type: z.literal('snapshot') }),
  compiled.extend({ resource_type: z.literal('analysis') }),
  compiled.extend({ resource_type: z.literal('operation'), index: z.number() }),
  placed.extend({ resource_type: z.literal('seed'), root_path: text, depends_on: z.object({ macros: ids }) }),
]);

const threshold = z.object({ count: z.number().nullable(), period: z.enum(['minute', 'hour', 'day']).nullable() });
const freshness = z.object({
  warn_after: threshold.nullable().optional(),
  error_after: threshold.nullable().optional(),
  filter: text.nullable().optional(),
});

const source = common.extend({
  resource_type: z.literal('source'),
  database: text.nullable(),
  schema: text,
  identifier: text,
  source_name: text,
  source_description: text,
  loader: text,
  relation_name: text,
  loaded_at_field: text.nullable(),
  freshness: freshness.nullable(),
  quoting: z.record(text, z.boolean().nullable()),
  columns: z.record(text, column),
});

const exposure = common.extend({
  resource_type: z.literal('exposure'),
  type: z.enum(['dashboard', 'notebook', 'analysis', 'ml', 'application']),
  owner: z.object({ email: z.union([text, z.array(text)]).nullish(), name: text.nullish() }),
  maturity: z.enum(['low', 'medium', 'high']).nullable(),
  url: text.nullable(),
  depends_on: z.object({ macros: ids, nodes: ids }),
});

const unitTest = common.omit({ tags: true }).extend({
  resource_type: z.literal('unit_test'),
  model: text,
  given: z.array(z.object({ input: text })),
  expect: free,
  depends_on: z.object({ macros: ids, nodes: ids }),
});

const macro = z.object({
  unique_id: text,
  resource_type: z.literal('macro'),
  name: text,
  package_name: text,
  macro_sql: text,
  depends_on: z.object({ macros: ids }),
  arguments: z.array(z.object({ name: text, type: text.nullable(), description: text })),
});

/** manifest.json, version 12. */
export const manifestShape = z.object({
  metadata: metadata('manifest/v12').extend({
    project_name: text,
    project_id: text,
    adapter_type: z.enum(['postgres', 'duckdb']),
  }),
  nodes: z.record(text, node),
  sources: z.record(text, source),
  macros: z.record(text, macro),
  docs: z.record(text, z.object({ unique_id: text, name: text, block_contents: text })),
  exposures: z.record(text, exposure),
  metrics: free,
  groups: z.record(text, z.object({ unique_id: text, name: text, owner: free })),
  selectors: free,
  disabled: z.record(text, z.array(z.union([node, source, exposure]))),
  parent_map: z.record(text, z.array(text)),
  child_map: z.record(text, z.array(text)),
  group_map: z.record(text, z.array(text)),
  saved_queries: free,
  semantic_models: free,
  unit_tests: z.record(text, unitTest),
  functions: free,
});

const timing = z.object({ name: text, started_at: time.nullable(), completed_at: time.nullable() });

/** run_results.json, version 6: every key is always there. */
export const runResultsShape = z.object({
  metadata: metadata('run-results/v6'),
  elapsed_time: z.number(),
  args: z.object({ which: text }).loose(),
  results: z.array(
    z.strictObject({
      status: z.enum(['success', 'error', 'skipped', 'partial success', 'no-op', 'pass', 'warn', 'fail']),
      timing: z.array(timing),
      thread_id: text,
      execution_time: z.number(),
      adapter_response: free,
      message: text.nullable(),
      failures: z.number().nullable(),
      unique_id: text,
      compiled: z.boolean().nullable(),
      compiled_code: text.nullable(),
      relation_name: text.nullable(),
      batch_results: z.strictObject({ successful: z.array(z.array(text)), failed: z.array(z.array(text)) }).nullable(),
    }),
  ),
});

/** sources.json, version 3. */
export const sourcesShape = z.object({
  metadata: metadata('sources/v3'),
  elapsed_time: z.number(),
  results: z.array(
    z.union([
      z.strictObject({ unique_id: text, error: text.nullable(), status: z.literal('runtime error') }),
      z.strictObject({
        unique_id: text,
        max_loaded_at: time,
        snapshotted_at: time,
        max_loaded_at_time_ago_in_s: z.number(),
        status: z.enum(['pass', 'warn', 'error']),
        criteria: freshness,
        adapter_response: free,
        timing: z.array(timing),
        thread_id: text,
        execution_time: z.number(),
      }),
    ]),
  ),
});

const catalogTable = z.strictObject({
  metadata: z.strictObject({
    type: text,
    schema: text,
    name: text,
    database: text.nullable(),
    comment: text.nullable(),
    owner: text.nullable(),
  }),
  columns: z.record(text, z.strictObject({ type: text, index: z.number(), name: text, comment: text.nullable() })),
  stats: z.record(text, z.looseObject({ id: text, label: text, include: z.boolean() })),
  unique_id: text,
});

/** catalog.json, version 1. */
export const catalogShape = z.object({
  metadata: metadata('catalog/v1'),
  nodes: z.record(text, catalogTable),
  sources: z.record(text, catalogTable),
  errors: z.array(text).nullable(),
});
