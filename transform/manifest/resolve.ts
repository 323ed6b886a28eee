import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { describeNode, describeRef } from '../compile/names.js';
import { toList } from '../project/config.js';
import { didYouMean } from '../project/nearest.js';
import { isObject } from '../project/yaml.js';
import type { Manifest, ManifestExposure, ManifestNode, ManifestSource, ManifestUnitTest, RefCall } from './node.js';
import { compareVersions } from './select-methods.js';

/** Finds what `ref` and `source` mean. */
export class Resolver {
  readonly #manifest: Manifest;
  readonly #rootName: string;
  readonly #byName = new Map<string, ManifestNode[]>();

  constructor(manifest: Manifest, rootName: string) {
    this.#manifest = manifest;
    this.#rootName = rootName;
    for (const node of manifest.nodes.values())
      if (isReferable(node)) this.#byName.set(node.name, [...(this.#byName.get(node.name) ?? []), node]);
  }

  /** The node that a ref means for one of `packageName`: of the named package, else its own, the root's, any. */
  ref(ref: RefCall, packageName: string): ManifestNode | undefined {
    const named = (this.#byName.get(ref.name) ?? []).filter(
      (node) => ref.package === null || node.package_name === ref.package,
    );
    const nearest =
      [packageName, this.#rootName]
        .map((name) => named.filter((node) => node.package_name === name))
        .find((found) => found.length > 0) ?? named;
    if (ref.version !== null) return nearest.find((node) => String(node.version ?? '') === String(ref.version));
    const versions = nearest.filter((node) => node.version !== undefined && node.version !== null);
    if (versions.length === 0) return nearest[0];
    return (
      versions.find((node) => String(node.version) === String(node.latest_version)) ??
      versions.sort((a, b) => compareVersions(a.version ?? null, b.version ?? null)).at(-1)
    );
  }

  source([sourceName, tableName]: [string, string], packageName: string): ManifestSource | undefined {
    const ids = [packageName, this.#rootName].map((name) => `source.${name}.${sourceName}.${tableName}`);
    const direct = ids.map((id) => this.#manifest.sources.get(id)).find(Boolean);
    return (
      direct ??
      [...this.#manifest.sources.values()].find(
        (source) => source.source_name === sourceName && source.name === tableName,
      )
    );
  }

  /** The error for a ref that means nothing, with the nearest name; says when the node is only disabled. */
  unknownRef(ref: RefCall, by: string): MillraceError {
    const disabled = [...this.#manifest.disabled.values()]
      .flat()
      .some((node) => node.name === ref.name && node.resource_type !== 'source');
    if (disabled)
      return new MillraceError('SQL_REFERENCE_UNKNOWN', `${by} depends on ${describeRef(ref)}, which is disabled`);
    const versions = (this.#byName.get(ref.name) ?? []).flatMap((node) =>
      node.version === undefined || node.version === null ? [] : [String(node.version)],
    );
    const hint =
      ref.version !== null && versions.length > 0
        ? `It has the versions ${versions.join(', ')}.`
        : didYouMean(ref.name, this.#byName.keys());
    return new MillraceError(
      'SQL_REFERENCE_UNKNOWN',
      `${by} depends on ${describeRef(ref)}, which was not found`,
      hint ? { hint } : {},
    );
  }

  unknownSource([sourceName, tableName]: [string, string], by: string): MillraceError {
    const disabled = [...this.#manifest.disabled.values()]
      .flat()
      .some((node) => node.resource_type === 'source' && node.name === tableName);
    const known = [...this.#manifest.sources.values()].map((source) => `${source.source_name}.${source.name}`);
    const hint = didYouMean(`${sourceName}.${tableName}`, known);
    return new MillraceError(
      'SQL_REFERENCE_UNKNOWN',
      `${by} depends on a source named '${sourceName}.${tableName}', which ${disabled ? 'is disabled' : 'was not found'}`,
      hint ? { hint } : {},
    );
  }
}

/** Fills in `depends_on.nodes` everywhere. A test of what is disabled is disabled too; anything else that refers to it is an error. */
export function resolveDependencies(manifest: Manifest, resolver: Resolver): void {
  for (const node of [...manifest.nodes.values()]) {
    const found = dependenciesOf(node, resolver, node.resource_type === 'test');
    if (found) node.depends_on.nodes = found;
    else {
      manifest.nodes.delete(node.unique_id);
      manifest.disabled.set(node.unique_id, [node]);
    }
  }
  for (const exposure of manifest.exposures.values())
    exposure.depends_on.nodes = dependenciesOf(exposure, resolver, false) ?? [];
  for (const test of [...manifest.unitTests.values()]) resolveUnitTest(manifest, resolver, test);
  for (const node of manifest.nodes.values()) checkAccess(node, manifest);
}

/** A unit test of a model with versions becomes one for each of them, or for those that its `versions` includes or does not exclude. */
function resolveUnitTest(manifest: Manifest, resolver: Resolver, test: ManifestUnitTest): void {
  const by = `the unit test '${test.name}' (${test.original_file_path})`;
  const model = resolver.ref({ name: test.model, package: null, version: null }, test.package_name);
  if (!model) throw resolver.unknownRef({ name: test.model, package: null, version: null }, by);
  const wanted = isObject(test.versions) ? test.versions : {};
  const [include, exclude] = [toList(wanted['include']).map(String), toList(wanted['exclude']).map(String)];
  if (model.version === null || model.version === undefined) {
    if (include.length + exclude.length > 0)
      throw new MillraceError('SQL_PROJECT_INVALID', `${by} names versions, but ${model.name} has none`);
    test.depends_on.nodes = [model.unique_id];
    test.schema = model.schema;
    return;
  }
  const all = [...manifest.nodes.values()].filter(
    (node) => node.resource_type === 'model' && node.name === model.name && node.package_name === model.package_name,
  );
  const chosen = all.filter(({ version }) =>
    exclude.length > 0 ? !exclude.includes(String(version)) : include.length === 0 || include.includes(String(version)),
  );
  if (chosen.length === 0)
    throw new MillraceError('SQL_REFERENCE_UNKNOWN', `${by} is for no version of ${model.name}`, {
      hint: `There are: ${all.map(({ version }) => String(version)).join(', ')}.`,
    });
  manifest.unitTests.delete(test.unique_id);
  for (const { unique_id, schema, version } of chosen) {
    const versioned = { ...test, unique_id: `${test.unique_id}_v${version}`, version: version as Json, schema };
    manifest.unitTests.set(versioned.unique_id, { ...versioned, depends_on: { macros: [], nodes: [unique_id] } });
  }
}

function dependenciesOf(
  node: ManifestNode | ManifestExposure,
  resolver: Resolver,
  mayBeDisabled: boolean,
): string[] | null {
  const ids: string[] = [];
  const by = describeNode(node as ManifestNode);
  for (const ref of node.refs) {
    const found = resolver.ref(ref, node.package_name);
    if (found) ids.push(found.unique_id);
    else {
      const error = resolver.unknownRef(ref, by);
      if (mayBeDisabled && error.message.endsWith('is disabled')) return null;
      throw error;
    }
  }
  for (const call of node.sources) {
    const found = resolver.source(call, node.package_name);
    if (found) ids.push(found.unique_id);
    else {
      const error = resolver.unknownSource(call, by);
      if (mayBeDisabled && error.message.endsWith('is disabled')) return null;
      throw error;
    }
  }
  return [...new Set(ids)];
}

/** A private model is for its own group only. */
function checkAccess(node: ManifestNode, manifest: Manifest): void {
  if (node.resource_type === 'test') return;
  for (const id of node.depends_on.nodes) {
    const other = manifest.nodes.get(id);
    if (other?.access === 'private' && other.group !== node.group)
      throw new MillraceError(
        'SQL_PROJECT_INVALID',
        `${describeNode(node)} refers to ${other.name}, which is private to the group ${other.group ?? '(none)'}`,
      );
  }
}

function isReferable(node: ManifestNode): boolean {
  return node.resource_type === 'model' || node.resource_type === 'seed' || node.resource_type === 'snapshot';
}
