import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { NodeScope } from '../compile/scope.js';
import { compileTemplate, fromHost } from '../jinja/index.js';
import { configDefaults, configFromTree, mergeConfig, type NodeConfig } from '../project/config.js';
import { sha256 } from '../project/files.js';
import { didYouMean } from '../project/nearest.js';
import type { Package } from '../project/package.js';
import type { ColumnProperties, NodeProperties, TestEntry } from '../project/properties.js';
import { hasTemplate, renderYaml } from '../project/render.js';
import { isObject } from '../project/yaml.js';
import { type Capture, captureTemplate } from './capture.js';
import { type GenericTest, readGenericTest, type TestTarget } from './generic-tests.js';
import { internalPackage } from './macros.js';
import type { ManifestNode, RefCall } from './node.js';
import { register, relationName } from './read-nodes.js';
import type { SourceTable } from './read-sources.js';
import { baseOf, type ParseWorld, placeNode } from './world.js';

/** Makes the nodes of all generic tests: of models, seeds, snapshots and sources, on them and on their columns. */
export function readGenericTests(world: ParseWorld, sources: SourceTable[]): void {
  const described = new Map<string, ManifestNode[]>();
  for (const node of world.manifest.nodes.values()) {
    if (!node.patch_path) continue;
    const key = `${node.patch_path}:${node.resource_type}:${node.name}`;
    described.set(key, [...(described.get(key) ?? []), node]);
  }
  const sections = [
    ['models', 'model'],
    ['seeds', 'seed'],
    ['snapshots', 'snapshot'],
  ] as const;
  for (const file of world.properties)
    for (const [section, type] of sections)
      for (const properties of file[section])
        for (const node of described.get(`${properties.packageName}://${properties.path}:${type}:${properties.name}`) ??
          [])
          addNodeTests(world, node, properties, section);
  for (const { source, pkg, properties } of sources) {
    const reference = `source('${source.source_name}', '${source.name}')`;
    const target = {
      kind: 'source' as const,
      name: `${source.source_name}_${source.name}`,
      reference,
      uniqueId: source.unique_id,
      fileKey: `sources.${source.source_name}`,
      refs: [],
      sources: [[source.source_name, source.name]] as [string, string][],
    };
    addTests(world, pkg, properties, target, properties.tests, properties.columns);
  }
}

interface Attached extends Omit<TestTarget, 'columnName' | 'columnTags'> {
  uniqueId: string;
  fileKey: string;
  refs: RefCall[];
  sources: [string, string][];
}

function addNodeTests(world: ParseWorld, node: ManifestNode, properties: NodeProperties, section: string): void {
  const pkg = world.packages.find((each) => each.name === node.package_name) as Package;
  const version = node.version ?? null;
  const entry =
    version === null || !Array.isArray(properties.raw['versions'])
      ? undefined
      : properties.raw['versions'].filter(isObject).find((each) => String(each['v']) === String(version));
  const target: Attached = {
    kind: 'node',
    name: version === null ? node.name : `${node.name}_v${String(version)}`,
    reference:
      version === null
        ? `ref('${node.name}')`
        : `ref('${node.name}', version=${typeof version === 'number' ? version : `'${String(version)}'`})`,
    uniqueId: node.unique_id,
    fileKey: `${section}.${node.name}`,
    refs: [{ name: node.name, package: null, version }],
    sources: [],
  };
  const own = entry?.['data_tests'] ?? entry?.['tests'];
  const columns = properties.columns.filter((column) => column.name in node.columns);
  addTests(world, pkg, properties, target, Array.isArray(own) ? (own as TestEntry[]) : properties.tests, columns);
}

function addTests(
  world: ParseWorld,
  pkg: Package,
  properties: NodeProperties,
  target: Attached,
  tests: TestEntry[],
  columns: ColumnProperties[],
): void {
  const where = `${properties.path}: ${properties.name}`;
  for (const entry of tests)
    addTest(
      world,
      pkg,
      properties,
      target,
      readGenericTest(entry, { ...target, columnName: null, columnTags: [] }, where),
      null,
    );
  for (const column of columns)
    for (const entry of column.tests) {
      const columnName = column.quote ? `"${column.name}"` : column.name;
      addTest(
        world,
        pkg,
        properties,
        target,
        readGenericTest(entry, { ...target, columnName, columnTags: column.tags }, `${where}.${column.name}`),
        column,
      );
    }
}

function addTest(
  world: ParseWorld,
  pkg: Package,
  properties: NodeProperties,
  target: Attached,
  test: GenericTest,
  column: ColumnProperties | null,
): void {
  const capture = captureTest(world, pkg, properties, target, test);
  const fqn = [pkg.name, ...properties.path.split('/').slice(1, -1), test.name];
  let config = mergeConfig(configDefaults['test'] ?? {}, configFromTree(pkg.file.configTrees['data_tests'] ?? {}, fqn));
  config = mergeConfig(mergeConfig(config, capture.config), renderTestConfig(world, pkg, test.config, properties.path));
  config = mergeConfig(config, { tags: column?.tags ?? [] });
  if (pkg !== world.root)
    config = mergeConfig(config, configFromTree(world.root.file.configTrees['data_tests'] ?? {}, fqn));
  if (typeof config['severity'] === 'string')
    config['severity'] = config['severity'].toUpperCase() === 'WARN' ? 'WARN' : 'ERROR';
  const node: ManifestNode = {
    unique_id: `test.${pkg.name}.${test.name}.${test.hash}`,
    resource_type: 'test',
    name: test.name,
    package_name: pkg.name,
    path: `${test.shortName}.sql`,
    original_file_path: properties.path,
    fqn,
    alias: test.shortName,
    database: null,
    schema: '',
    relation_name: null,
    checksum: { name: 'none', checksum: '' },
    raw_code: test.rawCode,
    language: 'sql',
    config,
    unrendered_config: test.config,
    tags: config['tags'] as string[],
    description: test.description,
    columns: {},
    meta: isObject(config['meta']) ? config['meta'] : {},
    group: null,
    docs: { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    created_at: world.createdAt,
    depends_on: { macros: capture.macros, nodes: [] },
    refs: capture.refs,
    sources: capture.sources,
    metrics: [],
    compiled_path: null,
    contract: { enforced: false, alias_types: true, checksum: null },
    test_metadata: { name: test.testName, kwargs: test.kwargs, namespace: test.namespace },
    column_name: column?.name ?? null,
    attached_node: target.kind === 'node' ? target.uniqueId : null,
    file_key_name: target.fileKey,
  };
  placeNode(world, node);
  node.relation_name = relationName(world, pkg, node);
  // The same test written twice on the same column is one test.
  if (!world.manifest.nodes.has(node.unique_id)) register(world, node);
}

/** A test's config may be a template over vars and the environment; `where` is rendered when the test runs. */
function renderTestConfig(world: ParseWorld, pkg: Package, config: NodeConfig, path: string): NodeConfig {
  return renderYaml(config, baseOf(world, pkg.name), path, (keys) => keys[0] === 'where') as NodeConfig;
}

/** What a test refers to. The engine's own tests with plain arguments are known without rendering them. */
function captureTest(
  world: ParseWorld,
  pkg: Package,
  properties: NodeProperties,
  target: Attached,
  test: GenericTest,
): Capture {
  const name = `test_${test.testName}`;
  const entry =
    test.namespace === null ? world.registry.find(name, pkg.name) : world.registry.ofPackage(test.namespace)?.get(name);
  if (!entry) throw unknownTest(world, properties, test);
  const others = Object.entries(test.kwargs).filter(([key]) => key !== 'model' && key !== 'column_name');
  const plain = others.every(([, value]) => !mayRefer(value));
  if (entry.packageName === internalPackage && plain)
    return {
      refs: target.refs,
      sources: target.sources,
      config: {},
      macros: [entry.uniqueId, 'macro.dbt.get_where_subquery'],
    };
  const key = sha256(JSON.stringify([pkg.name, test.rawCode, test.kwargs, target.reference]));
  return world.captures.capture(key, () =>
    captureTemplate(test.rawCode, {
      path: properties.path,
      registry: world.registry,
      packageName: pkg.name,
      base: baseOf(world, pkg.name),
      prepare: (scope, own) => {
        own['_dbt_generic_test_kwargs'] = renderKwargs(test.kwargs, scope, properties.path, true);
      },
    }),
  );
}

/** A test's arguments as its macro gets them: `ref('x')` becomes the relation, templates their value, a column's name stays text. */
export function renderKwargs(
  kwargs: JsonObject,
  scope: NodeScope,
  path: string,
  lenient: boolean,
): Record<string, unknown> {
  const render = (value: Json, key: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => render(item, ''));
    if (isObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, render(item, '')]));
    if (typeof value !== 'string') return fromHost(value);
    const text = key !== 'column_name' && looksLikeCall.test(value) ? `{{ ${value} }}` : value;
    if (!hasTemplate(text)) return text;
    const template = compileTemplate(text, { path });
    return key === 'column_name' ? template.renderSync(scope, { lenient }) : template.renderNative(scope, { lenient });
  };
  return Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, render(value, key)]));
}

const looksLikeCall = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

function mayRefer(value: Json): boolean {
  if (Array.isArray(value)) return value.some(mayRefer);
  if (isObject(value)) return Object.values(value).some(mayRefer);
  return typeof value === 'string' && (looksLikeCall.test(value) || hasTemplate(value));
}

function unknownTest(world: ParseWorld, properties: NodeProperties, test: GenericTest): MillraceError {
  const known = world.registry.all
    .filter((entry) => entry.name.startsWith('test_'))
    .map(
      (entry) =>
        `${entry.packageName === internalPackage || entry.packageName === properties.packageName ? '' : `${entry.packageName}.`}${entry.name.slice('test_'.length)}`,
    );
  const wrong = `${test.namespace === null ? '' : `${test.namespace}.`}${test.testName}`;
  const missing =
    test.namespace !== null && !world.registry.ofPackage(test.namespace)
      ? `There is no package "${test.namespace}": run \`millrace sql deps\`.`
      : '';
  return new MillraceError(
    'SQL_REFERENCE_UNKNOWN',
    `${properties.path}: ${properties.name} has a test "${wrong}", which does not exist`,
    {
      hint: missing || didYouMean(wrong, known) || `Tests: ${known.join(', ')}.`,
    },
  );
}
