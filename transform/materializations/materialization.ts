import type { Adapter, Connection, QueryResult } from '../adapters/adapter.js';
import type { NodeContext } from '../compile/node-context.js';
import type { Relation } from '../compile/relation.js';
import type { ManifestNode } from '../manifest/node.js';
import type { Hook, NodeConfig } from '../project/config.js';

/** What a materialization works with: one compiled node, one session, and the macros that a project may override. */
export interface NodeRun {
  readonly node: ManifestNode;
  readonly config: NodeConfig;
  readonly adapter: Adapter;
  readonly connection: Connection;
  /** The compiled SQL. */
  readonly sql: string;
  /** Where the node is built: what `this` names. */
  readonly target: Relation;
  /** `--full-refresh`, unless the node's own config says otherwise. */
  readonly fullRefresh: boolean;
  /** `--store-failures`. */
  readonly storesFailures: boolean;
  /** The context of the node's templates. */
  readonly context: NodeContext;
  /** `{{ this }}` as it is in the database now; null when there is none. */
  existing(): Promise<Relation | null>;
  /** A relation as it is in the database; null when there is none. */
  find(relation: Relation): Promise<Relation | null>;
  /** Sends one text of SQL; it is shown in the log and counted. */
  execute(sql: string): Promise<QueryResult>;
  /** Calls a macro as a template of the node would: the project's own of that name comes first. */
  macro(name: string, args: unknown[], kwargs?: Record<string, unknown>): Promise<unknown>;
  /** A macro's text, trimmed. */
  macroText(name: string, args: unknown[], kwargs?: Record<string, unknown>): Promise<string>;
  /** What the statement named `main` answered, for materializations written as templates. */
  mainResponse(): QueryResult;
  /** Renders a hook in the node's context and sends it. */
  runHooks(hooks: Hook[], insideTransaction: boolean): Promise<void>;
  /** Write, audit, publish: with the config `write_audit_publish` the node's own tests run before the commit, and a failing one undoes everything. */
  audit(): Promise<void>;
  /** Forgets what is known of a relation that was renamed, dropped or made. */
  forgetRelations(): void;
}

/** What a materialization says of its work. */
export interface MaterializationResult {
  /** The statement that did the work. */
  main: QueryResult;
  relation: Relation | null;
}

export type Materialization = (run: NodeRun) => Promise<MaterializationResult>;

export function preHooks(run: NodeRun): Hook[] {
  return (run.config['pre_hook'] ?? []) as unknown as Hook[];
}

export function postHooks(run: NodeRun): Hook[] {
  return (run.config['post_hook'] ?? []) as unknown as Hook[];
}

/**
 * The frame of every materialization: hooks outside, then one transaction with the hooks inside and the work, then the commit and the hooks after it.
 * Transactions with the same `lock` run one after another.
 */
export async function inNodeTransaction(
  run: NodeRun,
  work: () => Promise<MaterializationResult>,
  { lock }: { lock?: string } = {},
): Promise<MaterializationResult> {
  await run.runHooks(preHooks(run), false);
  await run.connection.begin(lock);
  await run.runHooks(preHooks(run), true);
  const result = await work();
  await run.runHooks(postHooks(run), true);
  await run.audit();
  await run.connection.commit();
  run.forgetRelations();
  await run.runHooks(postHooks(run), false);
  return result;
}

/** Grants and comments, once the relation is in its place. */
export async function finishRelation(
  run: NodeRun,
  relation: Relation,
  existed: boolean,
  rebuilt: boolean,
): Promise<void> {
  const grants = run.config['grants'] ?? {};
  if (Object.keys(grants).length > 0) await run.macro('apply_grants', [relation, grants, existed && !rebuilt]);
  const persist = run.config['persist_docs'];
  if (persist && Object.keys(persist).length > 0) await run.macro('persist_docs', [relation, run.node]);
}
