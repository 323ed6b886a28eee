import type { Adapter } from '../adapters/adapter.js';
import type { Relation } from '../compile/relation.js';
import { internalPackage } from '../manifest/macros.js';
import type { ManifestNode } from '../manifest/node.js';
import type { NodeResult } from '../model.js';
import { hasTemplate } from '../project/render.js';
import type { Project } from '../project.js';

/**
 * `--batch-tests`: not_null and accepted_values tests of one relation in one scan. A test that passes there has passed; one that does not is run
 * by itself, so that its result (count, sample, SQL) is the same as without batches. Only tests whose config is the default take part.
 */
export class TestBatches {
  readonly #project: Project;
  readonly #adapter: Adapter;
  readonly #deferred: Map<string, Relation> | undefined;
  readonly #groups = new Map<string, ManifestNode[]>();
  readonly #answers = new Map<string, Promise<Map<string, NodeResult>>>();

  constructor(project: Project, adapter: Adapter, ids: string[], deferred: Map<string, Relation> | undefined) {
    this.#project = project;
    this.#adapter = adapter;
    this.#deferred = deferred;
    for (const id of ids) {
      const node = project.manifest.nodes.get(id);
      const [parent] = node?.depends_on.nodes ?? [];
      if (node && parent && isBatchable(project, node))
        this.#groups.set(parent, [...(this.#groups.get(parent) ?? []), node]);
    }
  }

  /** The result of a test that passed with the others of its relation; undefined when it must be run by itself. */
  async passed(id: string): Promise<NodeResult | undefined> {
    const [parent = ''] = this.#project.manifest.nodes.get(id)?.depends_on.nodes ?? [];
    const group = this.#groups.get(parent);
    if (!group || group.length < 2 || !group.some((node) => node.unique_id === id)) return undefined;
    let answers = this.#answers.get(parent);
    if (!answers) {
      answers = this.#scan(parent, group);
      this.#answers.set(parent, answers);
    }
    return (await answers).get(id);
  }

  async #scan(parent: string, group: ManifestNode[]): Promise<Map<string, NodeResult>> {
    const relation = this.#relationOf(parent);
    const sql = `select ${group.map(failureCount).join(',\n  ')}\nfrom ${relation}`;
    const started = performance.now();
    try {
      const { rows } = await this.#adapter.withConnection((connection) => connection.query(sql));
      const ms = performance.now() - started;
      const counts = rows[0] ?? [];
      return new Map(
        group.flatMap((node, index): [string, NodeResult][] =>
          Number(counts[index]) === 0 ? [[node.unique_id, passResult(node, sql, ms / group.length)]] : [],
        ),
      );
    } catch {
      // One of the tests cannot be run on this relation: each says by itself what is wrong.
      return new Map();
    }
  }

  #relationOf(id: string): string {
    const { manifest } = this.#project;
    const node = manifest.nodes.get(id);
    const source = manifest.sources.get(id);
    if (node) return (this.#deferred?.get(id) ?? this.#project.relationOf(node)).render();
    return source ? this.#project.sourceRelation(source).render() : id;
  }
}

/** The engine's own test, with one relation, plain arguments, and nothing in its config that changes what is counted or kept. */
function isBatchable(project: Project, node: ManifestNode): boolean {
  const { config, test_metadata: test, depends_on: dependsOn } = node;
  if (!test || test.namespace !== null || dependsOn.nodes.length !== 1) return false;
  if (test.name !== 'not_null' && test.name !== 'accepted_values') return false;
  if (project.registry.find(`test_${test.name}`, node.package_name)?.packageName !== internalPackage) return false;
  const parent = project.manifest.nodes.get(dependsOn.nodes[0] ?? '');
  if (parent?.config['materialized'] === 'ephemeral' || JSON.stringify(test.kwargs).length > kwargsCharsMax)
    return false;
  if (hasTemplate(JSON.stringify({ ...test.kwargs, model: '' }))) return false;
  const storing =
    (config['store_failures'] ?? project.flags.storeFailures) === true || config['store_failures_as'] !== null;
  const isDefault = config['fail_calc'] === 'count(*)' && config['warn_if'] === '!= 0' && config['error_if'] === '!= 0';
  return isDefault && !storing && config['where'] === null && config['limit'] === null;
}

const kwargsCharsMax = 10_000;

/** What the test counts: rows without a value, or distinct values that are not accepted. */
function failureCount(node: ManifestNode): string {
  const { name, kwargs } = node.test_metadata as NonNullable<ManifestNode['test_metadata']>;
  const column = String(kwargs['column_name']);
  if (name === 'not_null') return `count(*) filter (where ${column} is null)`;
  // As in dbt's test, whoever writes a value with a quote doubles it.
  const values = (Array.isArray(kwargs['values']) ? kwargs['values'] : []).map((value) =>
    kwargs['quote'] === false ? String(value) : `'${value}'`,
  );
  return `count(distinct ${column}) filter (where ${column} not in (${values.join(', ')}))`;
}

function passResult(node: ManifestNode, sql: string, ms: number): NodeResult {
  return {
    uniqueId: node.unique_id,
    status: 'pass',
    message: 'no failing rows',
    compiledSql: sql,
    statements: [{ sql, rowsAffected: 1, ms }],
    relation: null,
    rowsAffected: null,
    failures: 0,
    sample: null,
    failingRowsSql: null,
    compileMs: 0,
    executeMs: ms,
    adapterResponse: { _message: 'SELECT 1', code: 'SELECT', rows_affected: 1 },
  };
}
