import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { splitBlocks } from '../jinja/index.js';
import { readSources } from '../project/files.js';
import { type PropertiesFile, readProperties } from '../project/properties.js';
import { hasTemplate, renderYaml } from '../project/render.js';
import { readYamlObject } from '../project/yaml.js';
import { baseOf, type ParseWorld } from './world.js';

/** Left as written when the file is read: rendered later, when what they speak of is known. */
const keptKeys = new Set([
  'description',
  'tests',
  'data_tests',
  'loaded_at_query',
  'relation',
  'pre_hook',
  'post_hook',
  'pre-hook',
  'post-hook',
  'given',
  'expect',
  'overrides',
]);

/** The semantic layer has templates of its own, which mean nothing here. */
const semanticSections = new Set(['metrics', 'semantic_models', 'saved_queries']);

/** Reads every properties file (`*.yml` under the packages' paths) and indexes the entries. */
export function readAllProperties(world: ParseWorld): void {
  for (const pkg of world.packages) {
    const { paths } = pkg.file;
    const folders = [
      ...paths.models,
      ...paths.seeds,
      ...paths.snapshots,
      ...paths.analyses,
      ...paths.macros,
      ...paths.tests,
    ];
    const context = baseOf(world, pkg.name);
    for (const source of readSources(pkg.dir, [...new Set(folders)], ['.yml', '.yaml'])) {
      const content = world.captures.yaml(source.checksum, () =>
        readYamlObject(source.text, source.path),
      ) as JsonObject;
      const rendered = hasTemplate(source.text)
        ? (renderYaml(content, context, source.path, (keys) => isKept(keys)) as JsonObject)
        : content;
      world.properties.push(readProperties(rendered, source.path, pkg.name, content));
    }
  }
  for (const file of world.properties) index(world, file);
}

const sections = ['models', 'seeds', 'snapshots', 'analyses', 'dataTests', 'macros'] as const;

function index(world: ParseWorld, file: PropertiesFile): void {
  for (const section of sections)
    for (const entry of file[section]) {
      const key = `${file.packageName}:${section}:${entry.name}`;
      world.propertyIndex.set(key, [...(world.propertyIndex.get(key) ?? []), entry]);
    }
}

/** `description` anywhere; the sections of tests at the top level are nodes of their own, not the tests of a node. */
function isKept(keys: string[]): boolean {
  return semanticSections.has(keys[0] ?? '') || (keys.length > 1 && keptKeys.has(keys.at(-1) ?? ''));
}

/** Reads the `{% docs %}` blocks of Markdown files. */
export function readDocs(world: ParseWorld): void {
  for (const pkg of world.packages) {
    const { paths } = pkg.file;
    const folders =
      paths.docs.length > 0
        ? paths.docs
        : [...paths.models, ...paths.seeds, ...paths.snapshots, ...paths.analyses, ...paths.macros, ...paths.tests];
    for (const source of readSources(pkg.dir, [...new Set(folders)], ['.md'])) {
      if (!source.text.includes('docs')) continue;
      for (const block of splitBlocks(source.text, { path: source.path, allowed: ['docs'] })) {
        const uniqueId = `doc.${pkg.name}.${block.name}`;
        if (world.manifest.docs.has(uniqueId))
          throw new MillraceError(
            'SQL_PROJECT_INVALID',
            `two docs blocks are called "${block.name}"; the second is in ${source.path}:${block.line}`,
          );
        world.manifest.docs.set(uniqueId, {
          unique_id: uniqueId,
          resource_type: 'doc',
          name: block.name,
          package_name: pkg.name,
          path: source.relativePath,
          original_file_path: source.path,
          block_contents: block.source.trim(),
        });
      }
    }
  }
}

/** Names of things described in properties files that do not exist: a warning, as in dbt. */
export function warnOfUnusedProperties(world: ParseWorld): void {
  const names = new Set<string>();
  for (const node of [...world.manifest.nodes.values(), ...[...world.manifest.disabled.values()].flat()])
    names.add(`${node.package_name}:${node.resource_type}:${node.name}`);
  const types: [(typeof sections)[number], string][] = [
    ['models', 'model'],
    ['seeds', 'seed'],
    ['snapshots', 'snapshot'],
    ['analyses', 'analysis'],
  ];
  for (const file of world.properties)
    for (const [section, type] of types)
      for (const entry of file[section])
        if (!names.has(`${file.packageName}:${type}:${entry.name}`))
          world.warnings.push(`${file.path} describes the ${type} "${entry.name}", which does not exist`);
}
