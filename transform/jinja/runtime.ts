import { MillraceError } from '../../kernel/errors.js';
import { attribute, item, methodOf, slice } from './attributes.js';
import { call, LocalMacro, stepsExceeded } from './callables.js';
import type { Context } from './context.js';
import { copyMapping } from './dict-methods.js';
import { RuntimeFault, type Source, TemplateError } from './errors.js';
import { filters } from './filters.js';
import { globals } from './globals.js';
import { iterate } from './iterate.js';
import { limits, limitValues } from './limits.js';
import { Loop } from './loop.js';
import { nearestName } from './names.js';
import { Namespace } from './namespace.js';
import { compare, concat, contains, equals, operate, signed, truthy } from './operators.js';
import { tests } from './tests.js';
import { str } from './text.js';
import {
  type Arguments,
  Dict,
  float,
  isMapping,
  type Keywords,
  MacroReturn,
  mappingEntries,
  type Run,
  tuple,
  typeName,
  Undefined,
  Waiting,
} from './values.js';

/** What generated code calls. The names are those that codegen.ts writes. */
export const runtime = {
  MacroReturn,
  Waiting,
  LocalMacro,
  Loop,
  attribute,
  call,
  callMethod,
  compare,
  concat,
  dict,
  enter,
  equals,
  fail,
  filters,
  finish,
  float,
  isIn: (value: unknown, container: unknown) => contains(container, value),
  item,
  iterate,
  keywords,
  lookup,
  nothing: new Undefined('the inline if has no else and its condition is false'),
  operate,
  override,
  setAttribute,
  signed,
  slice,
  step,
  str,
  tests,
  truthy,
  tuple,
  undefinedParameter: (name: string) => new Undefined(`parameter '${name}' was not provided`),
  unpack,
} as const;

/** A name: the context's, else one of Jinja's own functions. */
function lookup(context: Context, name: string): unknown {
  const value = context.get(name);
  if (value !== undefined) return value;
  if (Object.hasOwn(globals, name)) return globals[name];
  return new Undefined(`'${name}' is undefined`, () =>
    nearestName(name, [...(context.names?.() ?? []), ...Object.keys(globals)]),
  );
}

/** The context's macro of that name, which wins over one in the template. */
function override(context: Context, name: string): unknown {
  return context.get(name);
}

/** `object.name(…)`, without making a bound method of it first. */
function callMethod(object: unknown, name: string, args: Arguments, kwargs: Keywords | null, run: Run): unknown {
  const method = methodOf(object, name);
  if (!method) return call(attribute(object, name, run), args, kwargs, run);
  if (--run.stepsLeft < 0) throw stepsExceeded();
  const result = method(object, args, kwargs, run);
  return result === undefined ? null : result;
}

function dict(keysAndValues: unknown[]): Dict {
  const made = new Dict();
  for (let index = 0; index < keysAndValues.length; index += 2)
    made.set(hashable(keysAndValues[index]), keysAndValues[index + 1]);
  return made;
}

function hashable(key: unknown): unknown {
  if (isMapping(key) || typeName(key) === 'list')
    throw new RuntimeFault(`a ${typeName(key)} cannot be the key of a dict`);
  return key;
}

/** The named arguments that `**value` stands for. */
function keywords(value: unknown): Keywords {
  if (!isMapping(value)) throw new RuntimeFault(`** needs a dict, got '${typeName(value)}'`);
  const made: Keywords = Object.create(null);
  for (const [key, item] of mappingEntries(copyMapping(value))) made[str(key)] = item;
  return made;
}

/** `{% set ns.name = value %}`: only a namespace can be written to. */
function setAttribute(object: unknown, name: string, value: unknown): void {
  if (!(object instanceof Namespace))
    throw new RuntimeFault(
      `cannot set an attribute of '${typeName(object)}': only namespace() has ones that can be set`,
    );
  object.values.set(name, value);
}

function unpack(value: unknown, count: number): unknown[] {
  const items = iterate(value);
  if (items.length !== count) throw new RuntimeFault(`${count} values are needed to unpack, got ${items.length}`);
  // A copy: `set a, b = b, a` must not see its own assignments.
  return [...items];
}

function enter(run: Run): void {
  if (run.depth >= limitValues.depthMax)
    throw new RuntimeFault(
      `more than ${limitValues.depthMax} calls are open: a macro calls itself without end`,
      'JINJA_LIMIT',
    );
  run.depth++;
}

/** One turn of a loop that has written `length` characters so far. */
function step(run: Run, length: number): void {
  if (--run.stepsLeft < 0) throw stepsExceeded();
  if (length > run.charsLeft) limits.characters(Number.POSITIVE_INFINITY);
}

function finish(run: Run, text: string): string {
  run.charsLeft -= text.length;
  if (run.charsLeft < 0) limits.characters(Number.POSITIVE_INFINITY);
  return text;
}

/** Gives an error its place; one that has a place gets the call that it came through. */
function fail(source: Source, error: unknown, offset: number): unknown {
  if (error instanceof MacroReturn) return error;
  if (error instanceof TemplateError) {
    error.addCall(source, offset);
    return error;
  }
  if (error instanceof RuntimeFault)
    return new TemplateError(
      error.code,
      error.message,
      source,
      offset,
      error.hint === undefined ? {} : { hint: error.hint },
    );
  if (error instanceof MillraceError)
    return new TemplateError(error.code, error.message, source, offset, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  if (error instanceof RangeError)
    return new TemplateError('JINJA_LIMIT', `the template needs more than it may: ${error.message}`, source, offset, {
      cause: error,
    });
  const message = error instanceof Error ? error.message : String(error);
  return new TemplateError('JINJA_RUNTIME', message, source, offset, { cause: error });
}
