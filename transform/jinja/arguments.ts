import { RuntimeFault } from './errors.js';
import type { Arguments, Keywords } from './values.js';

/**
 * Puts positional and named arguments in the order of `names`; a name that ends in `?` may be left out and is then
 * `undefined`. Fails as Python does when one is missing, unknown, given twice or too many.
 *
 * ```ts
 * const [name, preset] = readArguments('var', ['name', 'default?'], args, kwargs);
 * ```
 */
export function readArguments(
  callee: string,
  names: readonly string[],
  args: Arguments,
  kwargs: Keywords | null | undefined,
): unknown[] {
  if (args.length > names.length)
    throw new RuntimeFault(
      `${callee}() takes at most ${names.length} argument${names.length === 1 ? '' : 's'}, got ${args.length}`,
    );
  const values: unknown[] = [...args];
  values.length = names.length;
  if (kwargs) readNamed(callee, names, args.length, kwargs, values);
  names.forEach((name, index) => {
    if (values[index] === undefined && index >= args.length && !name.endsWith('?'))
      throw new RuntimeFault(`${callee}() needs the argument '${name}'`);
  });
  return values;
}

function readNamed(callee: string, names: readonly string[], given: number, kwargs: Keywords, values: unknown[]): void {
  for (const key of Object.keys(kwargs)) {
    const index = names.findIndex((name) => name === key || name === `${key}?`);
    if (index === -1) throw new RuntimeFault(`${callee}() has no argument '${key}'`);
    if (index < given) throw new RuntimeFault(`${callee}() got two values for the argument '${key}'`);
    values[index] = kwargs[key];
  }
}

/** An argument that has to be text. */
export function textArgument(callee: string, value: unknown, what = 'its argument'): string {
  if (typeof value === 'string') return value;
  throw new RuntimeFault(`${callee}() needs ${what} to be text`);
}
