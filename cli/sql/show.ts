import { MillraceError } from '../../kernel/errors.js';
import type { QueryResult } from '../../transform/index.js';
import { queryInline, queryNode } from '../../transform/run/inline.js';
import { type SqlOptions, selectionOf } from './options.js';
import { table } from './printer.js';
import { type WarehouseSession, withWarehouse } from './session.js';

export async function showCommand(options: SqlOptions): Promise<number> {
  return withWarehouse('show', options, async (session) => {
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

/** The first rows of the SQL of `--inline`, else of the one node that is selected. */
async function query({ project, adapter, options }: WarehouseSession): Promise<{ name: string; result: QueryResult }> {
  const limit = options.limit === undefined || options.limit < 0 ? null : options.limit;
  if (options.inline !== undefined)
    return { name: 'inline', result: await queryInline(project, adapter, options.inline, limit) };
  const ids = project
    .select({ ...selectionOf(options), indirectSelection: 'empty' })
    .filter((id) => project.manifest.nodes.has(id));
  const node = project.manifest.nodes.get(ids[0] ?? '');
  if (!node || ids.length !== 1)
    throw new MillraceError('SQL_SELECTION_INVALID', `show needs one node; the selection has ${ids.length}`, {
      hint: 'Name it with --select, or give SQL with --inline.',
    });
  return { name: node.name, result: await queryNode(project, adapter, node, limit) };
}
