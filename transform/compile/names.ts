import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { Arguments, Keywords } from '../jinja/index.js';
import { readArguments } from '../jinja/index.js';
import type { RefCall } from '../manifest/node.js';

/** The arguments of `ref`: a name, or package and name, and a version. */
export function readRef(args: Arguments, kwargs: Keywords): RefCall {
  const { version, v, ...others } = kwargs;
  if (
    args.length === 0 ||
    args.length > 2 ||
    Object.keys(others).length > 0 ||
    !args.every((arg) => typeof arg === 'string')
  )
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `ref() takes a name, or a package and a name, as texts; got ${args.length} arguments`,
    );
  const [first, second] = args as [string, string | undefined];
  return {
    name: second ?? first,
    package: second === undefined ? null : first,
    version: ((version ?? v) as Json | undefined) ?? null,
  };
}

export function readSourceCall(args: Arguments, kwargs: Keywords): [string, string] {
  const [source, table] = readArguments('source', ['source_name', 'table_name'], args, kwargs);
  return [String(source), String(table)];
}

/** `ref('a')` as a person wrote it. */
export function describeRef(ref: RefCall): string {
  const parts = [ref.package, ref.name].filter((part) => part !== null).map((part) => `'${part}'`);
  return `ref(${parts.join(', ')}${ref.version === null ? '' : `, v=${String(ref.version)}`})`;
}

/** `model bank.stg_customers (models/staging/stg_customers.sql)` */
export function describeNode(node: { resource_type: string; name: string; original_file_path: string }): string {
  return `${node.resource_type} '${node.name}' (${node.original_file_path})`;
}
