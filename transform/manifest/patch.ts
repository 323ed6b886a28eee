import { MillraceError } from '../../kernel/errors.js';
import { compileTemplate, hostFunction } from '../jinja/index.js';
import { md5 } from '../project/files.js';
import { didYouMean } from '../project/nearest.js';
import { type ColumnProperties, type NodeProperties, readColumns } from '../project/properties.js';
import { hasTemplate } from '../project/render.js';
import { isObject } from '../project/yaml.js';
import type { ManifestColumn, ManifestNode } from './node.js';
import { versionEntry } from './read-nodes.js';
import type { ParseWorld } from './world.js';

/** Puts what a properties file says of a node onto it: description, columns, access, constraints, versions. */
export function applyProperties(world: ParseWorld, node: ManifestNode, properties: NodeProperties | undefined): void {
  if (node.resource_type === 'model') {
    node.access = typeof node.config['access'] === 'string' ? node.config['access'] : 'protected';
    node.constraints = [];
    node.version ??= null;
    node.latest_version = null;
    node.deprecation_date = null;
    node.primary_key = [];
    node.time_spine = null;
  }
  if (!properties) return;
  const { raw } = properties;
  const entry = versionEntry(properties, node.version);
  node.patch_path = `${properties.packageName}://${properties.path}`;
  node.description = describe(
    world,
    properties.packageName,
    typeof entry?.['description'] === 'string' ? entry['description'] : properties.description,
    properties.path,
  );
  node.columns = Object.fromEntries(
    columnsOf(properties, entry).map((column) => [column.name, manifestColumn(world, properties, column)]),
  );
  if (node.resource_type !== 'model') return;
  node.constraints = (
    Array.isArray(entry?.['constraints'])
      ? entry['constraints']
      : Array.isArray(raw['constraints'])
        ? raw['constraints']
        : []
  ).filter(isObject);
  node.latest_version = node.version === null ? null : (raw['latest_version'] ?? latestOf(raw['versions']));
  if (typeof raw['deprecation_date'] === 'string') node.deprecation_date = raw['deprecation_date'];
  if (isObject(raw['time_spine'])) node.time_spine = { custom_granularities: [], ...raw['time_spine'] };
  if (node.contract.enforced) node.contract.checksum = contractChecksum(node);
}

/** A description with its `{{ doc('…') }}` filled in. */
export function describe(world: ParseWorld, packageName: string, text: string, path: string): string {
  if (!hasTemplate(text)) return text;
  const doc = hostFunction((args) => {
    const [owner, name] = args.length === 2 ? [String(args[0]), String(args[1])] : [null, String(args[0])];
    const candidates = owner ? [owner] : [packageName, world.root.name, ...world.packages.map((each) => each.name)];
    const found = candidates.map((each) => world.manifest.docs.get(`doc.${each}.${name}`)).find(Boolean);
    if (found) return found.block_contents;
    throw new MillraceError('SQL_REFERENCE_UNKNOWN', `${path}: there is no docs block "${name}"`, {
      hint: didYouMean(
        name,
        [...world.manifest.docs.values()].map((each) => each.name),
      ),
    });
  });
  return compileTemplate(text, { path }).renderSync({ doc });
}

export function manifestColumn(
  world: ParseWorld,
  properties: NodeProperties,
  column: ColumnProperties,
): ManifestColumn {
  return {
    name: column.name,
    description: describe(world, properties.packageName, column.description, properties.path),
    meta: column.meta,
    data_type: column.dataType,
    constraints: column.constraints,
    quote: column.quote,
    config: { meta: column.meta, tags: column.tags },
    tags: column.tags,
  };
}

/** A version's columns: its own list, into which `include`/`exclude` brings those of the model. */
function columnsOf(properties: NodeProperties, entry: ReturnType<typeof versionEntry>): ColumnProperties[] {
  if (!entry?.['columns']) return properties.columns.filter((column) => column.name !== '');
  const own = readColumns(entry, properties.path);
  const filter = own.find((column) => column.name === '')?.raw;
  const excluded = Array.isArray(filter?.['exclude']) ? filter['exclude'] : [];
  const included = filter?.['include'];
  const kept = filter
    ? properties.columns.filter(
        (column) => !excluded.includes(column.name) && (!Array.isArray(included) || included.includes(column.name)),
      )
    : [];
  const named = own.filter((column) => column.name !== '');
  return [...kept.filter((column) => !named.some((each) => each.name === column.name)), ...named];
}

function latestOf(versions: unknown): string | number | null {
  if (!Array.isArray(versions)) return null;
  const all = versions.filter(isObject).map((entry) => entry['v'] as string | number);
  return (
    all
      .sort((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1))
      .at(-1) ?? null
  );
}

function contractChecksum(node: ManifestNode): string {
  return md5(
    JSON.stringify(Object.values(node.columns).map((column) => [column.name, column.data_type, column.constraints])),
  );
}
