import { createContext, Script } from 'node:vm';
import { RuntimeFault } from '../errors.js';
import { repr } from '../text.js';

export const flagBits: Record<string, number> = {
  A: 256,
  ASCII: 256,
  I: 2,
  IGNORECASE: 2,
  M: 8,
  MULTILINE: 8,
  S: 16,
  DOTALL: 16,
  U: 32,
  UNICODE: 32,
  X: 64,
  VERBOSE: 64,
};

/** How long one search may take. */
const searchMsMax = 1000;
const patternCharsMax = 10_000;

/**
 * A pattern of Python as one of JavaScript, with the flag `g`. `risky` when it can take exponential time: two open
 * repetitions in a pattern are the condition for that.
 */
export function compilePattern(source: string, flags: number): { regex: RegExp; risky: boolean } {
  if (source.length > patternCharsMax)
    throw new RuntimeFault(`the pattern is longer than ${patternCharsMax} characters`);
  const inline = /^\(\?([aimsux]+)\)/.exec(source);
  const letters = inline?.[1] ?? '';
  const has = (letter: string, bit: number) => letters.includes(letter) || (flags & bit) !== 0;
  const body = inline ? source.slice(inline[0].length) : source;
  const translated = translate(has('x', 64) ? withoutBlanks(body) : body, has('m', 8));
  const options = `g${has('i', 2) ? 'i' : ''}${has('m', 8) ? 'm' : ''}${has('s', 16) ? 's' : ''}`;
  try {
    return { regex: new RegExp(translated, options), risky: (body.match(/[*+]|\{\d*,\d*\}/g) ?? []).length > 1 };
  } catch (error) {
    throw new RuntimeFault(
      `the pattern ${repr(source)} is not understood: ${(error as Error).message.replace(/^Invalid regular expression: /, '')}`,
    );
  }
}

/** Python's spellings that JavaScript writes otherwise. A `$` also matches before a last line end. */
function translate(source: string, multiline: boolean): string {
  let inClass = false;
  return source.replace(/\\.|\(\?P<|\(\?P=(\w+)\)|\(\?#[^)]*\)|[[\]$]/gs, (part, name: string | undefined) => {
    if (part === '[' || part === ']') {
      if (part === '[' && inClass) return '\\[';
      inClass = part === '[';
      return part;
    }
    if (inClass) return part;
    if (part === '\\A') return '(?<![^])';
    if (part === '\\Z') return '(?![^])';
    if (part === '(?P<') return '(?<';
    if (part.startsWith('(?P=')) return `\\k<${name}>`;
    if (part.startsWith('(?#')) return '';
    return part === '$' && !multiline ? '(?=\\n?(?![^]))' : part;
  });
}

/** `re.VERBOSE`: blanks and comments outside of classes do not count. */
function withoutBlanks(source: string): string {
  return source.replace(/\\.|\[(?:\\.|[^\]\\])*\]|\s+|#[^\n]*/gs, (part) => (/^[\s#]/.test(part) ? '' : part));
}

let guard: { context: { search?: () => void }; script: Script } | undefined;

/** Runs a search that is stopped when it takes too long: backtracking can take longer than anyone lives. */
export function withTimeLimit<T>(search: () => T, source: string): T {
  guard ??= { context: createContext({}) as { search?: () => void }, script: new Script('search()') };
  let result: { value: T } | undefined;
  guard.context.search = () => {
    result = { value: search() };
  };
  try {
    guard.script.runInContext(guard.context, { timeout: searchMsMax });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new RuntimeFault(
        `the pattern ${repr(source)} takes longer than ${searchMsMax} ms on this text`,
        'JINJA_LIMIT',
      );
    throw error;
  } finally {
    delete guard.context.search;
  }
  return (result as { value: T }).value;
}
