import { createHash } from 'node:crypto';
import { readArguments } from './arguments.js';
import { hostFunction } from './callables.js';
import { RuntimeFault } from './errors.js';
import { iterate, tryIterate } from './iterate.js';
import { fromJsonText, toJsonText } from './json-text.js';
import { truthy } from './operators.js';
import { modules } from './python/modules.js';
import { str } from './text.js';
import { MacroReturn, PySet, tuple } from './values.js';
import { fromYamlText, toYamlText } from './yaml-text.js';

export interface LibraryHooks {
  /** What `log(message, info)` and `exceptions.warn` say. */
  log?: (message: string, level: 'debug' | 'info' | 'warn') => void;
  /** What `print(message)` says. */
  print?: (message: string) => void;
  /** The time of `modules.datetime.datetime.now()` and its like, epoch milliseconds. */
  now?: () => number;
}

/** The part of dbt's context that needs no project: to be spread into a context. */
export function library(hooks: LibraryHooks = {}): Record<string, unknown> {
  return {
    ...pure,
    modules: modules(hooks.now ?? (() => Date.now())),
    exceptions: exceptions(hooks),
    log: hostFunction(function log(args, kwargs) {
      const [message, info] = readArguments('log', ['msg', 'info?'], args, kwargs);
      hooks.log?.(str(message), truthy(info) ? 'info' : 'debug');
      return '';
    }),
    print: hostFunction(function print(args, kwargs) {
      const [message] = readArguments('print', ['msg'], args, kwargs);
      hooks.print?.(str(message));
      return '';
    }),
  };
}

/** `exceptions.raise_compiler_error(…)`: a template says that something is wrong. */
class RaisedError extends RuntimeFault {
  constructor(message: string) {
    super(message, 'JINJA_RAISED');
  }
}

const pure = {
  return: hostFunction(function return_(args, kwargs) {
    const [value = null] = readArguments('return', ['data?'], args, kwargs);
    throw new MacroReturn(value);
  }),
  fromjson: hostFunction(function fromjson(args, kwargs) {
    const [text, preset] = readArguments('fromjson', ['string', 'default?'], args, kwargs);
    return fromJsonText(text, preset);
  }),
  tojson: hostFunction(function tojson(args, kwargs) {
    const [value, preset, sortKeys] = readArguments('tojson', ['value', 'default?', 'sort_keys?'], args, kwargs);
    return toJsonText(value, preset, { sortKeys: truthy(sortKeys) });
  }),
  fromyaml: hostFunction(function fromyaml(args, kwargs) {
    const [text, preset] = readArguments('fromyaml', ['value', 'default?'], args, kwargs);
    return fromYamlText(text, preset);
  }),
  toyaml: hostFunction(function toyaml(args, kwargs) {
    const [value, preset] = readArguments('toyaml', ['value', 'default?'], args, kwargs);
    return toYamlText(value, preset);
  }),
  set: hostFunction(function set(args, kwargs) {
    const [value, preset = null] = readArguments('set', ['value?', 'default?'], args, kwargs);
    const items = value === undefined ? [] : tryIterate(value);
    return items ? new PySet(items) : preset;
  }),
  set_strict: hostFunction(function set_strict(args, kwargs) {
    return new PySet(iterate(readArguments('set_strict', ['value'], args, kwargs)[0]));
  }),
  zip: hostFunction(function zip(args, kwargs) {
    const lists = args.map(tryIterate);
    if (lists.some((list) => list === undefined)) return kwargs['default'] ?? null;
    return zipped(lists as unknown[][]);
  }),
  zip_strict: hostFunction(function zip_strict(args) {
    return zipped(args.map(iterate));
  }),
  local_md5: hostFunction(function local_md5(args, kwargs) {
    const [value] = readArguments('local_md5', ['value'], args, kwargs);
    return createHash('md5').update(str(value)).digest('hex');
  }),
  diff_of_two_dicts: hostFunction(function diff_of_two_dicts() {
    throw new RuntimeFault('diff_of_two_dicts() is not available');
  }),
};

function zipped(lists: unknown[][]): unknown[] {
  const length = lists.length === 0 ? 0 : Math.min(...lists.map((list) => list.length));
  return Array.from({ length }, (_, index) => tuple(lists.map((list) => list[index])));
}

const raise = (prefix: string) =>
  hostFunction(function raise(args) {
    throw new RaisedError(prefix + str(args[0]));
  });

function exceptions(hooks: LibraryHooks): Record<string, unknown> {
  const plain = ['raise_compiler_error', 'raise_database_error', 'raise_parsing_error', 'raise_fail_fast_error'];
  return {
    ...Object.fromEntries(plain.map((name) => [name, raise('')])),
    warn: hostFunction(function warn(args) {
      hooks.log?.(str(args[0]), 'warn');
      return '';
    }),
  };
}
