import { describeError } from '../../kernel/errors.js';
import { targetVariables } from '../../transform/project/profile.js';
import type { SqlOptions } from './options.js';
import { withWarehouse } from './session.js';

/** Says where the project and its database are, and whether the database answers. */
export async function debugCommand(options: SqlOptions): Promise<number> {
  return withWarehouse('debug', { ...options, writeJson: false }, async ({ project, printer, adapter }) => {
    printer.info(`project: ${project.name} (${project.dir})`);
    for (const [key, value] of Object.entries(targetVariables(project.target)))
      printer.info(`  ${key}: ${String(value)}`);
    try {
      const version = await adapter.withConnection(
        async (connection) => (await connection.query('select version()')).rows[0]?.[0],
      );
      printer.info(`connection: OK (${String(version)})`);
      return 0;
    } catch (error) {
      printer.error(`connection: ERROR\n${describeError(error)}`);
      return 1;
    }
  });
}
