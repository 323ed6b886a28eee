import type { ManifestExposure, ManifestNode, ManifestSource, ManifestUnitTest } from './manifest/node.js';
import type { ProjectNode } from './model.js';

/** A node as the rest of Millrace sees it. */
export function toProjectNode(node: ManifestNode | ManifestSource | ManifestExposure | ManifestUnitTest): ProjectNode {
  const model = node as ManifestNode;
  const severity = node.config['severity'];
  return {
    uniqueId: node.unique_id,
    resourceType: node.resource_type,
    name: 'source_name' in node ? `${node.source_name}.${node.name}` : node.name,
    packageName: node.package_name,
    originalFilePath: node.original_file_path,
    fqn: node.fqn,
    materialized: typeof node.config['materialized'] === 'string' ? node.config['materialized'] : node.resource_type,
    schema: 'schema' in node ? node.schema : '',
    alias: 'source_name' in node ? node.identifier : (model.alias ?? node.name),
    tags: Array.isArray(node.config['tags']) ? (node.config['tags'] as string[]) : [],
    description: node.description,
    dependsOn: 'source_name' in node ? [] : node.depends_on.nodes,
    attachedNode:
      node.resource_type === 'unit_test' ? (node.depends_on.nodes[0] ?? null) : (model.attached_node ?? null),
    columnName: model.column_name ?? null,
    severity: severity === 'WARN' ? 'warn' : severity === 'ERROR' ? 'error' : null,
  };
}
