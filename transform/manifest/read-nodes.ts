import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { Relation } from '../compile/relation.js';
import { splitBlocks } from '../jinja/index.js';
import { checkConfig, configDefaults, configFromTree, mergeConfig, type NodeConfig } from '../project/config.js';
import { type ProjectSource, readSources, sha256 } from '../project/files.js';
import type { Package } from '../project/package.js';
import type { NodeProperties } from '../project/properties.js';
import { isObject } from '../project/yaml.js';
import { type Capture, captureTemplate } from './capture.js';
import type { ManifestNode } from './node.js';
import { applyProperties } from './patch.js';
import { readSeedFiles } from './read-seeds.js';
import { baseOf, type ParseWorld, placeNode } from './world.js';

/** The trees of dbt_project.yml, by type of resource. */
const treeOf: Record<string, string> = {
  model: 'models',
  seed: 'seeds',
  snapshot: 'snapshots',
  test: 'data_tests',
  analysis: 'analyses',
  operation: 'models',
};

/** A node as its file gives it, before its properties and config are known. */
export interface RawNode {
  resourceType: ManifestNode['resource_type'];
  name: string;
  pkg: Package;
  /** From the search path. */
  path: string;
  originalFilePath: string;
  fqn: string[];
  text: string;
  firstLine?: number;
  checksum: { name: string; checksum: string };
  properties: NodeProperties | undefined;
  version?: Json;
}

/** Reads every node that has a file, of all packages: models, snapshots, seeds, singular tests, analyses, hooks of the project. */
export function readNodes(world: ParseWorld): void {
  for (const pkg of world.packages) {
    const models = readSources(pkg.dir, pkg.file.paths.models, ['.sql']);
    for (const raw of [
      ...readModels(world, pkg, models),
      ...readSnapshots(world, pkg, models),
      ...readSeedFiles(world, pkg),
      ...readSingularTests(world, pkg),
      ...readAnalyses(world, pkg),
      ...readHooks(pkg),
    ])
      addNode(world, raw);
  }
}

function readModels(world: ParseWorld, pkg: Package, sources: ProjectSource[]): RawNode[] {
  const versions = versionsByFile(world, pkg);
  return sources.map((source) => {
    const stem = stemOf(source);
    const versioned = versions.get(stem);
    const properties = versioned?.properties ?? propertiesOf(world, pkg, 'models', stem);
    const name = versioned ? versioned.name : stem;
    const fqn = [pkg.name, ...foldersOf(source), name, ...(versioned ? [`v${String(versioned.version)}`] : [])];
    return {
      ...fromFile('model', pkg, source, name),
      fqn,
      properties,
      ...(versioned ? { version: versioned.version } : {}),
    };
  });
}

/** Which file holds which version of a model: `defined_in`, else `<name>_v<version>`. */
function versionsByFile(
  world: ParseWorld,
  pkg: Package,
): Map<string, { name: string; version: Json; properties: NodeProperties }> {
  const found = new Map<string, { name: string; version: Json; properties: NodeProperties }>();
  for (const file of world.properties)
    for (const model of file.packageName === pkg.name ? file.models : [])
      for (const entry of Array.isArray(model.raw['versions']) ? model.raw['versions'].filter(isObject) : []) {
        const version = entry['v'] as Json;
        const stem =
          typeof entry['defined_in'] === 'string' ? entry['defined_in'] : `${model.name}_v${String(version)}`;
        found.set(stem, { name: model.name, version, properties: model });
        // The latest version may also stand in a file without a suffix.
        if (typeof entry['defined_in'] !== 'string' && String(version) === String(model.raw['latest_version'] ?? ''))
          found.set(model.name, { name: model.name, version, properties: model });
      }
  return found;
}

/** Snapshots as blocks in files, and those that a properties file defines over a relation. */
function readSnapshots(world: ParseWorld, pkg: Package, models: ProjectSource[]): RawNode[] {
  const blocks = [...readSources(pkg.dir, pkg.file.paths.snapshots, ['.sql']), ...models].flatMap((source) =>
    /\{%-?\s*snapshot\b/.test(source.text)
      ? splitBlocks(source.text, { path: source.path, allowed: ['snapshot'] }).map((block) => ({
          ...fromFile('snapshot', pkg, source, block.name),
          fqn: [pkg.name, ...foldersOf(source), stemOf(source), block.name],
          text: block.source,
          firstLine: block.bodyLine,
          checksum: { name: 'sha256', checksum: sha256(block.source.trim()) },
          properties: propertiesOf(world, pkg, 'snapshots', block.name),
        }))
      : [],
  );
  const defined = world.properties
    .filter((file) => file.packageName === pkg.name)
    .flatMap((file) => file.snapshots.filter((entry) => entry.raw['relation'] !== undefined))
    .map((entry): RawNode => {
      const text = `select * from {{ ${String(entry.raw['relation'])} }}`;
      const folders = entry.path.split('/').slice(1, -1);
      return {
        resourceType: 'snapshot',
        name: entry.name,
        pkg,
        path: entry.path.split('/').slice(1).join('/'),
        originalFilePath: entry.path,
        fqn: [pkg.name, ...folders, entry.name],
        text,
        checksum: { name: 'sha256', checksum: sha256(text) },
        properties: entry,
      };
    });
  return [...blocks, ...defined];
}

function readSingularTests(world: ParseWorld, pkg: Package): RawNode[] {
  return readSources(pkg.dir, pkg.file.paths.tests, ['.sql'])
    .filter(({ relativePath }) => !relativePath.startsWith('generic/') && !relativePath.startsWith('fixtures/'))
    .map((source) => ({
      ...fromFile('test', pkg, source, stemOf(source)),
      properties: propertiesOf(world, pkg, 'dataTests', stemOf(source)),
    }));
}

function readAnalyses(world: ParseWorld, pkg: Package): RawNode[] {
  return readSources(pkg.dir, pkg.file.paths.analyses, ['.sql']).map((source) => ({
    ...fromFile('analysis', pkg, source, stemOf(source)),
    fqn: [pkg.name, 'analysis', ...foldersOf(source), stemOf(source)],
    path: `analysis/${source.relativePath}`,
    properties: propertiesOf(world, pkg, 'analyses', stemOf(source)),
  }));
}

function readHooks(pkg: Package): RawNode[] {
  const kinds: [string, string[]][] = [
    ['on-run-start', pkg.file.onRunStart],
    ['on-run-end', pkg.file.onRunEnd],
  ];
  return kinds.flatMap(([kind, texts]) =>
    texts.map((text, index) => {
      const name = `${pkg.name}-${kind}-${index}`;
      return {
        resourceType: 'operation' as const,
        name,
        pkg,
        path: `hooks/${name}.sql`,
        originalFilePath: './dbt_project.yml',
        fqn: [pkg.name, 'hooks', name],
        text,
        checksum: { name: 'sha256', checksum: sha256(text) },
        properties: undefined,
      };
    }),
  );
}

/** Makes the node: renders it to see what it refers to, lays its configs over each other, gives it its place. */
export function addNode(world: ParseWorld, raw: RawNode): void {
  const { pkg } = raw;
  const capture = captureOf(world, raw);
  const config = configOf(world, raw, capture.config);
  const unrendered = unrenderedConfigOf(world, raw, capture.config);
  checkConfig(config, raw.originalFilePath);
  const node: ManifestNode = {
    unique_id: uniqueIdOf(raw),
    resource_type: raw.resourceType,
    name: raw.name,
    package_name: pkg.name,
    path: raw.path,
    original_file_path: raw.originalFilePath,
    fqn: raw.fqn,
    alias: raw.name,
    database: null,
    schema: '',
    relation_name: null,
    checksum: raw.checksum,
    raw_code: raw.resourceType === 'seed' ? '' : raw.text,
    language: 'sql',
    config,
    unrendered_config: unrendered,
    config_call_dict: capture.config,
    tags: config['tags'] as string[],
    description: '',
    columns: {},
    meta: isObject(config['meta']) ? config['meta'] : {},
    group: typeof config['group'] === 'string' ? config['group'] : null,
    docs: isObject(config['docs']) ? config['docs'] : { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    created_at: world.createdAt,
    depends_on: { macros: capture.macros, nodes: [] },
    refs: capture.refs,
    sources: capture.sources,
    metrics: [],
    compiled_path: null,
    contract: {
      enforced: isObject(config['contract']) && config['contract']['enforced'] === true,
      alias_types: true,
      checksum: null,
    },
    ...(raw.resourceType === 'seed' ? { root_path: pkg.dir } : {}),
    ...(raw.version === undefined ? {} : { version: raw.version }),
    ...(raw.resourceType === 'operation' ? { index: Number(raw.name.split('-').at(-1)) } : {}),
  };
  applyProperties(world, node, raw.properties);
  placeNode(world, node);
  node.relation_name = relationName(world, pkg, node);
  register(world, node);
}

/** The configs of a node in their order of precedence. */
export function configOf(
  world: ParseWorld,
  raw: Pick<RawNode, 'resourceType' | 'pkg' | 'fqn' | 'properties' | 'version'>,
  inline: NodeConfig,
): NodeConfig {
  const tree = treeOf[raw.resourceType] ?? 'models';
  let config = configDefaults[raw.resourceType] ?? {};
  config = mergeConfig(config, configFromTree(raw.pkg.file.configTrees[tree] ?? {}, raw.fqn));
  config = mergeConfig(config, raw.properties?.config ?? {});
  const entry = versionEntry(raw.properties, raw.version);
  if (isObject(entry?.['config'])) config = mergeConfig(config, entry['config']);
  config = mergeConfig(config, inline);
  if (raw.pkg !== world.root)
    config = mergeConfig(config, configFromTree(world.root.file.configTrees[tree] ?? {}, raw.fqn));
  return config;
}

/** What is configured for a node, as it is written: without defaults, and the same for every target. */
function unrenderedConfigOf(world: ParseWorld, raw: RawNode, inline: NodeConfig): NodeConfig {
  const tree = treeOf[raw.resourceType] ?? 'models';
  const layers = [
    configFromTree(raw.pkg.unrenderedTrees[tree] ?? {}, raw.fqn),
    raw.properties?.unrenderedConfig ?? {},
    inline,
    raw.pkg === world.root ? {} : configFromTree(world.root.unrenderedTrees[tree] ?? {}, raw.fqn),
  ];
  return layers.reduce(mergeConfig, {});
}

export function versionEntry(
  properties: NodeProperties | undefined,
  version: Json | undefined,
): JsonObject | undefined {
  if (version === undefined || !Array.isArray(properties?.raw['versions'])) return undefined;
  return properties.raw['versions'].filter(isObject).find((entry) => String(entry['v']) === String(version));
}

/** The quoted name, for what is kept in the database. */
export function relationName(world: ParseWorld, pkg: Package, node: ManifestNode): string | null {
  const kept =
    node.resource_type === 'test'
      ? node.config['store_failures'] === true || node.config['store_failures_as'] !== null
      : ['model', 'seed', 'snapshot'].includes(node.resource_type);
  if (!kept || node.config['materialized'] === 'ephemeral') return null;
  return relationOf(world, pkg, node).render();
}

export function relationOf(world: Pick<ParseWorld, 'root'>, pkg: Package, node: ManifestNode): Relation {
  const quoting = isObject(node.config['quoting']) ? node.config['quoting'] : {};
  const policy = {
    database: true,
    schema: true,
    identifier: true,
    ...world.root.file.quoting,
    ...(pkg === world.root ? {} : pkg.file.quoting),
    ...quoting,
  };
  return new Relation({ database: node.database, schema: node.schema, identifier: node.alias, quotePolicy: policy });
}

/** Puts the node into the manifest, or among the disabled. Throws when its unique id or its relation is taken. */
export function register(world: ParseWorld, node: ManifestNode): void {
  const { nodes, disabled } = world.manifest;
  if (node.config['enabled'] === false) {
    disabled.set(node.unique_id, [...(disabled.get(node.unique_id) ?? []), node]);
    return;
  }
  const other = nodes.get(node.unique_id);
  if (other)
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `two ${node.resource_type}s are called "${node.name}": ${other.original_file_path} and ${node.original_file_path}`,
      {
        hint: 'Rename one of them, or disable it.',
      },
    );
  nodes.set(node.unique_id, node);
}

function captureOf(world: ParseWorld, raw: RawNode): Capture {
  if (raw.resourceType === 'seed') return { refs: [], sources: [], config: {}, macros: [] };
  // Text without a template refers to nothing.
  if (!/[{][{%]/.test(raw.text)) return { refs: [], sources: [], config: {}, macros: [] };
  return world.captures.capture(`${raw.pkg.name}:${raw.path}:${raw.checksum.checksum}`, () =>
    captureTemplate(raw.text, {
      path: raw.originalFilePath,
      ...(raw.firstLine === undefined ? {} : { firstLine: raw.firstLine }),
      registry: world.registry,
      packageName: raw.pkg.name,
      base: baseOf(world, raw.pkg.name),
      own: {
        model: {
          name: raw.name,
          resource_type: raw.resourceType,
          package_name: raw.pkg.name,
          fqn: raw.fqn,
          path: raw.path,
        },
      },
    }),
  );
}

export function propertiesOf(
  world: ParseWorld,
  pkg: Package,
  section: 'models' | 'seeds' | 'snapshots' | 'analyses' | 'dataTests',
  name: string,
): NodeProperties | undefined {
  const found = world.propertyIndex.get(`${pkg.name}:${section}:${name}`) ?? [];
  if (found.length > 1)
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `"${name}" is described twice under ${section}: in ${found.map((entry) => entry.path).join(' and ')}`,
    );
  return found[0];
}

function fromFile(
  resourceType: ManifestNode['resource_type'],
  pkg: Package,
  source: ProjectSource,
  name: string,
): RawNode {
  return {
    resourceType,
    name,
    pkg,
    path: source.relativePath,
    originalFilePath: source.path,
    fqn: [pkg.name, ...foldersOf(source), name],
    text: source.text.trim(),
    firstLine: (/^\s*/.exec(source.text)?.[0] ?? '').split('\n').length,
    checksum: { name: 'sha256', checksum: source.checksum },
    properties: undefined,
  };
}

function uniqueIdOf(raw: RawNode): string {
  const base = `${raw.resourceType}.${raw.pkg.name}.${raw.name}`;
  return raw.version === undefined || raw.version === null ? base : `${base}.v${String(raw.version)}`;
}

function stemOf(source: ProjectSource): string {
  return (source.relativePath.split('/').at(-1) ?? '').replace(/\.[^.]*$/, '');
}

function foldersOf(source: ProjectSource): string[] {
  return source.relativePath.split('/').slice(0, -1);
}
