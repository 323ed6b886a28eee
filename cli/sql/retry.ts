import type { JsonObject } from '../../kernel/json.js';
import { readState, retryOf } from '../../transform/manifest/state.js';
import { type SqlOptions, targetFolder } from './options.js';
import { runSelection } from './run.js';
import { openSession, withWarehouse } from './session.js';

/** Runs what failed or was skipped the last time, with the arguments of that run; of a microbatch model only the batches that failed. */
export async function retryCommand(options: SqlOptions): Promise<number> {
  const quiet = await openSession('retry', { ...options, quiet: true, writeJson: false });
  const { ids, args, batches } = retryOf(readState(options.state ?? targetFolder(quiet.project, options)));
  const which =
    (['build', 'run', 'test', 'seed', 'snapshot'] as const).find((each) => each === args['which']) ?? 'build';
  const again = {
    ...options,
    vars: typeof args['vars'] === 'string' && options.vars === '{}' ? args['vars'] : options.vars,
    fullRefresh: options.fullRefresh ?? args['full_refresh'] === true,
    ...eventTimesOf(options, args),
  };
  return withWarehouse(which, again, async (session) => {
    const known = session.project.graph.order().filter((id) => ids.includes(id));
    return runSelection(session, which, known, batches);
  });
}

/** The interval of the run, for models that it did not come to, unless this command names another. */
function eventTimesOf(options: SqlOptions, args: JsonObject): Pick<SqlOptions, 'eventTimeStart' | 'eventTimeEnd'> {
  const start = options.eventTimeStart ?? args['event_time_start'];
  const end = options.eventTimeEnd ?? args['event_time_end'];
  return {
    ...(typeof start === 'string' ? { eventTimeStart: start } : {}),
    ...(typeof end === 'string' ? { eventTimeEnd: end } : {}),
  };
}
