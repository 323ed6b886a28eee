import { MillraceError } from '../../kernel/errors.js';
import {
  type Callable,
  type Context,
  compileMacros,
  HostObject,
  hostFunction,
  type MacroDefinition,
  readArguments,
} from '../jinja/index.js';
import type { ProjectSource } from '../project/files.js';
import { didYouMean } from '../project/nearest.js';
import type { ProjectFile } from '../project/project-file.js';

/** The package of the macros that come with the engine. */
export const internalPackage = 'dbt';

export interface MacroEntry {
  /** `macro.dbt_utils.star` */
  uniqueId: string;
  /** As it is called: `star`, `test_not_null`, `materialization_mine_default`. */
  name: string;
  packageName: string;
  definition: MacroDefinition;
  /** The file it stands in; null for the engine's own. */
  source: ProjectSource | null;
}

/** Every macro of a project and its packages, and the order in which names are looked up. */
export class MacroRegistry {
  readonly #packages = new Map<string, Map<string, MacroEntry>>();
  readonly #rootName: string;
  readonly #dispatch: ProjectFile['dispatch'];
  readonly adapterType: string;

  constructor(rootName: string, dispatch: ProjectFile['dispatch'], adapterType: string) {
    this.#rootName = rootName;
    this.#dispatch = dispatch;
    this.adapterType = adapterType;
  }

  /** Reads the macros of one file. Throws when its package already has a macro of that name. */
  addFile(packageName: string, text: string, path: string, source: ProjectSource | null): void {
    const macros = this.#packages.get(packageName) ?? new Map<string, MacroEntry>();
    this.#packages.set(packageName, macros);
    for (const definition of compileMacros(text, { path })) {
      const name = macroName(definition);
      if (name === null) continue;
      const other = macros.get(name);
      if (other)
        throw new MillraceError(
          'SQL_PROJECT_INVALID',
          `the macro "${name}" stands twice in the package ${packageName}: ${other.definition.path}:${other.definition.line} and ${path}:${definition.line}`,
        );
      macros.set(name, { uniqueId: `macro.${packageName}.${name}`, name, packageName, definition, source });
    }
  }

  get packageNames(): string[] {
    return [...this.#packages.keys()];
  }

  get all(): MacroEntry[] {
    return [...this.#packages.values()].flatMap((macros) => [...macros.values()]);
  }

  ofPackage(packageName: string): Map<string, MacroEntry> | undefined {
    return this.#packages.get(packageName);
  }

  /** A name without a package: the node's own package first, then the root project, then the engine's. */
  find(name: string, packageName: string): MacroEntry | undefined {
    return (
      this.#packages.get(packageName)?.get(name) ??
      this.#packages.get(this.#rootName)?.get(name) ??
      this.#packages.get(internalPackage)?.get(name)
    );
  }

  /** Macros that build names and such: the root project first, whoever asks. */
  findOverridable(name: string, packageName: string): MacroEntry | undefined {
    return this.#packages.get(this.#rootName)?.get(name) ?? this.find(name, packageName);
  }

  /**
   * `adapter.dispatch`: in each package of the search order, the adapter's own implementation, then the default one.
   * Throws SQL_REFERENCE_UNKNOWN that lists what was looked for.
   */
  dispatch(name: string, namespace: string | null, packageName: string): MacroEntry {
    const order = this.#searchOrder(namespace, packageName);
    for (const candidate of order)
      for (const prefix of [this.adapterType, 'default']) {
        const found = this.#packages.get(candidate)?.get(`${prefix}__${name}`);
        if (found) return found;
      }
    const tried = order.flatMap((each) => [this.adapterType, 'default'].map((prefix) => `${each}.${prefix}__${name}`));
    throw new MillraceError(
      'SQL_REFERENCE_UNKNOWN',
      `adapter.dispatch found no macro "${name}"; it looked for ${tried.join(', ')}`,
      {
        hint:
          namespace && !this.#packages.has(namespace)
            ? `There is no package "${namespace}".`
            : didYouMean(
                name,
                this.all.map((entry) => entry.name.replace(/^\w+?__/, '')),
              ),
      },
    );
  }

  #searchOrder(namespace: string | null, packageName: string): string[] {
    if (namespace === null) return [...new Set([packageName, this.#rootName, ...this.packageNames, internalPackage])];
    const configured = this.#dispatch.find((entry) => entry.macroNamespace === namespace)?.searchOrder;
    if (configured) return [...configured, ...(namespace === internalPackage ? [internalPackage] : [])];
    return [...new Set([this.#rootName, namespace])];
  }
}

/** Turns macros into callables for one rendering, and tells which ones were asked for. */
export class MacroScope {
  readonly registry: MacroRegistry;
  readonly #packageName: string;
  readonly #context: Context;
  readonly #onUse: ((entry: MacroEntry) => void) | undefined;
  /** What stands in place of macros, by name or `package.name`: unit tests. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly #bound = new Map<MacroEntry, Callable>();
  readonly #contexts = new Map<string, Context>();

  constructor(
    registry: MacroRegistry,
    packageName: string,
    context: Context,
    options: {
      onUse?: ((entry: MacroEntry) => void) | undefined;
      overrides?: Record<string, unknown> | undefined;
    } = {},
  ) {
    this.registry = registry;
    this.#packageName = packageName;
    this.#context = context;
    this.#onUse = options.onUse;
    this.overrides = options.overrides ?? {};
  }

  /** What a name of a template means as a macro or a package; undefined when it is neither. */
  get(name: string): unknown {
    const entry = this.registry.find(name, this.#packageName);
    if (entry) return this.bind(entry);
    return this.registry.ofPackage(name) ? new PackageNamespace(name, this) : undefined;
  }

  /** A macro by its name, with or without its package; undefined when there is none. */
  find(name: string): Callable | undefined {
    const [packageName, own] = name.includes('.') ? (name.split('.', 2) as [string, string]) : [null, name];
    const entry = packageName
      ? this.registry.ofPackage(packageName)?.get(own)
      : this.registry.find(own, this.#packageName);
    return entry && this.bind(entry);
  }

  bind(entry: MacroEntry): Callable {
    this.#onUse?.(entry);
    let bound = this.#bound.get(entry);
    if (!bound) {
      bound = entry.definition.bind(this.#contextOf(entry.packageName));
      this.#bound.set(entry, bound);
    }
    return bound;
  }

  /** `adapter.dispatch(name, namespace)` */
  dispatch = hostFunction((args, kwargs) => {
    const [name, namespace] = readArguments('dispatch', ['macro_name', 'macro_namespace?', 'packages?'], args, kwargs);
    if (String(name).includes('.'))
      throw new MillraceError(
        'SQL_COMPILATION_FAILED',
        `adapter.dispatch takes the name of the package as its second argument; got "${name}"`,
      );
    return this.bind(
      this.registry.dispatch(String(name), typeof namespace === 'string' ? namespace : null, this.#packageName),
    );
  });

  /** A macro's names come from the node that is rendered, so that a project can override them; then from the macro's own package. */
  #contextOf(packageName: string): Context {
    let context = this.#contexts.get(packageName);
    if (!context) {
      const own = this.registry.ofPackage(packageName);
      context = {
        get: (name) => {
          const value = this.#context.get(name);
          if (value !== undefined) return value;
          const entry = own?.get(name);
          return entry && this.bind(entry);
        },
      };
      this.#contexts.set(packageName, context);
    }
    return context;
  }
}

/** `dbt_utils` in `dbt_utils.star(…)`. */
class PackageNamespace extends HostObject {
  readonly #name: string;
  readonly #scope: MacroScope;

  constructor(name: string, scope: MacroScope) {
    super();
    this.#name = name;
    this.#scope = scope;
  }

  getAttribute(name: string): unknown {
    const override = `${this.#name}.${name}`;
    if (Object.hasOwn(this.#scope.overrides, override)) return this.#scope.overrides[override];
    const entry = this.#scope.registry.ofPackage(this.#name)?.get(name);
    if (entry) return this.#scope.bind(entry);
    if (name === 'get') return hostFunction((args) => this.getAttribute(String(args[0])) ?? args[1] ?? null);
    return undefined;
  }

  override toString(): string {
    return `<package ${this.#name}>`;
  }
}

function macroName(definition: MacroDefinition): string | null {
  const kind: string = definition.kind;
  if (kind === 'macro') return definition.name;
  if (kind === 'test' || kind === 'data_test') return `test_${definition.name}`;
  if (kind === 'materialization') return `materialization_${definition.name}_${definition.adapter ?? 'default'}`;
  return null;
}
