/**
 * dbt's Jinja, compiled to JavaScript.
 *
 * ```ts
 * const template = compileTemplate("select * from {{ ref('orders') }}", { path: 'models/a.sql' });
 * const context = { ref: hostFunction((args, kwargs) => new Relation(…)) };
 * template.renderSync(context, { lenient: true }); // dbt's parse phase: nothing may be waited for
 * await template.render(context);                  // execution: host functions may answer promises
 * ```
 *
 * - **Names** come from the context: a record, a Map, or `{ get(name) }` for lazy ones; then from Jinja's own functions
 *   (`range`, `dict`, `namespace`, `cycler`, `joiner`). dbt's pure functions (`fromjson`, `modules`, `return` …) are
 *   `library()`, to be put into the context.
 * - **Macros** of a file are `compileMacros(source, { path })`; `definition.bind(context)` makes one callable, and the
 *   context of the macro, not its file, decides what its names mean: that is how projects override macros. TypeScript
 *   calls a macro with `invoke` or `invokeSync`. A namespace such as `dbt_utils` is a Map or record of macros.
 * - **Values** are described in values.ts. Functions are made with `hostFunction`, objects extend `HostObject`; plain
 *   objects and Maps are dicts. `toHost` turns what a template hands in (`Dict`, `Tuple`, `Float`) into plain JavaScript.
 * - **Errors** are `TemplateError`: path, line, column, excerpt. What a host function throws keeps its code.
 */
export { readArguments, textArgument } from './arguments.js';
export { type Block, splitBlocks } from './blocks.js';
export { type HostFunctionBody, hostFunction } from './callables.js';
export type { Context, ContextLike } from './context.js';
export { fromHost, toHost } from './convert.js';
export { RuntimeFault, TemplateError } from './errors.js';
export { type LibraryHooks, library } from './library.js';
export { compileMacros, invoke, invokeSync, Macro, MacroDefinition, type MacroParameter } from './macros.js';
export { nearestName } from './names.js';
export { equals, truthy } from './operators.js';
export { type RenderOptions, Template, type TemplateOptions } from './template.js';
export { repr, str } from './text.js';
export {
  type Arguments,
  Callable,
  Dict,
  Float,
  float,
  HostObject,
  isMapping,
  isUndefined,
  type Keywords,
  MacroReturn,
  mappingEntries,
  mappingGet,
  PySet,
  type Run,
  Tuple,
  tuple,
  Undefined,
} from './values.js';

import { sourceOf, Template, type TemplateOptions } from './template.js';

/** Reads a template. Throws TemplateError (JINJA_SYNTAX) with the place of the fault. */
export function compileTemplate(source: string, options: TemplateOptions): Template {
  return new Template(sourceOf(source, options));
}
