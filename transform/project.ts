import type { JsonObject } from '../kernel/json.js';
import { baseContext, type RunFlags } from './compile/base-context.js';
import { Relation } from './compile/relation.js';
import { compileTemplate, type Template } from './jinja/index.js';
import { Graph, withTestEdges } from './manifest/graph.js';
import type { MacroRegistry } from './manifest/macros.js';
import type { Manifest, ManifestNode, ManifestSource } from './manifest/node.js';
import { type LoadOptions, type ParsedProject, parseProject } from './manifest/parse.js';
import { relationOf } from './manifest/read-nodes.js';
import type { Resolver } from './manifest/resolve.js';
import { type SelectionRequest, selectNodes } from './manifest/select.js';
import type { SelectionSubject, SelectionWorld } from './manifest/select-methods.js';
import type { ProjectNode } from './model.js';
import { externalLocation } from './project/external-location.js';
import type { Package } from './project/package.js';
import { type Target, targetVariables } from './project/profile.js';
import { varsOf } from './project/vars.js';
import { toProjectNode } from './project-node.js';
import { makeTaskGraph, type SqlTask, type TaskGraphRequest } from './task-graph.js';

/** Reads a dbt-format project: its files, packages, profile. Nothing is asked of a database. Throws errors with file and line. */
export async function loadProject(options: LoadOptions): Promise<Project> {
  return new Project(await parseProject(options));
}

/** A parsed project: what it holds, how it hangs together, and what a selection of it means. */
export class Project {
  readonly root: Package;
  readonly packages: Package[];
  readonly target: Target;
  readonly manifest: Manifest;
  readonly registry: MacroRegistry;
  readonly resolver: Resolver;
  readonly flags: RunFlags;
  readonly warnings: readonly string[];
  /** Every model, seed, snapshot, test, unit test, source, exposure, analysis and hook that is enabled. */
  readonly nodes: Map<string, ProjectNode>;
  /** Direct dependencies, sources included. */
  readonly graph: Graph;
  /** Unique ids of the running selection: `selected_resources` in templates. */
  selectedResources: string[] = [];
  readonly parsed: ParsedProject;
  readonly #templates = new Map<string, Template>();
  readonly #bases = new Map<string, Record<string, unknown>>();
  #graphVariables: Record<string, unknown> | undefined;

  constructor(parsed: ParsedProject) {
    this.parsed = parsed;
    this.root = parsed.root;
    this.packages = parsed.packages;
    this.target = parsed.target;
    this.manifest = parsed.manifest;
    this.registry = parsed.registry;
    this.resolver = parsed.resolver;
    this.flags = parsed.invocation.flags;
    this.warnings = parsed.warnings;
    const { manifest } = parsed;
    const everything = [
      ...manifest.nodes.values(),
      ...manifest.sources.values(),
      ...manifest.exposures.values(),
      ...manifest.unitTests.values(),
    ];
    this.nodes = new Map(everything.map((node) => [node.unique_id, toProjectNode(node)]));
    this.graph = new Graph([...this.nodes].map(([id, node]) => [id, node.dependsOn]));
    this.graph.order();
  }

  get name(): string {
    return this.root.name;
  }

  get dir(): string {
    return this.root.dir;
  }

  get invocation(): ParsedProject['invocation'] {
    return this.parsed.invocation;
  }

  /** The unique ids that a selection means, in the order of building. Throws SQL_SELECTION_INVALID. */
  select(request: SelectionRequest & { world?: Partial<SelectionWorld> } = {}): string[] {
    const { world, ...selection } = request;
    const chosen = selectNodes({ ...this.selectionWorld(), ...world }, this.graph, selection);
    return this.graph.order().filter((id) => chosen.has(id));
  }

  /** Tasks of a selection with their groups and upstreams, in dbt's order of building: a failing test stops what depends on the model. */
  taskGraph(request: TaskGraphRequest): SqlTask[] {
    return makeTaskGraph(this, request);
  }

  /** Dependencies with those edges by which tests hold back what is downstream of what they test. */
  buildDependencies(): Map<string, string[]> {
    const tests = [...this.nodes.values()]
      .filter((node) => node.resourceType === 'test')
      .map((node): [string, string[]] => [node.uniqueId, node.dependsOn]);
    return withTestEdges(this.graph, tests);
  }

  relationOf(node: ManifestNode): Relation {
    const owner = this.packages.find((each) => each.name === node.package_name) ?? this.root;
    const type =
      node.config['materialized'] === 'view'
        ? 'view'
        : node.config['materialized'] === 'materialized_view'
          ? 'materialized_view'
          : 'table';
    return relationOf(this.parsed, owner, node).with({ type });
  }

  sourceRelation(source: ManifestSource): Relation {
    const quotePolicy = { database: true, schema: true, identifier: true, ...(source.quoting as object) };
    return new Relation({
      database: source.database,
      schema: source.schema,
      identifier: source.identifier,
      quotePolicy,
      type: 'table',
      location: this.target.type === 'duckdb' ? externalLocation(source, this.root.dir) : null,
    });
  }

  /** What all templates of a package see; made once. */
  baseContext(packageName: string): Record<string, unknown> {
    let base = this.#bases.get(packageName);
    if (!base) {
      const owner = this.packages.find((each) => each.name === packageName) ?? this.root;
      base = baseContext({
        invocation: this.invocation,
        packageName,
        rootName: this.root.name,
        vars: varsOf(packageName, owner.file.vars, this.root.file.vars, this.parsed.cliVars),
        target: targetVariables(this.target),
      });
      this.#bases.set(packageName, base);
    }
    return base;
  }

  /** `graph` in templates. */
  graphVariables(): Record<string, unknown> {
    this.#graphVariables ??= {
      nodes: Object.fromEntries(this.manifest.nodes),
      sources: Object.fromEntries(this.manifest.sources),
      exposures: Object.fromEntries(this.manifest.exposures),
      groups: Object.fromEntries(this.manifest.groups),
      macros: Object.fromEntries(this.manifest.macros),
      metrics: {},
      semantic_models: {},
      saved_queries: {},
      unit_tests: Object.fromEntries(this.manifest.unitTests),
    };
    return this.#graphVariables;
  }

  /** A node's template, read once. */
  template(text: string, path: string): Template {
    const key = `${path}\0${text}`;
    let template = this.#templates.get(key);
    if (!template) {
      template = compileTemplate(text, { path });
      this.#templates.set(key, template);
    }
    return template;
  }

  selectionWorld(): SelectionWorld {
    const { manifest } = this;
    const subjects = new Map<string, SelectionSubject>();
    for (const node of [
      ...manifest.nodes.values(),
      ...manifest.sources.values(),
      ...manifest.exposures.values(),
      ...manifest.unitTests.values(),
    ])
      if (node.resource_type !== 'operation') subjects.set(node.unique_id, toSubject(node));
    return {
      projectName: this.name,
      subjects: () => subjects.values(),
      subject: (id) => subjects.get(id),
      selectors: manifest.selectors,
    };
  }
}

function toSubject(node: Parameters<typeof toProjectNode>[0]): SelectionSubject {
  const model = node as ManifestNode;
  return {
    uniqueId: node.unique_id,
    resourceType: node.resource_type,
    name: node.name,
    packageName: node.package_name,
    fqn: node.fqn,
    path: node.original_file_path,
    tags: Array.isArray(node.config['tags']) ? (node.config['tags'] as string[]) : [],
    config: node.config as JsonObject,
    sourceName: (node as ManifestSource).source_name,
    group: model.group,
    access: model.access,
    version: model.version,
    latestVersion: model.latest_version,
    testName: model.test_metadata?.name,
    isGenericTest: node.resource_type === 'test' ? model.test_metadata !== undefined : undefined,
  };
}
