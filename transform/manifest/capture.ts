import type { JsonObject } from '../../kernel/json.js';
import { readRef, readSourceCall } from '../compile/names.js';
import { Relation } from '../compile/relation.js';
import { NodeScope } from '../compile/scope.js';
import { type Callable, compileTemplate, Dict, HostObject, hostFunction, toHost, Undefined } from '../jinja/index.js';
import { mergeConfig } from '../project/config.js';
import type { MacroRegistry } from './macros.js';
import type { RefCall } from './node.js';

/** What rendering a node in dbt's parse phase tells of it. */
export interface Capture {
  refs: RefCall[];
  sources: [string, string][];
  config: JsonObject;
  /** Unique ids of the macros that it asked for. */
  macros: string[];
}

/**
 * Renders a template as dbt's parser does: nothing is executed, `ref`, `source` and `config` are written down. What stands in a branch that
 * only runs with `execute` is not seen, as in dbt.
 */
export function captureTemplate(
  text: string,
  options: {
    path: string;
    firstLine?: number;
    registry: MacroRegistry;
    packageName: string;
    base: Record<string, unknown>;
    /** What else the template sees, e.g. `model`. */
    own?: Record<string, unknown>;
    /** Called with the scope before rendering, to put more names into `own`. */
    prepare?: (scope: NodeScope, own: Record<string, unknown>) => void;
  },
): Capture {
  const capture: Capture = { refs: [], sources: [], config: {}, macros: [] };
  const macros = new Set<string>();
  const own: Record<string, unknown> = { ...parseContext(capture), ...options.own };
  const scope = new NodeScope({
    registry: options.registry,
    packageName: options.packageName,
    own,
    base: options.base,
    onMacro: (entry) => macros.add(entry.uniqueId),
  });
  own['adapter'] = new ParseAdapter(scope);
  options.prepare?.(scope, own);
  const place =
    options.firstLine === undefined ? { path: options.path } : { path: options.path, firstLine: options.firstLine };
  compileTemplate(text, place).renderSync(scope, { lenient: true });
  return { ...capture, refs: distinct(capture.refs), sources: distinct(capture.sources), macros: [...macros] };
}

/** The names of the parse phase: everything that would ask the database answers with nothing. */
function parseContext(capture: Capture): Record<string, unknown> {
  const nothing = hostFunction(() => '');
  const relation = new Relation({ database: 'database', schema: 'schema', identifier: 'identifier' });
  return {
    execute: false,
    ref: hostFunction(function ref(args, kwargs) {
      capture.refs.push(readRef(args, kwargs));
      return relation;
    }),
    source: hostFunction(function source(args, kwargs) {
      capture.sources.push(readSourceCall(args, kwargs));
      return relation;
    }),
    config: parseConfig(capture),
    this: relation,
    schema: 'schema',
    database: 'database',
    model: new Dict(),
    graph: new Dict(),
    sql: '',
    compiled_code: '',
    pre_hooks: [],
    post_hooks: [],
    selected_resources: [],
    load_result: hostFunction(() => null),
    store_result: nothing,
    store_raw_result: nothing,
    write: nothing,
    render: hostFunction((args) => args[0] ?? ''),
    load_agate_table: nothing,
    try_or_compiler_error: hostFunction(() => null),
    submit_python_job: nothing,
    doc: nothing,
    adapter_macro: nothing,
  };
}

function parseConfig(capture: Capture): Callable {
  return hostFunction(
    function config(args, kwargs) {
      const given = args.length > 0 ? toHost(args[0]) : toHost(kwargs);
      capture.config = mergeConfig(capture.config, given as JsonObject);
      return '';
    },
    {
      get: hostFunction((args, kwargs) => args[1] ?? kwargs['default'] ?? ''),
      require: hostFunction(() => ''),
      set: hostFunction(() => ''),
      meta_get: hostFunction(() => ''),
      persist_relation_docs: hostFunction(() => false),
      persist_column_docs: hostFunction(() => false),
    },
  );
}

/** Methods that give a list, so that templates can loop over what they get. */
const listMethods = new Set([
  'get_columns_in_relation',
  'get_missing_columns',
  'list_relations',
  'list_relations_without_caching',
  'list_schemas',
  'get_column_schema_from_query',
  'get_columns_in_select_sql',
]);

/** `adapter` while parsing: it knows names and macros, and nothing of the database. */
class ParseAdapter extends HostObject {
  readonly #scope: NodeScope;

  constructor(scope: NodeScope) {
    super();
    this.#scope = scope;
  }

  getAttribute(name: string): unknown {
    if (name === 'dispatch') return this.#scope.macros.dispatch;
    if (name === 'type') return hostFunction(() => this.#scope.macros.registry.adapterType);
    if (name === 'quote') return hostFunction((args) => `"${String(args[0])}"`);
    if (name === 'execute') return hostFunction(() => [null, null]);
    if (listMethods.has(name)) return hostFunction(() => []);
    return hostFunction(() =>
      name === 'get_relation' ? null : new Undefined(`adapter.${name}() is not known while parsing`),
    );
  }

  override toString(): string {
    return '<adapter>';
  }
}

function distinct<T>(items: T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
