import { readState, retryOf } from '../../transform/manifest/state.js';
import { type SqlOptions, targetFolder } from './options.js';
import { runSelection } from './run.js';
import { openSession, withWarehouse } from './session.js';

/** Runs what failed or was skipped the last time, with the arguments of that run. */
export async function retryCommand(options: SqlOptions): Promise<number> {
  const quiet = await openSession('retry', { ...options, quiet: true, writeJson: false });
  const { ids, args } = retryOf(readState(options.state ?? targetFolder(quiet.project, options)));
  const which =
    (['build', 'run', 'test', 'seed', 'snapshot'] as const).find((each) => each === args['which']) ?? 'build';
  const again = {
    ...options,
    vars: typeof args['vars'] === 'string' && options.vars === '{}' ? args['vars'] : options.vars,
    fullRefresh: options.fullRefresh ?? args['full_refresh'] === true,
  };
  return withWarehouse(which, again, async (session) => {
    const known = session.project.graph.order().filter((id) => ids.includes(id));
    return runSelection(session, which, known);
  });
}
