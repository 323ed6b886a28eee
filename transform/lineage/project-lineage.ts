import type { JsonObject } from '../../kernel/json.js';
import type { ManifestNode } from '../manifest/node.js';
import type { Project } from '../project.js';
import { type ColumnLineage, type Input, openLineage, relationKey, type Transformation } from './column-lineage.js';

/** A column that another is made of: of a node or source of the project, or of a relation that the project does not know. */
export interface LineageInput {
  /** null: the relation belongs to no node. */
  uniqueId: string | null;
  relation: string;
  column: string;
  transformation: Transformation;
}

/** Where the columns of one node come from. */
export interface NodeLineage {
  columns: Record<string, LineageInput[]>;
  /** Columns that decide which rows there are. */
  influences: LineageInput[];
  /** What could not be followed, and why; empty when the lineage is whole. */
  gaps: string[];
}

/** What lineage is read from. */
export interface LineageBasis {
  /** Compiled SQL by unique id: of models, snapshots, and whatever else shall have a lineage. */
  compiled: ReadonlyMap<string, string>;
  /** Columns of nodes and sources as they are in the database, by unique id, as far as they are known. */
  columns: ReadonlyMap<string, readonly string[]>;
}

/**
 * Column lineage of a project's nodes, by unique id. Columns that the database does not tell are those that the lineage of the node itself finds:
 * a project that was never built can be followed too, as far as the columns of its sources are known or named.
 */
export async function projectLineage(project: Project, basis: LineageBasis): Promise<Map<string, NodeLineage>> {
  const read = await openLineage();
  const owners = ownersOf(project);
  const found = new Map<string, NodeLineage>();
  const columns = new Map([...basis.columns].map(([id, names]) => [id, [...names]]));
  const known = (relation: string) => columns.get(owners.get(relation) ?? '');
  for (const id of project.graph.order()) {
    const sql = basis.compiled.get(id);
    if (sql === undefined) continue;
    const lineage = read(sql, known);
    if (!columns.has(id) && lineage.gaps.length === 0)
      columns.set(
        id,
        lineage.columns.map(({ name }) => name),
      );
    found.set(id, nodeLineage(id, lineage, owners));
  }
  return found;
}

/** The lineage as the content of `column_lineage.json`, which stands beside dbt's artifacts. */
export function lineageArtifact(lineage: ReadonlyMap<string, NodeLineage>, metadata: JsonObject): JsonObject {
  const inputs = (list: LineageInput[]) =>
    list.map(({ uniqueId, relation, column, transformation }) => ({
      unique_id: uniqueId,
      relation,
      column,
      transformation,
    }));
  const nodes = [...lineage].map(([id, { columns, influences, gaps }]) => [
    id,
    {
      columns: Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, { inputs: inputs(list) }])),
      influences: inputs(influences),
      gaps,
    },
  ]);
  return { metadata, nodes: Object.fromEntries(nodes) };
}

function nodeLineage(id: string, lineage: ColumnLineage, owners: ReadonlyMap<string, string>): NodeLineage {
  // An incremental model may read itself: that is no column's origin.
  const named = (inputs: Input[]): LineageInput[] =>
    inputs
      .map((input) => ({ uniqueId: owners.get(input.relation) ?? null, ...input }))
      .filter(({ uniqueId }) => uniqueId !== id);
  return {
    columns: Object.fromEntries(lineage.columns.map(({ name, inputs }) => [name, named(inputs)])),
    influences: named(lineage.influences),
    gaps: lineage.gaps,
  };
}

/** Who stands behind a relation's name, with and without its database and schema. */
function ownersOf(project: Project): Map<string, string> {
  const owners = new Map<string, string>();
  const add = (id: string, parts: (string | null)[]) => {
    for (let from = 0; from < parts.length; from++) {
      const key = relationKey(parts.slice(from));
      if (!owners.has(key)) owners.set(key, id);
    }
  };
  for (const node of project.manifest.nodes.values())
    if (isRelation(node)) add(node.unique_id, [node.database, node.schema, node.alias]);
  for (const source of project.manifest.sources.values())
    add(source.unique_id, [source.database, source.schema, source.identifier]);
  return owners;
}

function isRelation(node: ManifestNode): boolean {
  return node.relation_name !== null && node.resource_type !== 'test';
}
