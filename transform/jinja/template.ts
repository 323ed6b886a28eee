import type { Statement } from './ast.js';
import { type MacroSteps, runSteps } from './callables.js';
import { generateTemplate } from './codegen.js';
import type { Mode } from './codegen-expressions.js';
import { type Context, type ContextLike, toContext } from './context.js';
import type { Source } from './errors.js';
import { instantiate } from './instantiate.js';
import { nativeResult } from './native.js';
import { parseTemplate } from './parser.js';
import { newRun } from './run.js';
import type { Run } from './values.js';

export interface TemplateOptions {
  /** Path for messages. */
  path: string;
  /** Line of the source's first line in that file, from 1. */
  firstLine?: number;
}

export interface RenderOptions {
  /** dbt's parse phase: an undefined value may be called and have attributes, which are undefined too. */
  lenient?: boolean;
}

/** A template that has been read. It is turned into JavaScript at its first rendering, once for each way to render. */
export class Template {
  readonly source: Source;
  readonly #body: Statement[];
  #text: ((run: Run, context: Context) => unknown) | undefined;
  #steps: ((run: Run, context: Context) => MacroSteps) | undefined;
  #values: ((run: Run, context: Context) => unknown) | undefined;

  constructor(source: Source) {
    this.source = source;
    this.#body = parseTemplate(source);
  }

  /** The text, at once. A function of the host that answers a promise makes it fail. Throws TemplateError. */
  renderSync(context: ContextLike, options: RenderOptions = {}): string {
    this.#text ??= this.#compile('sync', 'text') as (run: Run, context: Context) => unknown;
    return this.#text(newRun({ sync: true, ...options }), toContext(context)) as string;
  }

  /** The text, waiting for what functions of the host promise in the middle of expressions. Rejects with TemplateError. */
  async render(context: ContextLike, options: RenderOptions = {}): Promise<string> {
    this.#steps ??= this.#compile('async', 'text') as (run: Run, context: Context) => MacroSteps;
    return (await runSteps(this.#steps(newRun({ sync: false, ...options }), toContext(context)))) as string;
  }

  /**
   * The value, as dbt renders what stands in YAML: a template that is one expression gives the value of it (a list stays
   * a list; text is read as a literal only with `as_native`, `as_bool` or `as_number`), anything else gives text.
   */
  renderNative(context: ContextLike, options: RenderOptions = {}): unknown {
    const [only] = this.#body;
    if (!only) return '';
    if (this.#body.length === 1 && only.kind === 'text') return only.text;
    this.#values ??= this.#compile('sync', 'values') as (run: Run, context: Context) => unknown;
    return nativeResult(this.#values(newRun({ sync: true, ...options }), toContext(context)) as unknown[]);
  }

  #compile(mode: Mode, output: 'text' | 'values'): unknown {
    return instantiate(() => generateTemplate(this.#body, mode, output), this.source);
  }
}

/** The source of a template, with line ends as Jinja sees them and without the last one. */
export function sourceOf(text: string, options: TemplateOptions): Source {
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  return {
    path: options.path,
    text: lines.endsWith('\n') ? lines.slice(0, -1) : lines,
    firstLine: options.firstLine ?? 1,
  };
}
