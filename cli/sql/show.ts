import { MillraceError } from '../../kernel/errors.js';
import { queryInline, queryNode } from '../../transform/run/inline.js';
import { type SqlOptions, selectionOf } from './options.js';
import { table } from './printer.js';
import { openSession, withAdapter } from './session.js';

export async function showCommand(options: SqlOptions): Promise<number> {
  const { project, printer } = await openSession('show', options);
  const limit = options.limit === undefined || options.limit < 0 ? null : options.limit;
  const shown = await withAdapter(project, async (adapter) => {
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
  });
  const columns = shown.result.columns.map(({ name }) => name);
  if (options.output === 'json') {
    const rows = shown.result.rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
    process.stdout.write(`${JSON.stringify({ node: shown.name, show: rows }, null, 2)}\n`);
  } else {
    printer.info(`Previewing ${shown.name}:`);
    process.stdout.write(`${table(columns, shown.result.rows)}\n`);
  }
  return 0;
}
