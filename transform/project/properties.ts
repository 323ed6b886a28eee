import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { didYouMean } from './nearest.js';
import { describe, isObject } from './yaml.js';

/** What a properties file (`schema.yml`) declares, every entry checked for its name and otherwise as written. */
export interface PropertiesFile {
  path: string;
  packageName: string;
  models: NodeProperties[];
  seeds: NodeProperties[];
  snapshots: NodeProperties[];
  analyses: NodeProperties[];
  sources: SourceProperties[];
  macros: NodeProperties[];
  /** Descriptions and configs of singular and generic tests. */
  dataTests: NodeProperties[];
  unitTests: NodeProperties[];
  exposures: NodeProperties[];
  groups: NodeProperties[];
}

export interface NodeProperties {
  name: string;
  path: string;
  packageName: string;
  description: string;
  config: JsonObject;
  /** The same as it is written. */
  unrenderedConfig: JsonObject;
  columns: ColumnProperties[];
  tests: TestEntry[];
  /** The whole entry: what only some types have is read from here. */
  raw: JsonObject;
}

export interface ColumnProperties {
  name: string;
  description: string;
  dataType: string | null;
  quote: boolean | null;
  meta: JsonObject;
  tags: string[];
  constraints: JsonObject[];
  tests: TestEntry[];
  /** Names the column's filter on versions: `include`/`exclude`. */
  raw: JsonObject;
}

/** A generic test as written: `not_null`, or `{accepted_values: {…}}`, or `{name, test_name, …}`. */
export type TestEntry = string | JsonObject;

export interface SourceProperties extends NodeProperties {
  tables: NodeProperties[];
}

const sections: Record<string, keyof PropertiesFile> = {
  models: 'models',
  seeds: 'seeds',
  snapshots: 'snapshots',
  analyses: 'analyses',
  sources: 'sources',
  macros: 'macros',
  data_tests: 'dataTests',
  tests: 'dataTests',
  unit_tests: 'unitTests',
  exposures: 'exposures',
  groups: 'groups',
};

/** Understood by dbt, of no effect here: the semantic layer, functions, anchors. */
const tolerated = new Set(['version', 'metrics', 'semantic_models', 'saved_queries', 'functions', 'anchors', 'vars']);

/**
 * Reads the entries of one properties file, given as it is written and rendered. Throws SQL_PROJECT_INVALID that names the file and key.
 */
export function readProperties(
  content: JsonObject,
  path: string,
  packageName: string,
  unrendered: JsonObject = content,
): PropertiesFile {
  const file: PropertiesFile = {
    path,
    packageName,
    models: [],
    seeds: [],
    snapshots: [],
    analyses: [],
    sources: [],
    macros: [],
    dataTests: [],
    unitTests: [],
    exposures: [],
    groups: [],
  };
  for (const [key, value] of Object.entries(content)) {
    const section = sections[key];
    if (!section) {
      if (tolerated.has(key)) continue;
      throw new MillraceError('SQL_PROJECT_INVALID', `${path}: the key "${key}" is not known`, {
        hint: didYouMean(key, [...Object.keys(sections), ...tolerated]) || 'Keys for YAML anchors go under "anchors".',
      });
    }
    if (value === null) continue;
    if (!Array.isArray(value))
      throw new MillraceError('SQL_PROJECT_INVALID', `${path}: "${key}" must be a list; got ${describe(value)}`);
    const written = unrendered[key];
    for (const [index, entry] of value.entries()) {
      const node = readNode(entry, `${path}: ${key}`, packageName, path);
      const own = Array.isArray(written) ? written[index] : undefined;
      if (isObject(own)) node.unrenderedConfig = topLevelConfig(own);
      if (section === 'sources') file.sources.push({ ...node, tables: readTables(node, path, packageName) });
      else (file[section] as NodeProperties[]).push(node);
    }
  }
  return file;
}

/** The tests of an entry, in either dialect. */
export function testEntries(entry: JsonObject, where: string): TestEntry[] {
  if (entry['tests'] !== undefined && entry['data_tests'] !== undefined)
    throw new MillraceError('SQL_PROJECT_INVALID', `${where} has both "tests" and "data_tests": keep one of them`);
  const tests = entry['data_tests'] ?? entry['tests'];
  if (tests === undefined || tests === null) return [];
  if (!Array.isArray(tests))
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: tests must be a list; got ${describe(tests)}`);
  return tests.map((test) => {
    if (typeof test === 'string' || isObject(test)) return test;
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `${where}: a test must be a name or an object; got ${describe(test)}`,
    );
  });
}

export function readColumns(entry: JsonObject, where: string): ColumnProperties[] {
  const columns = entry['columns'];
  if (columns === undefined || columns === null) return [];
  if (!Array.isArray(columns))
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: "columns" must be a list; got ${describe(columns)}`);
  return columns.filter(isObject).map((column) => {
    const name = column['name'];
    if (name === undefined && ('include' in column || 'exclude' in column)) return versionedColumns(column);
    if (typeof name !== 'string' && typeof name !== 'number')
      throw new MillraceError('SQL_PROJECT_INVALID', `${where}: a column has no name`);
    const config = isObject(column['config']) ? column['config'] : {};
    return {
      name: String(name),
      description: text(column['description']),
      dataType: typeof column['data_type'] === 'string' ? column['data_type'] : null,
      quote: typeof column['quote'] === 'boolean' ? column['quote'] : null,
      meta: { ...object(column['meta']), ...object(config['meta']) },
      tags: [...list(column['tags']), ...list(config['tags'])].map(String),
      constraints: list(column['constraints']).filter(isObject),
      tests: testEntries(column, `${where}: column "${name}"`),
      raw: column,
    };
  });
}

function versionedColumns(column: JsonObject): ColumnProperties {
  return {
    name: '',
    description: '',
    dataType: null,
    quote: null,
    meta: {},
    tags: [],
    constraints: [],
    tests: [],
    raw: column,
  };
}

function readNode(entry: Json, where: string, packageName: string, path: string): NodeProperties {
  if (!isObject(entry))
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: an entry must be an object; got ${describe(entry)}`);
  const name = entry['name'];
  if (typeof name !== 'string' && typeof name !== 'number')
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `${where}: an entry has no "name" (it has ${Object.keys(entry).join(', ')})`,
    );
  const here = `${where}: "${name}"`;
  return {
    name: String(name),
    path,
    packageName,
    description: text(entry['description']),
    config: topLevelConfig(entry),
    unrenderedConfig: topLevelConfig(entry),
    columns: readColumns(entry, here),
    tests: testEntries(entry, here),
    raw: entry,
  };
}

/** Old projects write some configs beside the name: they count as `config:`, which wins. */
function topLevelConfig(entry: JsonObject): JsonObject {
  const config: JsonObject = {};
  for (const key of [
    'docs',
    'group',
    'access',
    'meta',
    'tags',
    'event_time',
    'freshness',
    'loaded_at_field',
    'loaded_at_query',
  ])
    if (entry[key] !== undefined) config[key] = entry[key] as Json;
  const own = object(entry['config']);
  return {
    ...config,
    ...own,
    ...(config['meta'] && own['meta'] ? { meta: { ...object(config['meta']), ...object(own['meta']) } } : {}),
  };
}

function readTables(source: NodeProperties, path: string, packageName: string): NodeProperties[] {
  const tables = source.raw['tables'];
  if (tables === undefined || tables === null) return [];
  if (!Array.isArray(tables))
    throw new MillraceError('SQL_PROJECT_INVALID', `${path}: "tables" of the source "${source.name}" must be a list`);
  return tables.map((table) => readNode(table, `${path}: source "${source.name}"`, packageName, path));
}

function text(value: Json | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function list(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
