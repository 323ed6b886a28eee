import type { JsonObject } from '../../kernel/json.js';
import type { Adapter } from '../adapters/adapter.js';
import type { Relation } from '../compile/relation.js';
import type { Project } from '../project.js';
import { artifactMetadata } from './manifest.js';

/** `catalog.json` in dbt's version 1: the columns that the project's relations and sources have in the database now. */
export async function catalogArtifact(project: Project, adapter: Adapter): Promise<JsonObject> {
  const { manifest } = project;
  const built = [...manifest.nodes.values()].filter(
    (node) => node.relation_name !== null && node.resource_type !== 'test',
  );
  const wanted = [
    ...built.map((node) => place(node.unique_id, node.schema, node.alias)),
    ...[...manifest.sources.values()].map((source) => place(source.unique_id, source.schema, source.identifier)),
  ];
  const entries = await adapter.withConnection(async (connection) => {
    const relations = await adapter.listRelations(connection, [...new Set(wanted.map(({ schema }) => schema))]);
    const byName = new Map(relations.map((relation) => [`${relation.schema}.${relation.identifier}`, relation]));
    const found: [string, JsonObject][] = [];
    for (const { uniqueId, schema, identifier } of wanted) {
      const relation = byName.get(`${schema}.${identifier}`);
      if (!relation) continue;
      const columns = await adapter.columnsOf(connection, { database: relation.database, schema, identifier });
      found.push([uniqueId, entry(uniqueId, relation, columns)]);
    }
    return found;
  });
  return {
    metadata: artifactMetadata(project, 'catalog/v1'),
    nodes: Object.fromEntries(entries.filter(([id]) => !id.startsWith('source.'))),
    sources: Object.fromEntries(entries.filter(([id]) => id.startsWith('source.'))),
    errors: null,
  };
}

/** The names of columns that a catalog holds, by unique id. */
export function catalogColumns(catalog: JsonObject): Map<string, string[]> {
  const tables = { ...(catalog['nodes'] as JsonObject), ...(catalog['sources'] as JsonObject) };
  return new Map(
    Object.entries(tables).map(([id, table]) => [id, Object.keys((table as JsonObject)['columns'] ?? {})]),
  );
}

function place(uniqueId: string, schema: string, identifier: string) {
  return { uniqueId, schema, identifier };
}

const typeNames: Record<string, string> = {
  table: 'BASE TABLE',
  view: 'VIEW',
  materialized_view: 'MATERIALIZED VIEW',
  external: 'FOREIGN',
};

function entry(uniqueId: string, relation: Relation, columns: { name: string; dataType: string }[]): JsonObject {
  return {
    metadata: {
      type: typeNames[relation.type ?? 'table'] ?? 'BASE TABLE',
      schema: relation.schema ?? '',
      name: relation.identifier ?? '',
      database: relation.database,
      comment: null,
      owner: null,
    },
    columns: Object.fromEntries(
      columns.map((column, index) => [
        column.name,
        { type: column.dataType, index: index + 1, name: column.name, comment: null },
      ]),
    ),
    stats: {
      has_stats: {
        id: 'has_stats',
        label: 'Has Stats?',
        value: false,
        include: false,
        description: 'Indicates whether there are statistics for this table',
      },
    },
    unique_id: uniqueId,
  };
}
