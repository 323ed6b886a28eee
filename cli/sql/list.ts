import type { Json, JsonObject } from '../../kernel/json.js';
import type { Project, ProjectNode } from '../../transform/index.js';
import { readState, stateWorld } from '../../transform/manifest/state.js';
import { type SqlOptions, selectionOf, warnOfUnmatched } from './options.js';
import { openSession } from './session.js';

/** Prints the selected nodes, one a line: nothing else goes to stdout. */
export async function listCommand(options: SqlOptions): Promise<number> {
  const { project, printer } = await openSession('list', { ...options, quiet: true });
  const state = options.state === undefined ? undefined : readState(options.state);
  const world = { ...(state ? stateWorld(project, state) : {}), ...warnOfUnmatched(project, printer) };
  const ids = project.select({ ...selectionOf(options), world });
  const types = options.resourceType?.filter((type) => type !== 'all' && type !== 'default');
  const nodes = ids
    .map((id) => project.nodes.get(id) as ProjectNode)
    .filter(
      (node) =>
        node.resourceType !== 'operation' &&
        (!types?.length || types.includes(node.resourceType)) &&
        !options.excludeResourceType?.includes(node.resourceType),
    );
  const lines = nodes.map((node) => describe(project, node, options)).sort();
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (lines.length === 0) printer.warn('No nodes selected!');
  return 0;
}

const prefixes: Partial<Record<ProjectNode['resourceType'], string>> = {
  source: 'source:',
  exposure: 'exposure:',
  unit_test: 'unit_test:',
};
const jsonKeys = [
  'alias',
  'name',
  'package_name',
  'depends_on',
  'tags',
  'config',
  'resource_type',
  'source_name',
  'original_file_path',
  'unique_id',
];

function describe(project: Project, node: ProjectNode, options: SqlOptions): string {
  switch (options.output) {
    case 'name':
      return node.name;
    case 'path':
      return node.originalFilePath;
    case 'json':
      return JSON.stringify(
        pick(project, node, options.outputKeys?.flatMap((keys) => keys.split(/[\s,]+/)) ?? jsonKeys),
      );
    default:
      return `${prefixes[node.resourceType] ?? ''}${node.resourceType === 'source' ? [node.packageName, ...node.name.split('.')].join('.') : node.fqn.join('.')}`;
  }
}

function pick(project: Project, node: ProjectNode, keys: string[]): JsonObject {
  const { manifest } = project;
  const entry =
    manifest.nodes.get(node.uniqueId) ??
    manifest.sources.get(node.uniqueId) ??
    manifest.exposures.get(node.uniqueId) ??
    manifest.unitTests.get(node.uniqueId);
  const all = entry as unknown as Record<string, Json>;
  return Object.fromEntries(keys.flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]]]))) as JsonObject;
}
