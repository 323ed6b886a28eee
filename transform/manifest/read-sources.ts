import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { Relation } from '../compile/relation.js';
import { configDefaults, configFromTree, mergeConfig, type NodeConfig } from '../project/config.js';
import type { Package } from '../project/package.js';
import type { NodeProperties, SourceProperties } from '../project/properties.js';
import { isObject } from '../project/yaml.js';
import type { ManifestSource } from './node.js';
import { describe, manifestColumn } from './patch.js';
import type { ParseWorld } from './world.js';

/** A table of a source with what was written of both. */
export interface SourceTable {
  source: ManifestSource;
  pkg: Package;
  properties: NodeProperties;
}

/** Reads every source table. Throws when two have the same name. */
export function readAllSources(world: ParseWorld): SourceTable[] {
  const tables: SourceTable[] = [];
  for (const file of world.properties) {
    const pkg = world.packages.find((each) => each.name === file.packageName) as Package;
    for (const source of file.sources)
      for (const table of source.tables)
        tables.push({ source: makeSource(world, pkg, source, table), pkg, properties: table });
  }
  for (const { source } of tables) {
    const { sources, disabled } = world.manifest;
    if (source.config['enabled'] === false) disabled.set(source.unique_id, [source]);
    else if (sources.has(source.unique_id))
      throw new MillraceError(
        'SQL_PROJECT_INVALID',
        `the source ${source.source_name}.${source.name} is defined twice; the second time in ${source.original_file_path}`,
      );
    else sources.set(source.unique_id, source);
  }
  return tables.filter(({ source }) => source.config['enabled'] !== false);
}

function makeSource(world: ParseWorld, pkg: Package, source: SourceProperties, table: NodeProperties): ManifestSource {
  const text = (...values: (Json | undefined)[]) =>
    (values.find((value) => typeof value === 'string') as string | undefined) ?? null;
  const folders = source.path.split('/').slice(1, -1);
  const fqn = [pkg.name, ...folders, source.name, table.name];
  const config = sourceConfig(world, pkg, fqn, source, table);
  const identifier = text(table.raw['identifier']) ?? table.name;
  const schema = text(source.raw['schema']) ?? source.name;
  const database = text(source.raw['database'], source.raw['catalog']) ?? world.target.database;
  const quoting = { ...world.root.file.quoting, ...object(source.raw['quoting']), ...object(table.raw['quoting']) };
  const relation = new Relation({
    database,
    schema,
    identifier,
    quotePolicy: { database: true, schema: true, identifier: true, ...quoting },
  });
  return {
    unique_id: `source.${pkg.name}.${source.name}.${table.name}`,
    resource_type: 'source',
    name: table.name,
    source_name: source.name,
    package_name: pkg.name,
    path: source.path,
    original_file_path: source.path,
    fqn,
    database,
    schema,
    identifier,
    relation_name: relation.render(),
    source_description: describe(world, pkg.name, source.description, source.path),
    source_meta: object(source.raw['meta']),
    loader: text(source.raw['loader']) ?? '',
    loaded_at_field: text(config['loaded_at_field']),
    loaded_at_query: text(config['loaded_at_query']),
    freshness: isObject(config['freshness']) ? config['freshness'] : null,
    external: table.raw['external'] ?? null,
    quoting: quoting as JsonObject,
    description: describe(world, pkg.name, table.description, source.path),
    columns: Object.fromEntries(table.columns.map((column) => [column.name, manifestColumn(world, table, column)])),
    meta: object(config['meta']),
    tags: config['tags'] as string[],
    config,
    unrendered_config: {},
    patch_path: null,
    created_at: world.createdAt,
    doc_blocks: [],
  };
}

/** The tree of dbt_project.yml, then what the source says for all its tables, then the table. */
function sourceConfig(
  world: ParseWorld,
  pkg: Package,
  fqn: string[],
  source: SourceProperties,
  table: NodeProperties,
): NodeConfig {
  let config = mergeConfig(configDefaults['source'] ?? {}, configFromTree(pkg.file.configTrees['sources'] ?? {}, fqn));
  config = mergeConfig(config, source.config);
  // `freshness: null` of a table switches off what the source says; thresholds are laid over each other.
  const { freshness, ...own } = table.config;
  config = mergeConfig(config, own);
  if (freshness !== undefined)
    config['freshness'] = isObject(freshness) ? { ...object(config['freshness']), ...freshness } : null;
  if (pkg !== world.root)
    config = mergeConfig(config, configFromTree(world.root.file.configTrees['sources'] ?? {}, fqn));
  return config;
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
