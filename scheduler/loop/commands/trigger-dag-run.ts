import { MillraceError } from '../../../kernel/errors.js';
import type { Instant } from '../../../kernel/time.js';
import type { Requester, SchedulerCommands } from '../../model/commands.js';
import { type RunType, runTypes } from '../../model/states.js';
import { database } from '../../store/database.js';
import { isUniqueViolation } from '../../store/driver.js';
import { createRun } from '../create-run.js';
import { checkParams } from '../params.js';
import { freeRunId, runIdOf, runIdPattern } from '../run-ids.js';
import type { Turn } from '../turn.js';
import { audit, type CommandDeps, findDag } from './commands.js';

type TriggerRequest = Parameters<SchedulerCommands['triggerDagRun']>[0];

/** Makes a manual run. A paused DAG takes it too; the run waits until the DAG goes on. */
export async function triggerDagRun(
  deps: CommandDeps,
  request: TriggerRequest,
  by: Requester,
): Promise<{ dagId: string; runId: string }> {
  if (request.runId !== null) checkRunId(request.runId);
  const { dagId } = request;
  const runAfter = request.runAfter ?? deps.clock.now();
  const taken = await findTaken(deps, dagId, request, runAfter);
  const make = (turn: Turn) => {
    const dag = findDag(turn, dagId);
    if (dag.isStale) throw new MillraceError('DAG_NOT_FOUND', `no file declares the DAG ${dagId} any more`);
    checkParams(dag.version.dag, request.conf);
    const isTaken = (id: string) => taken.runIds.has(id) || turn.live.findRun(dagId, id) !== undefined;
    const runId = request.runId ?? freeRunId('manual', runAfter, isTaken);
    if (taken.date || isTaken(runId) || isDateTaken(turn, dagId, request.logicalDate)) throw runExists(dagId, runId);
    createRun(turn, dag, {
      runId,
      runType: 'manual',
      logicalDate: request.logicalDate,
      interval:
        request.dataInterval ??
        (request.logicalDate === null ? null : dag.timetable.inferInterval(request.logicalDate)),
      runAfter,
      conf: request.conf,
      triggeredBy: by.via,
      triggeringUser: by.user,
      parent: null,
      backfillId: null,
      note: request.note,
      reason: `${by.user} triggered it`,
    });
    audit(turn, by, 'trigger_dag_run', { dagId, runId, extra: { conf: request.conf } });
    return { dagId, runId };
  };
  try {
    return await deps.request(make);
  } catch (error) {
    // Two that ask for the same at the same moment both find it free: the database lets one of them through.
    throw isUniqueViolation(error) ? runExists(dagId, request.runId ?? 'like this') : error;
  }
}

export function runExists(dagId: string, runId: string): MillraceError {
  return new MillraceError('DAG_RUN_EXISTS', `${dagId} has a run ${runId}, or one of that logical date, already`, {
    hint: 'Choose another run id or logical date, or clear the run that exists.',
  });
}

/** An id of one's own is made of harmless characters, and does not pretend to be of another kind. */
function checkRunId(runId: string): void {
  if (!runIdPattern.test(runId)) {
    throw new MillraceError('RUN_ID_INVALID', `${JSON.stringify(runId)} is no run id`, {
      hint: 'Use letters, digits and _ . ~ : + -.',
    });
  }
  const foreign = runTypes.find((type: RunType) => type !== 'manual' && runId.startsWith(`${type}__`));
  if (foreign) {
    throw new MillraceError('RUN_ID_INVALID', `${runId} begins as the id of a ${foreign} run does`, {
      hint: 'Only the scheduler makes such ids.',
    });
  }
}

/** What of the wish is in the store already: ids that begin as the usual one does, and the logical date. */
async function findTaken(
  deps: CommandDeps,
  dagId: string,
  request: TriggerRequest,
  runAfter: Instant,
): Promise<{ runIds: ReadonlySet<string>; date: boolean }> {
  const wanted = request.runId ?? runIdOf('manual', runAfter);
  const rows = await deps.store.read(
    database
      .selectFrom('dag_run')
      .select(['run_id', 'logical_date'])
      .where('dag_id', '=', dagId)
      .where((e) =>
        e.or([
          e.and([e('run_id', '>=', wanted), e('run_id', '<', `${wanted}a`)]),
          e('logical_date', '=', request.logicalDate ?? Number.MIN_SAFE_INTEGER),
        ]),
      )
      .compile(),
  );
  return {
    runIds: new Set(rows.map((row) => row.run_id)),
    date: request.logicalDate !== null && rows.some((row) => row.logical_date === request.logicalDate),
  };
}

function isDateTaken(turn: Turn, dagId: string, logicalDate: Instant | null): boolean {
  if (logicalDate === null) return false;
  for (const run of findDag(turn, dagId).runs) if (run.row.logicalDate === logicalDate) return true;
  return false;
}
