import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../kernel/json.js';
import { configDefaults, configFromTree, mergeConfig } from '../project/config.js';
import { sha256 } from '../project/files.js';
import type { Package } from '../project/package.js';
import type { NodeProperties } from '../project/properties.js';
import { renderYaml } from '../project/render.js';
import { isObject, readYamlObject } from '../project/yaml.js';
import { captureTemplate } from './capture.js';
import { describe } from './patch.js';
import { baseOf, type ParseWorld } from './world.js';

/** Exposures, groups and unit tests of all packages, and selectors.yml of the root project. */
export function readOthers(world: ParseWorld): void {
  for (const file of world.properties) {
    const pkg = world.packages.find((each) => each.name === file.packageName) as Package;
    for (const entry of file.groups) addGroup(world, pkg, entry);
    for (const entry of file.exposures) addExposure(world, pkg, entry);
    for (const entry of file.unitTests) addUnitTest(world, pkg, entry);
  }
  readSelectors(world);
}

function addGroup(world: ParseWorld, pkg: Package, entry: NodeProperties): void {
  const uniqueId = `group.${pkg.name}.${entry.name}`;
  world.manifest.groups.set(uniqueId, {
    unique_id: uniqueId,
    resource_type: 'group',
    name: entry.name,
    package_name: pkg.name,
    path: relative(entry.path),
    original_file_path: entry.path,
    owner: object(entry.raw['owner']),
    description: entry.description || null,
    config: { meta: object(entry.config['meta']) },
  });
}

function addExposure(world: ParseWorld, pkg: Package, entry: NodeProperties): void {
  const uniqueId = `exposure.${pkg.name}.${entry.name}`;
  const fqn = [pkg.name, ...entry.path.split('/').slice(1, -1), entry.name];
  const config = mergeConfig(
    mergeConfig(configDefaults['exposure'] ?? {}, configFromTree(pkg.file.configTrees['exposures'] ?? {}, fqn)),
    entry.config,
  );
  const dependsOn = Array.isArray(entry.raw['depends_on']) ? entry.raw['depends_on'].map(String) : [];
  const text = dependsOn.map((each) => `{{ ${each} }}`).join('\n');
  const capture = world.captures.capture(sha256(`exposure:${pkg.name}:${text}`), () =>
    captureTemplate(text, {
      path: entry.path,
      registry: world.registry,
      packageName: pkg.name,
      base: baseOf(world, pkg.name),
    }),
  );
  const exposure = {
    unique_id: uniqueId,
    resource_type: 'exposure' as const,
    name: entry.name,
    package_name: pkg.name,
    path: relative(entry.path),
    original_file_path: entry.path,
    fqn,
    type: String(entry.raw['type'] ?? 'dashboard'),
    owner: object(entry.raw['owner']),
    description: describe(world, pkg.name, entry.description, entry.path),
    label: textOrNull(entry.raw['label']),
    maturity: textOrNull(entry.raw['maturity']),
    url: textOrNull(entry.raw['url']),
    meta: object(config['meta']),
    tags: config['tags'] as string[],
    config,
    unrendered_config: {},
    depends_on: { macros: [], nodes: [] },
    refs: capture.refs,
    sources: capture.sources,
    metrics: [],
    created_at: world.createdAt,
  };
  if (config['enabled'] === false) world.manifest.disabled.set(uniqueId, [exposure]);
  else world.manifest.exposures.set(uniqueId, exposure);
}

function addUnitTest(world: ParseWorld, pkg: Package, entry: NodeProperties): void {
  const model = String(entry.raw['model'] ?? '');
  const fqn = [pkg.name, ...entry.path.split('/').slice(1, -1), model, entry.name];
  const config = mergeConfig(
    mergeConfig(configDefaults['unit_test'] ?? {}, configFromTree(pkg.file.configTrees['unit_tests'] ?? {}, fqn)),
    entry.config,
  );
  if (config['enabled'] === false) return;
  const uniqueId = `unit_test.${pkg.name}.${model}.${entry.name}`;
  world.manifest.unitTests.set(uniqueId, {
    unique_id: uniqueId,
    resource_type: 'unit_test',
    name: entry.name,
    model,
    package_name: pkg.name,
    path: relative(entry.path),
    original_file_path: entry.path,
    fqn,
    given: (Array.isArray(entry.raw['given']) ? entry.raw['given'] : []).filter(isObject),
    expect: object(entry.raw['expect']),
    description: entry.description,
    overrides: isObject(entry.raw['overrides']) ? entry.raw['overrides'] : null,
    versions: entry.raw['versions'] ?? null,
    version: null,
    config,
    depends_on: { macros: [], nodes: [] },
    schema: '',
    checksum: sha256(JSON.stringify(entry.raw)),
    created_at: world.createdAt,
  });
}

function readSelectors(world: ParseWorld): void {
  const path = join(world.root.dir, 'selectors.yml');
  if (!existsSync(path)) return;
  const content = renderYaml(
    readYamlObject(readFileSync(path, 'utf8'), path),
    baseOf(world, world.root.name),
    path,
  ) as JsonObject;
  for (const entry of Array.isArray(content['selectors']) ? content['selectors'].filter(isObject) : [])
    world.manifest.selectors.set(String(entry['name']), entry);
}

function relative(path: string): string {
  return path.split('/').slice(1).join('/');
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
