import { runOperation } from '../../transform/run/operation.js';
import { readVars, type SqlOptions } from './options.js';
import { withWarehouse } from './session.js';

export async function runOperationCommand(macro: string, options: SqlOptions): Promise<number> {
  await withWarehouse('run-operation', options, ({ project, adapter }) =>
    runOperation(project, adapter, macro, readVars(options.args ?? '{}', '--args')),
  );
  return 0;
}
