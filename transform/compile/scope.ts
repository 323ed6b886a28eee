import { type Callable, type Context, HostObject, hostFunction } from '../jinja/index.js';
import { internalPackage, type MacroEntry, type MacroRegistry, MacroScope } from '../manifest/macros.js';

/**
 * Where the names of one node's templates come from: the project's macros (which may override anything), then what belongs to the node,
 * then what every template has, then the engine's macros and the packages' namespaces.
 */
export class NodeScope implements Context {
  readonly macros: MacroScope;
  readonly #packageName: string;
  readonly #own: Record<string, unknown>;
  readonly #base: Record<string, unknown>;

  constructor(options: {
    registry: MacroRegistry;
    packageName: string;
    own: Record<string, unknown>;
    base: Record<string, unknown>;
    onMacro?: ((entry: MacroEntry) => void) | undefined;
    /** What stands in place of macros, by name. */
    overrides?: Record<string, unknown> | undefined;
  }) {
    this.#packageName = options.packageName;
    this.#own = options.own;
    this.#base = options.base;
    this.macros = new MacroScope(options.registry, options.packageName, this, {
      onUse: options.onMacro,
      overrides: options.overrides,
    });
  }

  get(name: string): unknown {
    if (Object.hasOwn(this.macros.overrides, name)) return this.macros.overrides[name];
    const macro = this.macros.registry.find(name, this.#packageName);
    if (macro && macro.packageName !== internalPackage) return this.macros.bind(macro);
    if (Object.hasOwn(this.#own, name)) return this.#own[name];
    if (Object.hasOwn(this.#base, name)) return this.#base[name];
    if (name === 'context') return new ContextObject(this);
    if (name === 'builtins') return { ref: this.#own['ref'], source: this.#own['source'], config: this.#own['config'] };
    return macro ? this.macros.bind(macro) : this.macros.get(name);
  }

  *names(): Iterable<string> {
    yield* Object.keys(this.#own);
    yield* Object.keys(this.#base);
    for (const entry of this.macros.registry.all)
      if (entry.packageName === this.#packageName || entry.packageName === internalPackage) yield entry.name;
    yield* this.macros.registry.packageNames;
  }

  macro(name: string): Callable | undefined {
    return this.macros.find(name);
  }
}

/** `context` itself, for templates that look names up by text. */
class ContextObject extends HostObject {
  readonly #scope: NodeScope;

  constructor(scope: NodeScope) {
    super();
    this.#scope = scope;
  }

  getAttribute(name: string): unknown {
    if (name === 'get') return hostFunction((args) => this.#scope.get(String(args[0])) ?? args[1] ?? null);
    return this.#scope.get(name);
  }

  override iterate(): Iterable<unknown> {
    return this.#scope.names();
  }

  override toString(): string {
    return '<context>';
  }
}
