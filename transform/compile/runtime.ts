import type { Adapter, Connection, QueryResult } from '../adapters/adapter.js';
import { adapterResponse } from '../adapters/adapter.js';
import type { ManifestNode } from '../manifest/node.js';
import type { NodeResult } from '../model.js';
import type { Project } from '../project.js';
import { Relation, suffixes } from './relation.js';
import { ResultTable } from './result-table.js';

/** One session at work for one node: sends SQL, keeps what was sent, and what is known of relations. Shared by all templates of the node. */
export class Runtime {
  readonly project: Project;
  readonly adapter: Adapter;
  readonly connection: Connection;
  readonly statements: NodeResult['statements'] = [];
  readonly results = new Map<string, { response: Record<string, unknown>; data: unknown[][]; table: ResultTable }>();
  /** Compiled text of ephemeral models, by unique id. */
  readonly ephemeral = new Map<string, string>();
  readonly fullRefresh: boolean;
  /** Relations to read instead of those of the project, by unique id: `--defer`. */
  readonly deferred: Map<string, Relation>;
  readonly #onStatement: ((sql: string) => void) | undefined;
  readonly #relations = new Map<string, Relation | null>();
  readonly #schemas = new Set<string>();

  constructor(options: {
    project: Project;
    adapter: Adapter;
    connection: Connection;
    fullRefresh?: boolean | undefined;
    deferred?: Map<string, Relation> | undefined;
    onStatement?: ((sql: string) => void) | undefined;
  }) {
    this.project = options.project;
    this.adapter = options.adapter;
    this.connection = options.connection;
    this.fullRefresh = options.fullRefresh ?? options.project.flags.fullRefresh;
    this.deferred = options.deferred ?? new Map();
    this.#onStatement = options.onStatement;
  }

  /** Sends SQL as it is, with the time it took kept beside it. */
  async execute(sql: string): Promise<QueryResult> {
    this.#onStatement?.(sql);
    const started = performance.now();
    const statement: NodeResult['statements'][number] = { sql, rowsAffected: null, ms: 0 };
    this.statements.push(statement);
    try {
      const result = await this.connection.query(sql);
      statement.rowsAffected = result.rowsAffected;
      return result;
    } finally {
      statement.ms = performance.now() - started;
    }
  }

  /** What is in the database under that name; null when nothing is. Asked once per node, until something changes it. */
  async relation(database: string | null, schema: string, identifier: string): Promise<Relation | null> {
    const known = this.#relations.get(`${schema}.${identifier}`);
    if (known !== undefined) return known;
    await this.#lookUp(database, schema, [identifier]);
    return this.#relations.get(`${schema}.${identifier}`) ?? null;
  }

  /** One look at the catalog for all of the identifiers. */
  async #lookUp(database: string | null, schema: string, identifiers: string[]): Promise<void> {
    const { schemaExists, types } = await this.adapter.lookup(this.connection, { database, schema }, identifiers);
    if (schemaExists) this.#schemas.add(schema);
    for (const identifier of identifiers) {
      const type = types.get(identifier);
      const found = type && new Relation({ database: database ?? this.adapter.database, schema, identifier, type });
      this.#relations.set(`${schema}.${identifier}`, found ?? null);
    }
  }

  forgetRelations(): void {
    this.#relations.clear();
  }

  /**
   * Makes the node's schema when it is missing. Two sessions may do so at once: the loser's error means that it is there. What building the node
   * will ask for is looked up on the way.
   */
  async ensureSchema(node: Pick<ManifestNode, 'schema' | 'database' | 'alias'>): Promise<void> {
    await this.#lookUp(node.database, node.schema, [node.alias, ...besides(node.alias)]);
    if (this.#schemas.has(node.schema)) return;
    const name = new Relation({ schema: node.schema }).render();
    try {
      await this.execute(`create schema if not exists ${name}`);
    } catch (error) {
      const { schemaExists } = await this.adapter.lookup(this.connection, node, []);
      if (!schemaExists) throw error;
    }
    this.#schemas.add(node.schema);
  }

  /** Keeps a result under a name for `load_result`. */
  store(name: string, response: unknown, table: unknown): void {
    const rows = table instanceof ResultTable ? table : new ResultTable([], []);
    const shown =
      response !== null && typeof response === 'object'
        ? (response as Record<string, unknown>)
        : { _message: String(response ?? '') };
    this.results.set(name, { response: shown, data: rows.rows.map((row) => row.values), table: rows });
  }

  response(result: QueryResult): Record<string, unknown> {
    return { ...adapterResponse(result) };
  }
}

/** The names that a relation has while it is built. */
function besides(alias: string): string[] {
  const relation = new Relation({ identifier: alias });
  return Object.values(suffixes).map((suffix) => relation.suffixed(suffix).identifier ?? '');
}
