import { MillraceError } from '../../../kernel/errors.js';
import type { LiveRun } from '../../decide/live-run.js';
import { database } from '../../store/database.js';
import { loadRuns } from '../../store/loading/load-live.js';
import { reviveRuns } from '../revive.js';
import type { Turn } from '../turn.js';
import type { CommandDeps } from './commands.js';

/** No command changes more runs than this at once. */
const runsMax = 1_000;

/** A run, alive or read from the store. Throws DAG_RUN_NOT_FOUND. Ask inside `alone`. */
export async function findRun(deps: CommandDeps, dagId: string, runId: string): Promise<LiveRun> {
  const alive = deps.live().findRun(dagId, runId);
  if (alive) return alive;
  const [row] = await deps.store.read(
    database.selectFrom('dag_run').select('id').where('dag_id', '=', dagId).where('run_id', '=', runId).compile(),
  );
  const [run] = row ? await readRuns(deps, [row.id]) : [];
  if (!run) throw new MillraceError('DAG_RUN_NOT_FOUND', `${dagId} has no run ${runId}`);
  return run;
}

/** The runs of a DAG before and after one, by logical date, and itself; all of them when none is given. */
export async function findRunsAround(
  deps: CommandDeps,
  dagId: string,
  run: LiveRun | null,
  around: { past: boolean; future: boolean },
): Promise<LiveRun[]> {
  if (run && !around.past && !around.future) return [run];
  const logicalDate = run?.row.logicalDate ?? null;
  if (run && logicalDate === null) {
    throw new MillraceError(
      'REQUEST_INVALID',
      `the run ${run.row.runId} has no logical date, so it has no past or future`,
    );
  }
  let query = database.selectFrom('dag_run').select('id').where('dag_id', '=', dagId);
  if (logicalDate !== null && !around.past) query = query.where('logical_date', '>=', logicalDate);
  if (logicalDate !== null && !around.future) query = query.where('logical_date', '<=', logicalDate);
  const rows = await deps.store.read(
    query
      .orderBy('id')
      .limit(runsMax + 1)
      .compile(),
  );
  if (rows.length > runsMax) {
    throw new MillraceError('REQUEST_INVALID', `more than ${runsMax} runs of ${dagId} are meant`, {
      hint: 'Name a run, or fewer.',
    });
  }
  const { runs } = deps.live();
  const stored = await readRuns(
    deps,
    rows.map((row) => row.id).filter((id) => !runs.has(id)),
  );
  return [...rows.flatMap((row) => runs.get(row.id) ?? []), ...stored].sort((a, b) => a.row.id - b.row.id);
}

/** The run as it now is: what was read may have come alive since. */
export function current(turn: Turn, run: LiveRun): LiveRun {
  return turn.live.runs.get(run.row.id) ?? run;
}

async function readRuns(deps: CommandDeps, ids: number[]): Promise<LiveRun[]> {
  return reviveRuns(deps.store, deps.live(), await loadRuns(deps.store, ids));
}
