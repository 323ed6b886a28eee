import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { type Callable, compileTemplate, fromHost, hostFunction, readArguments, toHost } from '../jinja/index.js';
import type { MacroEntry } from '../manifest/macros.js';
import type { ManifestNode, ManifestSource } from '../manifest/node.js';
import { renderKwargs } from '../manifest/read-tests.js';
import { hasTemplate } from '../project/render.js';
import { isObject } from '../project/yaml.js';
import { AdapterObject } from './adapter-object.js';
import { Flags } from './base-context.js';
import { describeNode, describeRef, readRef, readSourceCall } from './names.js';
import type { Relation } from './relation.js';
import type { Runtime } from './runtime.js';
import { NodeScope } from './scope.js';

/** What one node's templates do to the outside. */
export interface NodeContext {
  scope: NodeScope;
  /** Ephemeral models that were referred to, in order. */
  ephemeral: Set<string>;
  /** Names that are set while the node is built: `sql`, `pre_hooks` … */
  own: Record<string, unknown>;
}

export interface NodeContextOptions {
  /** Instead of the node's own relation: for a node that is built elsewhere first. */
  relation?: Relation;
  /** Replaces what ref and source mean: unit tests, microbatches. */
  resolve?: (target: ManifestNode | ManifestSource, relation: Relation) => Relation;
  /** More names, which win over the node's. */
  own?: Record<string, unknown>;
  onMacro?: (entry: MacroEntry) => void;
  /** What stands in place of macros, by name. */
  overrides?: Record<string, unknown>;
}

/** The context of execution for a node: everything answers for real, and what has to wait for the database is awaited. */
export function nodeContext(runtime: Runtime, node: ManifestNode, options: NodeContextOptions = {}): NodeContext {
  const { project } = runtime;
  const ephemeral = new Set<string>();
  const relation = options.relation ?? project.relationOf(node);
  const own: Record<string, unknown> = {};
  const base = project.baseContext(node.package_name);
  const scope = new NodeScope({
    registry: project.registry,
    packageName: node.package_name,
    own,
    base,
    onMacro: options.onMacro,
    overrides: options.overrides,
  });
  Object.assign(own, {
    execute: true,
    // A task may rebuild one node: what the run says goes before what the project was loaded with.
    flags: new Flags({ ...project.flags, fullRefresh: runtime.fullRefresh }),
    this: relation,
    schema: node.schema,
    database: node.database,
    model: node,
    graph: project.graphVariables(),
    config: configObject(node, scope),
    adapter: new AdapterObject(runtime, scope, node),
    ref: refFunction(runtime, node, ephemeral, options),
    source: sourceFunction(runtime, node, options),
    sql: '',
    compiled_code: '',
    pre_hooks: node.config['pre_hook'] ?? [],
    post_hooks: node.config['post_hook'] ?? [],
    selected_resources: project.selectedResources,
    doc: hostFunction(() => ''),
    write: hostFunction(() => ''),
    render: hostFunction((args) =>
      compileTemplate(String(args[0] ?? ''), { path: node.original_file_path }).render(scope),
    ),
    store_result: hostFunction((args, kwargs) => {
      const [name, response, table] = readArguments('store_result', ['name', 'response', 'agate_table?'], args, kwargs);
      runtime.store(String(name), response, table);
      return '';
    }),
    store_raw_result: hostFunction((_args, kwargs) => {
      const response = {
        _message: kwargs['message'] ?? '',
        code: kwargs['code'] ?? null,
        rows_affected: kwargs['rows_affected'] ?? null,
      };
      runtime.store(String(kwargs['name']), response, kwargs['agate_table']);
      return '';
    }),
    load_result: hostFunction((args) => runtime.results.get(String(args[0])) ?? null),
    try_or_compiler_error: hostFunction((args, kwargs, run) => {
      const [, callee, ...rest] = args as [unknown, Callable, ...unknown[]];
      return callee.call(run, rest, kwargs);
    }),
    ...options.own,
  });
  if (node.test_metadata) own['_dbt_generic_test_kwargs'] = lazyKwargs(node, scope);
  return { scope, ephemeral, own };
}

/** A test's arguments refer to relations, which are known now; dict-like, so that `**` can spread it. */
function lazyKwargs(node: ManifestNode, scope: NodeScope): unknown {
  const { kwargs } = node.test_metadata as { kwargs: JsonObject };
  return renderKwargs(kwargs, scope, node.original_file_path, false);
}

function refFunction(
  runtime: Runtime,
  node: ManifestNode,
  ephemeral: Set<string>,
  options: NodeContextOptions,
): Callable {
  return hostFunction(function ref(args, kwargs) {
    const call = readRef(args, kwargs);
    const found = runtime.project.resolver.ref(call, node.package_name);
    if (!found) throw runtime.project.resolver.unknownRef(call, describeNode(node));
    if (node.resource_type !== 'operation' && !node.depends_on.nodes.includes(found.unique_id))
      throw new MillraceError(
        'SQL_COMPILATION_FAILED',
        `${describeNode(node)} uses ${describeRef(call)} only while it runs, so the order of building cannot know of it`,
        {
          hint: `Add a comment at the top of the file: -- depends_on: {{ ${describeRef(call)} }}`,
        },
      );
    if (found.config['materialized'] === 'ephemeral' && found.resource_type === 'model') {
      const cte = runtime.project
        .relationOf(found)
        .with({ database: null, schema: null, identifier: `__dbt__cte__${found.name}`, type: 'cte' });
      const replaced = options.resolve?.(found, cte);
      if (!replaced || replaced === cte) ephemeral.add(found.unique_id);
      return replaced ?? cte;
    }
    const relation = runtime.deferred.get(found.unique_id) ?? runtime.project.relationOf(found);
    const limited = runtime.project.flags.empty ? relation.with({ limit: 0 }) : relation;
    return options.resolve?.(found, limited) ?? limited;
  });
}

function sourceFunction(runtime: Runtime, node: ManifestNode, options: NodeContextOptions): Callable {
  return hostFunction(function source(args, kwargs) {
    const call = readSourceCall(args, kwargs);
    const found = runtime.project.resolver.source(call, node.package_name);
    if (!found) throw runtime.project.resolver.unknownSource(call, describeNode(node));
    const relation = runtime.project.sourceRelation(found);
    const limited = runtime.project.flags.empty ? relation.with({ limit: 0 }) : relation;
    return options.resolve?.(found, limited) ?? limited;
  });
}

/** `config`: calling it changes nothing any more; `config.get` reads what the parse found. */
function configObject(node: ManifestNode, scope: NodeScope): Callable {
  const overlay = new Map<string, unknown>();
  const read = (name: string): unknown => {
    const value = overlay.has(name) ? overlay.get(name) : node.config[name];
    // `where` may itself be a template.
    if (name === 'where' && typeof value === 'string' && hasTemplate(value))
      return compileTemplate(value, { path: node.original_file_path }).renderSync(scope);
    return value;
  };
  const get = hostFunction((args, kwargs) => {
    const [name, preset = null] = readArguments('config.get', ['name', 'default?', 'validator?'], args, kwargs);
    const value = read(String(name));
    return value === undefined || value === null ? preset : fromHost(value);
  });
  const persists = (key: string) =>
    hostFunction(() => isObject(node.config['persist_docs']) && node.config['persist_docs'][key] === true);
  return hostFunction(() => '', {
    get,
    require: hostFunction((args) => {
      const value = read(String(args[0]));
      if (value !== undefined && value !== null) return fromHost(value);
      throw new MillraceError(
        'SQL_COMPILATION_FAILED',
        `${describeNode(node)} does not define a required config parameter '${String(args[0])}'`,
      );
    }),
    set: hostFunction((args) => {
      overlay.set(String(args[0]), toHost(args[1]));
      return '';
    }),
    meta_get: hostFunction((args) => {
      const value = node.meta[String(args[0])];
      return value === undefined ? (args[1] ?? null) : fromHost(value);
    }),
    meta_require: hostFunction((args) => fromHost(node.meta[String(args[0])] ?? null)),
    persist_relation_docs: persists('relation'),
    persist_column_docs: persists('columns'),
  });
}
