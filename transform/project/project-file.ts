import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { didYouMean } from './nearest.js';
import { describe, isObject } from './yaml.js';

/** What dbt_project.yml says, with dbt's defaults filled in. Trees of configs are kept as written. */
export interface ProjectFile {
  name: string;
  version: string | null;
  profile: string | null;
  paths: {
    models: string[];
    seeds: string[];
    snapshots: string[];
    tests: string[];
    macros: string[];
    analyses: string[];
    docs: string[];
  };
  targetPath: string;
  logPath: string;
  packagesInstallPath: string;
  cleanTargets: string[];
  quoting: { database?: boolean; schema?: boolean; identifier?: boolean };
  onRunStart: string[];
  onRunEnd: string[];
  dispatch: { macroNamespace: string; searchOrder: string[] }[];
  /** The config trees, by resource: models, seeds, snapshots, sources, data_tests, unit_tests, exposures … */
  configTrees: Record<string, JsonObject>;
  vars: JsonObject;
  queryComment: Json | undefined;
  flags: JsonObject;
  requireDbtVersion: string[];
  restrictAccess: boolean;
}

const configTreeKeys = [
  'models',
  'seeds',
  'snapshots',
  'sources',
  'data_tests',
  'tests',
  'unit_tests',
  'exposures',
  'metrics',
  'semantic-models',
  'saved-queries',
  'analyses',
  'functions',
];

const knownKeys = new Set([
  ...configTreeKeys,
  ...'name version config-version profile model-paths seed-paths snapshot-paths test-paths macro-paths analysis-paths docs-paths asset-paths function-paths'.split(
    ' ',
  ),
  ...'target-path log-path packages-install-path clean-targets quoting on-run-start on-run-end require-dbt-version dispatch query-comment'.split(
    ' ',
  ),
  ...'restrict-access flags vars dbt-cloud packages anchors source-paths data-paths'.split(' '),
]);

/** Names that a project may not have, since templates use them. */
const reservedNames = new Set(
  'adapter api builtins config context dbt_version env_var exceptions execute flags fromjson fromyaml graph invocation_id load_result log model modules post_hooks pre_hooks print project_name ref render return run_started_at schema source sql store_result target this tojson toyaml try_or_compiler_error var write'.split(
    ' ',
  ),
);

/** Checks the rendered keys of dbt_project.yml. Throws SQL_PROJECT_INVALID that names the key. */
export function readProjectFile(keys: JsonObject, path: string): ProjectFile {
  const fail = (message: string, hint?: string): never => {
    throw new MillraceError('SQL_PROJECT_INVALID', `${path}: ${message}`, hint ? { hint } : {});
  };
  for (const key of Object.keys(keys))
    if (!knownKeys.has(key) && !knownKeys.has(key.replaceAll('_', '-')))
      fail(`the key "${key}" is not known`, didYouMean(key, knownKeys) || 'Its place may be under "vars" or "flags".');
  const get = (key: string): Json | undefined => keys[key] ?? keys[key.replaceAll('-', '_')];
  const name = get('name');
  if (typeof name !== 'string' || !/^[^\d\W]\w*$/u.test(name))
    return fail(`"name" must be letters, digits and underscores, not beginning with a digit; got ${describe(name)}`);
  if (reservedNames.has(name)) fail(`"${name}" cannot be a project's name, since templates use it`);
  const list = (key: string, fallback: string[]): string[] => {
    const value = get(key);
    if (value === undefined || value === null) return fallback;
    const texts = Array.isArray(value) ? value : [value];
    if (!texts.every((each) => typeof each === 'string'))
      fail(`"${key}" must be a list of texts; got ${describe(value)}`);
    return texts as string[];
  };
  const object = (key: string): JsonObject => {
    const value = get(key);
    if (value === undefined || value === null) return {};
    return isObject(value) ? value : fail(`"${key}" must be an object; got ${describe(value)}`);
  };
  if (keys['tests'] && keys['data_tests']) fail('"tests" and "data_tests" are the same thing: keep one of them');
  for (const key of configTreeKeys) object(key);
  const tests = list('test-paths', ['tests']);
  return {
    name,
    version: get('version') === undefined || get('version') === null ? null : String(get('version')),
    profile: typeof get('profile') === 'string' ? (get('profile') as string) : null,
    paths: {
      models: list('model-paths', list('source-paths', ['models'])),
      seeds: list('seed-paths', list('data-paths', ['seeds'])),
      snapshots: list('snapshot-paths', ['snapshots']),
      tests,
      macros: list('macro-paths', ['macros']),
      analyses: list('analysis-paths', ['analyses']),
      docs: list('docs-paths', []),
    },
    targetPath: text(get('target-path'), 'target'),
    logPath: text(get('log-path'), 'logs'),
    packagesInstallPath: text(get('packages-install-path'), 'dbt_packages'),
    cleanTargets: list('clean-targets', [text(get('target-path'), 'target')]),
    quoting: object('quoting') as ProjectFile['quoting'],
    onRunStart: list('on-run-start', []),
    onRunEnd: list('on-run-end', []),
    dispatch: readDispatch(get('dispatch'), fail),
    configTrees: readConfigTrees(keys),
    vars: object('vars'),
    queryComment: get('query-comment'),
    flags: object('flags'),
    requireDbtVersion: list('require-dbt-version', []),
    restrictAccess: get('restrict-access') === true,
  };
}

/** The trees of configs by type of resource, rendered or not as the keys are. */
export function readConfigTrees(keys: JsonObject): Record<string, JsonObject> {
  const trees: Record<string, JsonObject> = {};
  for (const key of configTreeKeys) {
    const value = keys[key] ?? keys[key.replaceAll('-', '_')];
    const name = key === 'tests' ? 'data_tests' : key.replaceAll('-', '_');
    if (isObject(value)) trees[name] = value;
    else trees[name] ??= {};
  }
  return trees;
}

function text(value: Json | undefined, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

function readDispatch(value: Json | undefined, fail: (message: string) => never): ProjectFile['dispatch'] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return fail(`"dispatch" must be a list; got ${describe(value)}`);
  return value.map((entry) => {
    if (!isObject(entry) || typeof entry['macro_namespace'] !== 'string' || !Array.isArray(entry['search_order']))
      return fail('each entry of "dispatch" needs macro_namespace and search_order');
    return { macroNamespace: entry['macro_namespace'], searchOrder: entry['search_order'].map(String) };
  });
}
