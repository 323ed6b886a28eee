import type { Definition, DefinitionKind } from './ast.js';
import { type BoundArguments, bindArguments, type MacroSteps, runSteps } from './callables.js';
import { generateDefinition, type Signature, signatureOf } from './codegen.js';
import { type Context, type ContextLike, toContext } from './context.js';
import type { Source } from './errors.js';
import { instantiate } from './instantiate.js';
import { parseTemplate } from './parser.js';
import { newRun } from './run.js';
import { type RenderOptions, sourceOf, type TemplateOptions } from './template.js';
import { type Arguments, Callable, type Keywords, type Run, Waiting } from './values.js';

/** A parameter of a macro, for documentation. */
export interface MacroParameter {
  name: string;
  /** As written: `list[string]`. */
  type: string | undefined;
  /** The source of its default. */
  hasDefault: boolean;
}

/** A macro, test, materialization, snapshot or docs block of a file. Shared by all projects; `bind` makes it callable. */
export class MacroDefinition {
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly parameters: MacroParameter[];
  /** Adapter of a materialization: `default`, `postgres` …; undefined for the others. */
  readonly adapter: string | undefined;
  /** Languages of a materialization. */
  readonly languages: string[];
  readonly path: string;
  /** Line of its tag, from 1. */
  readonly line: number;
  /** From its tag to its end tag: dbt's `macro_sql`. */
  readonly text: string;
  readonly signature: Signature;
  readonly #definition: Definition;
  readonly #source: Source;
  #sync: MacroBody | undefined;
  #async: MacroBody | undefined;

  constructor(definition: Definition, source: Source, line: number) {
    this.kind = definition.kind;
    this.name = definition.name;
    this.parameters = definition.parameters.map((parameter) => ({
      name: parameter.name,
      type: parameter.type,
      hasDefault: parameter.default !== undefined,
    }));
    this.adapter = definition.adapter;
    this.languages = definition.languages;
    this.path = source.path;
    this.line = line;
    this.text = source.text.slice(definition.at, definition.end);
    this.signature = signatureOf(definition.parameters, definition.body);
    this.#definition = definition;
    this.#source = { ...source, name: `${definition.kind} ${definition.name}` };
  }

  /** The macro with the context that its names come from. It can be called from both kinds of rendering. */
  bind(context: ContextLike): Macro {
    return new Macro(this, toContext(context));
  }

  /** The compiled body for the kind of rendering; compiled at first use. */
  body(sync: boolean): MacroBody {
    if (sync) {
      this.#sync ??= instantiate(() => generateDefinition(this.#definition, 'sync'), this.#source) as MacroBody;
      return this.#sync;
    }
    this.#async ??= instantiate(() => generateDefinition(this.#definition, 'async'), this.#source) as MacroBody;
    return this.#async;
  }
}

type MacroBody = (run: Run, context: Context, bound: BoundArguments) => unknown;

/** A macro that can be called: gives the text that it writes, or the value of its `return()`. */
export class Macro extends Callable {
  readonly definition: MacroDefinition;
  readonly #context: Context;

  constructor(definition: MacroDefinition, context: Context) {
    super();
    this.definition = definition;
    this.#context = context;
  }

  get name(): string {
    return this.definition.name;
  }

  override toString(): string {
    return `<Macro '${this.name}'>`;
  }

  call(run: Run, args: Arguments, kwargs: Keywords | null): unknown {
    const bound = bindArguments(this.name, this.definition.signature, args, kwargs);
    const result = this.definition.body(run.sync)(run, this.#context, bound);
    return run.sync ? result : new Waiting(result as MacroSteps);
  }
}

/** Reads a file of macros. What stands outside of blocks is ignored, as in dbt. Throws TemplateError (JINJA_SYNTAX). */
export function compileMacros(text: string, options: TemplateOptions): MacroDefinition[] {
  const source = sourceOf(text, options);
  let line = source.firstLine;
  let counted = 0;
  return parseTemplate(source).flatMap((statement) => {
    if (statement.kind !== 'definition') return [];
    const { definition } = statement;
    for (; counted < definition.at; counted++) if (source.text[counted] === '\n') line++;
    return [new MacroDefinition(definition, source, line)];
  });
}

/**
 * Calls a macro or function from TypeScript and waits for its result. Inside a function of the host hand on its `run`,
 * so that the limits of the rendering hold.
 */
export async function invoke(
  callee: Callable,
  args: Arguments = [],
  kwargs: Keywords = {},
  run: Run | RenderOptions = {},
): Promise<unknown> {
  const result = callee.call(isRun(run) ? run : newRun({ sync: false, ...run }), [...args], kwargs);
  return result instanceof Waiting ? runSteps(result.steps) : result;
}

/** The same without waiting: for the parse phase, and for macros such as `generate_schema_name`. */
export function invokeSync(
  callee: Callable,
  args: Arguments = [],
  kwargs: Keywords = {},
  run: Run | RenderOptions = {},
): unknown {
  return callee.call(isRun(run) ? run : newRun({ sync: true, ...run }), [...args], kwargs);
}

function isRun(run: Run | RenderOptions): run is Run {
  return 'stepsLeft' in run;
}
