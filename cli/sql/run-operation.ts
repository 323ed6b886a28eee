import { runOperation } from '../../transform/run/operation.js';
import { readVars, type SqlOptions } from './options.js';
import { openSession, withAdapter } from './session.js';

export async function runOperationCommand(macro: string, options: SqlOptions): Promise<number> {
  const { project } = await openSession('run-operation', options);
  await withAdapter(project, (adapter) =>
    runOperation(project, adapter, macro, readVars(options.args ?? '{}', '--args')),
  );
  return 0;
}
