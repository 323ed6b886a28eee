import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { NodeConfig } from '../project/config.js';
import { md5 } from '../project/files.js';
import type { TestEntry } from '../project/properties.js';
import { isObject } from '../project/yaml.js';

/** What a generic test is put on. */
export interface TestTarget {
  kind: 'node' | 'source';
  /** The model's name, or `source_table` for a source. */
  name: string;
  /** `ref('customers')`, `ref('customers', v=2)`, `source('shop', 'orders')`. */
  reference: string;
  /** The column that the test stands under. */
  columnName: string | null;
  columnTags: string[];
}

/** A generic test, read: its macro, its arguments, its config and its names. */
export interface GenericTest {
  namespace: string | null;
  testName: string;
  kwargs: JsonObject;
  config: NodeConfig;
  description: string;
  /** The name in unique ids. */
  name: string;
  /** The name cut to what a database takes: the default alias and the file's name. */
  shortName: string;
  /** The last part of the unique id. */
  hash: string;
  rawCode: string;
}

const configKeys = [
  'severity',
  'enabled',
  'where',
  'limit',
  'warn_if',
  'error_if',
  'fail_calc',
  'store_failures',
  'store_failures_as',
  'meta',
  'database',
  'schema',
  'alias',
  'tags',
];

/** Reads one entry of `tests:` in any of its spellings. Throws SQL_PROJECT_INVALID. */
export function readGenericTest(entry: TestEntry, target: TestTarget, where: string): GenericTest {
  const { macro, body } = splitEntry(entry, where);
  const [namespace, testName] = macro.includes('.') ? (macro.split('.', 2) as [string, string]) : [null, macro];
  const { arguments: nested, config: nestedConfig, name: customName, description, ...inline } = body;
  const config: NodeConfig = { ...(isObject(nestedConfig) ? nestedConfig : {}) };
  for (const key of configKeys) {
    if (inline[key] === undefined) continue;
    if (config[key] !== undefined)
      throw new MillraceError(
        'SQL_PROJECT_INVALID',
        `${where}: the test ${macro} has "${key}" both at its top and under config`,
      );
    config[key] = inline[key] as Json;
    delete inline[key];
  }
  const written: JsonObject = { ...(inline as JsonObject), ...(isObject(nested) ? nested : {}) };
  if (target.columnName !== null) written['column_name'] = target.columnName;
  const names = testNames(target.kind, namespace, testName, target.name, written);
  const kwargs = { ...written, model: `{{ get_where_subquery(${target.reference}) }}` };
  const name = typeof customName === 'string' ? customName : names.full;
  const shortName = typeof customName === 'string' ? customName : names.short;
  if (shortName !== name && config['alias'] === undefined) config['alias'] = shortName;
  const prefix = namespace === null ? '' : `${namespace}.`;
  return {
    namespace,
    testName,
    kwargs,
    config,
    description: typeof description === 'string' ? description : '',
    name,
    shortName,
    hash: md5(name + pythonRepr({ namespace: namespace ?? 'None', name: testName, kwargs })).slice(-10),
    rawCode: `{{ ${prefix}test_${testName}(**_dbt_generic_test_kwargs) }}`,
  };
}

/** dbt's name for a test: `not_null_customers_id`; the second is cut by a hash when it is longer than a database takes. */
function testNames(
  kind: TestTarget['kind'],
  namespace: string | null,
  testName: string,
  targetName: string,
  args: JsonObject,
): { full: string; short: string } {
  const type = `${namespace === null ? '' : `${namespace}_`}${kind === 'source' ? 'source_' : ''}${testName}`;
  const parts = Object.keys(args)
    .sort()
    .flatMap((key) => {
      const value = args[key] as Json;
      if (Array.isArray(value)) return value;
      return isObject(value) ? Object.values(value) : [value];
    });
  const identifier = `${type}_${targetName}`;
  const full = `${identifier}_${parts.map((part) => pythonText(part).replace(/[^0-9a-zA-Z_]+/g, '_')).join('__')}`;
  return { full, short: full.length >= 64 ? `${identifier.slice(0, 30)}_${md5(full)}` : full };
}

function splitEntry(entry: TestEntry, where: string): { macro: string; body: JsonObject } {
  if (typeof entry === 'string') return { macro: entry, body: {} };
  if (typeof entry['test_name'] === 'string') {
    const { test_name: macro, ...body } = entry;
    return { macro: macro as string, body };
  }
  // The name of the test is the key that is not one of its settings: `{unique: {…}}`, also with `config:` beside it.
  const keys = Object.keys(entry);
  const [macro] =
    keys.length === 1
      ? keys
      : keys.filter((key) => key !== 'name' && key !== 'config' && key !== 'description' && !configKeys.includes(key));
  if (macro === undefined)
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: a test has no name (it has ${keys.join(', ')})`);
  const { [macro]: own, ...beside } = entry;
  if (own !== null && !isObject(own))
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: the arguments of the test ${macro} must be an object`);
  return { macro, body: { ...(own ?? {}), ...beside } };
}

/** Python's `repr` of nested dicts and lists whose leaves are turned to text, keys sorted: what dbt hashes. */
function pythonRepr(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (isObject(value))
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${quote(key)}: ${pythonRepr(value[key])}`)
      .join(', ')}}`;
  return quote(pythonText(value as Json));
}

function quote(text: string): string {
  if (!/[\\\n\t\r']/.test(text)) return `'${text}'`;
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r');
  return escaped.includes("'") && !escaped.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
}

/** Python's `str`. */
function pythonText(value: Json): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value) || isObject(value)) return pythonNested(value);
  return String(value);
}

function pythonNested(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(pythonNested).join(', ')}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, each]) => `${quote(key)}: ${pythonNested(each)}`)
      .join(', ')}}`;
  return typeof value === 'string' ? quote(value) : pythonText(value);
}
