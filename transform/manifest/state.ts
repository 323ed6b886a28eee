import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Adapter } from '../adapters/adapter.js';
import { Relation } from '../compile/relation.js';
import { isObject } from '../project/yaml.js';
import type { Project } from '../project.js';
import type { ManifestNode } from './node.js';
import type { SelectionSubject, SelectionWorld } from './select-methods.js';

/** Artifacts of an earlier run, as far as they are there. */
export interface State {
  manifest: JsonObject;
  runResults: JsonObject | null;
  sources: JsonObject | null;
}

/** Reads the folder of `--state`. Throws SQL_SELECTION_INVALID when it holds no manifest. */
export function readState(folder: string): State {
  const read = (name: string): JsonObject | null => {
    const path = join(folder, name);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JsonObject) : null;
  };
  const manifest = read('manifest.json');
  if (!manifest)
    throw new MillraceError('SQL_SELECTION_INVALID', `there is no manifest.json in ${folder}`, {
      hint: 'Name the folder of earlier artifacts.',
    });
  return { manifest, runResults: read('run_results.json'), sources: read('sources.json') };
}

/** What selection needs for `state:`, `result:` and `source_status:`. */
export function stateWorld(project: Project, state: State): Partial<SelectionWorld> {
  const before = {
    ...object(state.manifest['nodes']),
    ...object(state.manifest['sources']),
    ...object(state.manifest['exposures']),
    ...object(state.manifest['unit_tests']),
  };
  return {
    stateMatches: (subject, value, parts) =>
      matchesState(project, subject, object(before[subject.uniqueId]), object(state.manifest['macros']), value, parts),
    previousStatuses: new Map(
      results(state.runResults).map((result) => [String(result['unique_id']), String(result['status'])]),
    ),
    fresherSources: fresher(project, state),
  };
}

function matchesState(
  project: Project,
  subject: SelectionSubject,
  before: JsonObject,
  macros: JsonObject,
  value: string,
  parts: string[],
): boolean {
  const isNew = before['unique_id'] === undefined;
  const [name = value, aspect = parts[0]] = value.split('.', 2);
  const known = aspect === undefined ? stateNames.has(name) : name === 'modified' && Object.hasOwn(aspects, aspect);
  if (!known)
    throw new MillraceError('SQL_SELECTION_INVALID', `"${[value, ...parts].join('.')}" is not a state`, {
      hint: `States: ${[...stateNames, ...Object.keys(aspects).map((each) => `modified.${each}`)].join(', ')}.`,
    });
  if (name === 'new') return isNew;
  if (name === 'old') return !isNew;
  const modified = isNew || isModified(project, subject, before, macros, aspect);
  return name === 'modified' ? modified : !modified;
}

const stateNames = new Set(['new', 'old', 'modified', 'unmodified']);

type Aspect = (now: ManifestNode, before: JsonObject, project: Project, macros: JsonObject) => boolean;

/** What makes a node another one than before. */
const aspects: Record<string, Aspect> = {
  body: (now, before) => !same(now.checksum, before['checksum']) || now.raw_code !== (before['raw_code'] ?? ''),
  configs: (now, before) => !same(compared(now.unrendered_config), compared(object(before['unrendered_config']))),
  // What is configured, not what comes of it: a state of another target has other schemas everywhere.
  relation: (now, before) =>
    placeKeys.some((key) => !same(now.unrendered_config[key], object(before['unrendered_config'])[key])),
  contract: (now, before) => !same(now.contract?.checksum ?? null, object(before['contract'])['checksum'] ?? null),
  persisted_descriptions: (now, before) =>
    isObject(now.config['persist_docs']) &&
    Object.values(now.config['persist_docs']).includes(true) &&
    (now.description !== before['description'] || !same(now.columns, before['columns'])),
  macros: (now, _before, project, macros) =>
    now.depends_on.macros.some((id) => project.manifest.macros.get(id)?.macro_sql !== object(macros[id])['macro_sql']),
};

const placeKeys = ['database', 'schema', 'alias'];

/** The configs of which dbt takes notice as such. */
function compared(config: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !placeKeys.includes(key) && key !== 'tags' && key !== 'group'),
  );
}

function isModified(
  project: Project,
  subject: SelectionSubject,
  before: JsonObject,
  macros: JsonObject,
  aspect: string | undefined,
): boolean {
  const { manifest } = project;
  const node = manifest.nodes.get(subject.uniqueId);
  if (!node) {
    const other = manifest.sources.get(subject.uniqueId) ?? manifest.exposures.get(subject.uniqueId);
    if (other) return !same(stable(other as unknown as JsonObject), stable(before));
    return manifest.unitTests.get(subject.uniqueId)?.checksum !== before['checksum'];
  }
  const wanted = aspect === undefined ? Object.values(aspects) : [aspects[aspect] as Aspect];
  return wanted.some((each) => each(node, before, project, macros));
}

/** Without what changes by itself. */
function stable(entry: JsonObject): JsonObject {
  const { created_at: _at, quoting: _quoting, depends_on: _depends, ...rest } = entry;
  return rest;
}

/** Sources whose newest row is newer than it was, and new ones. */
function fresher(project: Project, state: State): Set<string> {
  const path = join(project.dir, project.root.file.targetPath, 'sources.json');
  const now = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JsonObject) : null;
  const before = new Map(
    results(state.sources).map((result) => [String(result['unique_id']), String(result['max_loaded_at'] ?? '')]),
  );
  return new Set(
    results(now).flatMap((result) =>
      String(result['max_loaded_at'] ?? '') > (before.get(String(result['unique_id'])) ?? '')
        ? [String(result['unique_id'])]
        : [],
    ),
  );
}

/**
 * `--defer`: the relations of the state for nodes that are not selected and (unless favoured) do not exist here. Returns them by unique id.
 */
export async function deferredRelations(
  project: Project,
  state: State,
  selected: Set<string>,
  adapter: Adapter,
  favorState: boolean,
): Promise<Map<string, Relation>> {
  const candidates = Object.entries(object(state.manifest['nodes'])).flatMap(([id, entry]) => {
    const now = project.manifest.nodes.get(id);
    return now && !selected.has(id) && isObject(entry) && typeof entry['relation_name'] === 'string'
      ? [{ id, now, entry }]
      : [];
  });
  const schemas = [...new Set(candidates.map(({ now }) => now.schema))];
  const here = favorState
    ? new Set<string>()
    : await adapter.withConnection(
        async (connection) =>
          new Set(
            (await adapter.listRelations(connection, schemas)).map(
              (relation) => `${relation.schema}.${relation.identifier}`,
            ),
          ),
      );
  return new Map(
    candidates
      .filter(({ now }) => !here.has(`${now.schema}.${now.alias}`))
      .map(({ id, entry }) => [
        id,
        new Relation({
          database: textOrNull(entry['database']),
          schema: textOrNull(entry['schema']),
          identifier: textOrNull(entry['alias']),
          type: 'table',
        }),
      ]),
  );
}

/** The unique ids that `retry` runs again, and the arguments of that run. */
export function retryOf(state: State): {
  ids: string[];
  args: JsonObject;
  /** Of microbatch models of which a part was built: what became of each batch. */
  batches: Map<string, { successful: [string, string][]; failed: [string, string][] }>;
} {
  if (!state.runResults)
    throw new MillraceError(
      'SQL_SELECTION_INVALID',
      'there is no run_results.json: nothing was run that could be retried',
    );
  const again = new Set(['error', 'fail', 'skipped', 'partial success', 'runtime error']);
  const ids = results(state.runResults).flatMap((result) =>
    again.has(String(result['status'])) ? [String(result['unique_id'])] : [],
  );
  const batches = new Map(
    results(state.runResults).flatMap((result) => {
      const { successful, failed } = object(result['batch_results']);
      const parts = { successful: intervals(successful), failed: intervals(failed) };
      const isPart = parts.successful.length > 0 && parts.failed.length > 0;
      return isPart ? [[String(result['unique_id']), parts] as const] : [];
    }),
  );
  return { ids, args: object(state.runResults['args']), batches };
}

function intervals(value: Json | undefined): [string, string][] {
  return Array.isArray(value)
    ? value.filter(Array.isArray).map(([start, end]) => [String(start), String(end)] as [string, string])
    : [];
}

function results(artifact: JsonObject | null): JsonObject[] {
  return Array.isArray(artifact?.['results']) ? artifact['results'].filter(isObject) : [];
}

function same(left: unknown, right: unknown): boolean {
  return sorted(left) === sorted(right);
}

/** JSON with keys in order, nulls left out: the state has been through a file. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isObject(each)
      ? Object.fromEntries(
          Object.entries(each)
            .filter(([, item]) => item !== null && item !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : each,
  );
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
