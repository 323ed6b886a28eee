/** Where the names of a template come from. */
export interface Context {
  /** The value of a name; `undefined` when there is none. */
  get(name: string): unknown;
  /** All names, for "did you mean"; not needed. */
  names?(): Iterable<string>;
}

/** What a template can be rendered with: a context, a Map, or a plain record. */
export type ContextLike = Context | Map<string, unknown> | Readonly<Record<string, unknown>>;

export function toContext(given: ContextLike): Context {
  if (given instanceof Map) return { get: (name) => given.get(name), names: () => given.keys() };
  if (isContext(given)) return given;
  return {
    get: (name) => (Object.hasOwn(given, name) ? given[name] : undefined),
    names: () => Object.keys(given),
  };
}

function isContext(given: object): given is Context {
  return typeof (given as { get?: unknown }).get === 'function';
}
