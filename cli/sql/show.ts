import { MillraceError } from '../../kernel/errors.js';
import { catalogArtifact } from '../../transform/artifacts/catalog.js';
import type { QueryResult } from '../../transform/index.js';
import type { ManifestNode } from '../../transform/manifest/node.js';
import { queryInline, queryNode } from '../../transform/run/inline.js';
import { compileNodes, lineageOf, selectsOf } from './lineage.js';
import { type SqlOptions, selectionOf } from './options.js';
import { table } from './printer.js';
import { type WarehouseSession, withWarehouse } from './session.js';

export async function showCommand(options: SqlOptions): Promise<number> {
  return withWarehouse('show', options, async (session) => {
    if (options.lineage) return showLineage(session);
    const { name, result } = await query(session);
    const columns = result.columns.map((column) => column.name);
    if (options.output === 'json') {
      const rows = result.rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
      process.stdout.write(`${JSON.stringify({ node: name, show: rows }, null, 2)}\n`);
    } else {
      session.printer.info(`Previewing ${name}:`);
      process.stdout.write(`${table(columns, result.rows)}\n`);
    }
    return 0;
  });
}

/** Where the columns of the one selected node come from. */
async function showLineage(session: WarehouseSession): Promise<number> {
  const { project, printer, options } = session;
  const node = selectedNode(session);
  const needed = new Set([node.unique_id, ...project.graph.ancestors([node.unique_id])]);
  const ids = selectsOf(session).filter((id) => needed.has(id));
  const catalog = await catalogArtifact(project, session.adapter);
  const lineage = (await lineageOf(session, await compileNodes(session, ids), catalog)).get(node.unique_id);
  if (!lineage)
    throw new MillraceError(
      'SQL_SELECTION_INVALID',
      `${node.unique_id} is made by no SELECT: it has no lineage of columns`,
    );
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify({ node: node.name, ...lineage }, null, 2)}\n`);
    return 0;
  }
  const rows = Object.entries(lineage.columns).flatMap(([column, inputs]) =>
    (inputs.length > 0 ? inputs : [null]).map((input, index) => [
      index === 0 ? column : '',
      input ? (input.uniqueId ?? input.relation) : '',
      input?.column ?? '',
      input?.transformation ?? '',
    ]),
  );
  process.stdout.write(`${table(['column', 'from', 'its column', 'how'], rows)}\n`);
  for (const gap of lineage.gaps) printer.warn(`Not followed: ${gap}`);
  return 0;
}

/** The first rows of the SQL of `--inline`, else of the one node that is selected. */
async function query(session: WarehouseSession): Promise<{ name: string; result: QueryResult }> {
  const { project, adapter, options } = session;
  const limit = options.limit === undefined || options.limit < 0 ? null : options.limit;
  if (options.inline !== undefined)
    return { name: 'inline', result: await queryInline(project, adapter, options.inline, limit) };
  const node = selectedNode(session);
  return { name: node.name, result: await queryNode(project, adapter, node, limit) };
}

function selectedNode({ project, options }: WarehouseSession): ManifestNode {
  const ids = project
    .select({ ...selectionOf(options), indirectSelection: 'empty' })
    .filter((id) => project.manifest.nodes.has(id));
  const node = project.manifest.nodes.get(ids[0] ?? '');
  if (node && ids.length === 1) return node;
  throw new MillraceError('SQL_SELECTION_INVALID', `show needs one node; the selection has ${ids.length}`, {
    hint: 'Name it with --select, or give SQL with --inline.',
  });
}
