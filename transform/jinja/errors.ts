import { type ErrorCode, MillraceError } from '../../kernel/errors.js';

/** A piece of source that positions point into. */
export interface Source {
  /** Path for people: `models/staging/customers.sql`. */
  readonly path: string;
  /** The text, with line ends as `\n`. */
  readonly text: string;
  /** Line number of the text's first line in the file, from 1. */
  readonly firstLine: number;
  /** The macro or block that the source belongs to, for traces. */
  readonly name?: string;
}

/** A fault in a template or in what it did: where, with the line and a caret under the place. */
export class TemplateError extends MillraceError {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What was wrong, without the place. */
  readonly reason: string;
  readonly excerpt: string;
  /** The calls that led there, innermost first: `macro star (macros/star.sql:12)`. */
  readonly calls: string[] = [];

  constructor(
    code: ErrorCode,
    reason: string,
    source: Source,
    offset: number,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    const { line, column, text } = locate(source, offset);
    const label = String(line);
    const excerpt = `  ${label} | ${text}\n  ${' '.repeat(label.length)} | ${caretIndent(text, column)}^`;
    super(code, `${source.path}:${line}:${column}: ${reason}\n${excerpt}`, options);
    this.name = 'TemplateError';
    this.path = source.path;
    this.line = line;
    this.column = column;
    this.reason = reason;
    this.excerpt = excerpt;
  }

  /** Adds the call that the error came through. */
  addCall(source: Source, offset: number): void {
    if (this.calls.length >= callsMax) return;
    const { line } = locate(source, offset);
    const call = `${source.name ?? 'template'} (${source.path}:${line})`;
    this.calls.push(call);
    this.message += `\n  called from ${call}`;
  }
}

const callsMax = 20;
const excerptCharsMax = 200;

/** Line and column of an offset. */
export function locate(source: Source, offset: number): { line: number; column: number; text: string } {
  const at = Math.min(Math.max(0, offset), source.text.length);
  const lineStart = source.text.lastIndexOf('\n', at - 1) + 1;
  const lineEnd = source.text.indexOf('\n', at);
  let line = source.firstLine;
  for (let index = source.text.indexOf('\n'); index !== -1 && index < lineStart; ) {
    line++;
    index = source.text.indexOf('\n', index + 1);
  }
  const text = source.text.slice(lineStart, lineEnd === -1 ? source.text.length : lineEnd);
  return { line, column: at - lineStart + 1, text: text.slice(0, Math.max(excerptCharsMax, at - lineStart + 1)) };
}

/** Blanks up to the column, with tabs kept so that the caret stands below its place. */
function caretIndent(text: string, column: number): string {
  return text.slice(0, column - 1).replace(/[^\t]/g, ' ');
}

/** A fault without a place yet: thrown by operators and filters, placed by the template that runs them. */
export class RuntimeFault extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(message: string, code: ErrorCode = 'JINJA_RUNTIME', hint?: string) {
    super(message);
    this.name = 'RuntimeFault';
    this.code = code;
    this.hint = hint;
  }
}

/** Says it in the template's words when a template is too long or too deep for the stack. */
export function withinStack<T>(source: Source, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TemplateError(
      'JINJA_LIMIT',
      'the template is nested too deeply or has too long an expression',
      source,
      0,
      {
        cause: error,
      },
    );
  }
}
