import { MillraceError } from '../../kernel/errors.js';
import type { TaskFunction } from './refs.js';

/** Under this key an argument list holds its values. */
const listed: unique symbol = Symbol.for('millrace.listedInputs');

/** A task's inputs in the order in which its handler destructures them. Made by `withArgList`. */
export interface ArgList<Values extends readonly unknown[] = readonly unknown[]> {
  readonly [listed]: Values;
}

/** Gives a task its inputs in order instead of by name: `load(withArgList(extracted, 'eu'))`. */
export function withArgList<const Values extends readonly unknown[]>(...values: Values): ArgList<Values> {
  return { [listed]: values };
}

export function isArgList(value: object): value is ArgList {
  return listed in value;
}

export function listedValues(list: ArgList): readonly unknown[] {
  return list[listed];
}

/** Names of a handler's arguments on the wire, by the names that the handler gives them. */
export type ArgNameMap<Args> = { readonly [Name in keyof Args]?: string };

/**
 * Says under which names a Python DAG hands a handler its arguments. In a DAG declared in TypeScript inputs are named
 * as the handler names them, so there is nothing to translate, and the handler comes back as it is.
 */
export function withArgNames<Handler extends TaskFunction>(
  names: ArgNameMap<Parameters<Handler>[0]>,
  handler: Handler,
): Handler {
  const wrong = Object.entries(names).find(([, name]) => typeof name !== 'string' || name === '');
  if (wrong || typeof handler !== 'function') {
    throw new MillraceError('DAG_INVALID', 'withArgNames takes names and a handler', {
      hint: "Write withArgNames({ label: 'run_label' }, async ({ label }) => …).",
    });
  }
  return handler;
}

/**
 * The names that a handler destructures its argument into, in order; undefined when it does not, or takes the rest of
 * them as one.
 */
export function destructuredNames(handler: TaskFunction): string[] | undefined {
  const source = handler.toString();
  const open = /^[^({]*\(?\s*\{/.exec(source)?.[0].length;
  if (open === undefined) return undefined;
  const parts: string[] = [''];
  let depth = 0;
  for (const letter of source.slice(open)) {
    if (letter === '}' && depth === 0) {
      const names = parts.map((part) => part.trim()).filter((part) => part !== '');
      return names.some((name) => name.startsWith('...')) ? undefined : names.map(nameOf);
    }
    if ('{[('.includes(letter)) depth++;
    if ('}])'.includes(letter)) depth--;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return undefined;
}

/** `rows`, of `rows: all = []`. */
function nameOf(part: string): string {
  return part.split(/[\s:=]/)[0]?.replace(/^['"]|['"]$/g, '') ?? part;
}
