import { MillraceError } from '../../kernel/errors.js';
import { type Callable, HostObject, hostFunction, readArguments, toHost, tuple } from '../jinja/index.js';
import type { ManifestNode } from '../manifest/node.js';
import { assertContract, columnConstraints, modelConstraints } from './contract.js';
import { applyGrants } from './grants.js';
import { type Column, quoteIdentifier, Relation } from './relation.js';
import { ResultTable } from './result-table.js';
import type { Runtime } from './runtime.js';
import type { NodeScope } from './scope.js';

/** `adapter` in templates that are executed. Methods that ask the database are awaited by the engine. */
export class AdapterObject extends HostObject {
  readonly runtime: Runtime;
  readonly scope: NodeScope;
  readonly node: ManifestNode;

  constructor(runtime: Runtime, scope: NodeScope, node: ManifestNode) {
    super();
    this.runtime = runtime;
    this.scope = scope;
    this.node = node;
  }

  getAttribute(name: string): unknown {
    if (name === 'dispatch') return this.scope.macros.dispatch;
    const method = methods[name];
    return method && hostFunction((args, kwargs, run) => method(this, args, kwargs, run));
  }

  override toString(): string {
    return `<adapter ${this.runtime.adapter.type}>`;
  }
}

type Method = (
  self: AdapterObject,
  args: unknown[],
  kwargs: Record<string, unknown>,
  run: Parameters<Callable['call']>[0],
) => unknown;

/** Calls a macro of the project in the middle of a template, with the limits of its rendering. */
const macroMethod =
  (name: string): Method =>
  (self, args, kwargs, run) => {
    const macro = self.scope.macro(name);
    if (!macro) throw new MillraceError('SQL_REFERENCE_UNKNOWN', `there is no macro "${name}"`);
    self.runtime.forgetRelations();
    return macro.call(run, args, kwargs);
  };

const nothing: Method = () => '';

const methods: Record<string, Method> = {
  type: (self) => self.runtime.adapter.type,
  quote: (_self, args) => quoteIdentifier(String(args[0])),
  quote_as_configured: (self, args) => {
    const quoting = self.runtime.project.root.file.quoting as Record<string, boolean>;
    return (quoting[String(args[1])] ?? true) ? quoteIdentifier(String(args[0])) : String(args[0]);
  },
  quote_seed_column: (_self, args) => (args[1] === false ? String(args[0]) : quoteIdentifier(String(args[0]))),
  execute: async (self, args, kwargs) => {
    const [sql, , fetch] = readArguments('adapter.execute', ['sql', 'auto_begin?', 'fetch?', 'limit?'], args, kwargs);
    const result = await self.runtime.execute(String(sql));
    return tuple([self.runtime.response(result), fetch ? ResultTable.of(result) : new ResultTable([], [])]);
  },
  get_relation: (self, args, kwargs) => {
    const [database, schema, identifier] = readArguments(
      'adapter.get_relation',
      ['database', 'schema', 'identifier'],
      args,
      kwargs,
    );
    return self.runtime.relation(text(database), String(schema), String(identifier));
  },
  load_relation: (self, args) => lookup(self, args[0]),
  get_columns_in_relation: (self, args, kwargs) => columnsOf(self, args[0] ?? kwargs['relation']),
  get_column_schema_from_query: (self, args) =>
    self.runtime.adapter.columnsOfQuery(self.runtime.connection, String(args[0])),
  get_missing_columns: async (self, args, kwargs) => {
    const [from, to] = readArguments('adapter.get_missing_columns', ['from_relation', 'to_relation'], args, kwargs);
    const known = new Set((await columnsOf(self, to)).map((column) => column.name));
    return (await columnsOf(self, from)).filter((column) => !known.has(column.name));
  },
  expand_target_column_types: async (self, args, kwargs) => {
    const [from, to] = readArguments(
      'adapter.expand_target_column_types',
      ['from_relation', 'to_relation'],
      args,
      kwargs,
    );
    const current = await columnsOf(self, to);
    for (const column of await columnsOf(self, from))
      if (current.find((each) => each.name === column.name)?.canExpandTo(column))
        await self.runtime.execute(`alter table ${String(to)} alter column ${column.quoted} type ${column.dataType}`);
    return '';
  },
  already_exists: async (self, args) => (await self.runtime.relation(null, String(args[0]), String(args[1]))) !== null,
  check_schema_exists: async (self, args, kwargs) => {
    const [database, schema] = readArguments('adapter.check_schema_exists', ['database', 'schema'], args, kwargs);
    return (
      await self.runtime.adapter.lookup(
        self.runtime.connection,
        { database: text(database), schema: String(schema) },
        [],
      )
    ).schemaExists;
  },
  list_schemas: async (self) =>
    (await self.runtime.execute('select distinct schema_name from information_schema.schemata order by 1')).rows.map(
      ([name]) => name,
    ),
  list_relations: listRelations,
  list_relations_without_caching: listRelations,
  create_schema: macroMethod('create_schema'),
  drop_schema: macroMethod('drop_schema'),
  drop_relation: macroMethod('drop_relation'),
  rename_relation: macroMethod('rename_relation'),
  truncate_relation: macroMethod('truncate_relation'),
  commit: async (self) => {
    await self.runtime.connection.commit();
    return '';
  },
  commit_if_open: async (self) => {
    await self.runtime.connection.commit();
    return '';
  },
  verify_database: (_self, args) => String(args[0]),
  cache_added: nothing,
  cache_dropped: nothing,
  cache_renamed: nothing,
  valid_snapshot_target: nothing,
  supports: () => false,
  render_raw_columns_constraints: (self) => columnConstraints(self.node),
  render_raw_model_constraints: (self) => modelConstraints(self.node),
  assert_columns_equivalent: async (self, args) => {
    await assertContract(self.runtime, self.node, String(args[0]));
    return '';
  },
  apply_grants: async (self, args) => {
    const [relation, grants, revokes] = args;
    await applyGrants(self, relation as Relation, toHost(grants) as Record<string, unknown>, revokes !== false);
    return '';
  },
  standardize_grants_dict: (_self, args) => {
    const grants = new Map<string, unknown[]>();
    const table = args[0];
    for (const row of table instanceof ResultTable ? table.rows : []) {
      const privilege = String(row.getItem('privilege_type'));
      grants.set(privilege, [...(grants.get(privilege) ?? []), row.getItem('grantee')]);
    }
    return grants;
  },
};

async function listRelations(
  self: AdapterObject,
  args: unknown[],
  kwargs: Record<string, unknown>,
): Promise<Relation[]> {
  const schema = args[0] instanceof Relation ? args[0].schema : (args[1] ?? kwargs['schema'] ?? args[0]);
  return self.runtime.adapter.listRelations(self.runtime.connection, [String(schema)]);
}

function columnsOf(self: AdapterObject, relation: unknown): Promise<Column[]> {
  if (!(relation instanceof Relation))
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `a relation is needed to ask for its columns; got ${relation === null ? 'none' : String(relation)}`,
    );
  const schema = relation.includePolicy.schema ? (relation.schema ?? '') : '';
  return self.runtime.adapter.columnsOf(self.runtime.connection, {
    database: relation.database,
    schema,
    identifier: relation.identifier ?? '',
  });
}

function lookup(self: AdapterObject, relation: unknown): Promise<Relation | null> {
  const { database, schema, identifier } = relation as Relation;
  return self.runtime.relation(database, schema ?? '', identifier ?? '');
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
