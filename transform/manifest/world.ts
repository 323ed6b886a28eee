import type { JsonObject } from '../../kernel/json.js';
import type { Invocation } from '../compile/base-context.js';
import { baseContext } from '../compile/base-context.js';
import { NodeScope } from '../compile/scope.js';
import { hostFunction, invokeSync, str } from '../jinja/index.js';
import type { Package } from '../project/package.js';
import { type Target, targetVariables } from '../project/profile.js';
import type { NodeProperties, PropertiesFile } from '../project/properties.js';
import { varsOf } from '../project/vars.js';
import type { CaptureCache } from './cache.js';
import { internalPackage, type MacroRegistry } from './macros.js';
import type { Manifest, ManifestNode } from './node.js';

/** Everything that the steps of a parse share. */
export interface ParseWorld {
  root: Package;
  /** The root first. */
  packages: Package[];
  target: Target;
  invocation: Invocation;
  cliVars: JsonObject;
  registry: MacroRegistry;
  properties: PropertiesFile[];
  /** Entries of properties files by `package:section:name`. */
  propertyIndex: Map<string, NodeProperties[]>;
  manifest: Manifest;
  captures: CaptureCache;
  /** What the project should know but what stops nothing. */
  warnings: string[];
  /** By package: what every template of it sees. */
  bases: Map<string, Record<string, unknown>>;
  /** Seconds since 1970: `created_at`. */
  createdAt: number;
}

/** The context that all templates of a package share. */
export function baseOf(world: ParseWorld, packageName: string): Record<string, unknown> {
  let base = world.bases.get(packageName);
  if (!base) {
    const owner = world.packages.find((each) => each.name === packageName) ?? world.root;
    base = baseContext({
      invocation: world.invocation,
      packageName,
      rootName: world.root.name,
      vars: varsOf(packageName, owner.file.vars, world.root.file.vars, world.cliVars),
      target: targetVariables(world.target),
    });
    world.bases.set(packageName, base);
  }
  return base;
}

/** Database, schema and alias of a node, as its config and the macros `generate_*_name` say. */
export function placeNode(world: ParseWorld, node: ManifestNode): void {
  const custom = (key: string) =>
    typeof node.config[key] === 'string' && node.config[key] !== '' ? (node.config[key] as string) : null;
  node.database = generate(
    world,
    node,
    'generate_database_name',
    custom('database'),
    (name) => name ?? world.target.database,
  );
  node.schema = generate(world, node, 'generate_schema_name', custom('schema'), (name) =>
    name === null ? world.target.schema : `${world.target.schema}_${name.trim()}`,
  );
  node.alias = generate(world, node, 'generate_alias_name', custom('alias'), (name) => {
    if (name !== null) return name.trim();
    return node.version === undefined || node.version === null
      ? node.name
      : `${node.name}_v${String(node.version).replaceAll('.', '_')}`;
  });
  if (node.resource_type === 'snapshot') {
    node.schema = custom('target_schema') ?? node.schema;
    node.database = custom('target_database') ?? node.database;
  }
}

/** Asks the project's macro; the engine's own answer is known without rendering. */
function generate(
  world: ParseWorld,
  node: ManifestNode,
  name: string,
  custom: string | null,
  preset: (custom: string | null) => string,
): string {
  const entry = world.registry.findOverridable(name, node.package_name);
  const overridden = entry?.packageName !== internalPackage || isDispatched(world, name);
  if (!entry || !overridden) return preset(custom);
  const base = baseOf(world, node.package_name);
  const own: Record<string, unknown> = { model: node, execute: false };
  const scope = new NodeScope({ registry: world.registry, packageName: node.package_name, own, base });
  own['adapter'] = { dispatch: scope.macros.dispatch, type: hostFunction(() => world.registry.adapterType) };
  return str(invokeSync(scope.macros.bind(entry), [custom, node])).trim();
}

/** A project may also override the implementation behind the dispatch: `default__generate_schema_name`. */
function isDispatched(world: ParseWorld, name: string): boolean {
  const names = [`${world.registry.adapterType}__${name}`, `default__${name}`];
  return names.some((each) => world.registry.ofPackage(world.root.name)?.has(each));
}
