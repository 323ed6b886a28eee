import { MillraceError } from '../../../kernel/errors.js';
import type { Clock } from '../../../kernel/time.js';
import type { AdminCommands } from '../../model/admin-commands.js';
import type { Requester, SchedulerCommands } from '../../model/commands.js';
import type { StoreDriver } from '../../store/driver.js';
import type { LiveDag, LiveState } from '../live-state.js';
import type { Turn } from '../turn.js';
import { createAdminCommands, type SecretDeps } from './admin.js';
import { clearDagRun, clearTaskInstances } from './clear.js';
import { deleteDag, deleteDagRun } from './delete.js';
import { markTaskInstances } from './mark-task-instances.js';
import { resendEmail } from './resend-email.js';
import { setDagRunState } from './set-dag-run-state.js';
import { setNote } from './set-note.js';
import { setPaused } from './set-paused.js';
import { triggerDagRun } from './trigger-dag-run.js';

export interface CommandDeps {
  store: StoreDriver;
  clock: Clock;
  /** Checks and changes in a turn; resolves with what `apply` returned after the commit, rejects with what it threw. */
  request<Result>(apply: (turn: Turn) => Result): Promise<Result>;
  live(): LiveState;
  /** Runs one after another what must read runs that are not alive and then change them. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** What people and programs may ask of the scheduler. */
export function createCommands(
  given: Omit<CommandDeps, 'alone'>,
  secrets: SecretDeps,
): SchedulerCommands & AdminCommands {
  const deps: CommandDeps = { ...given, alone: createQueue() };
  return {
    ...createAdminCommands(deps, secrets),
    triggerDagRun: (request, by) => triggerDagRun(deps, request, by),
    setPaused: (dagId, paused, by) => setPaused(deps, dagId, paused, by),
    clearTaskInstances: (request, by) => clearTaskInstances(deps, request, by),
    clearDagRun: (request, by) => clearDagRun(deps, request, by),
    markTaskInstances: (request, by) => markTaskInstances(deps, request, by),
    setDagRunState: (dagId, runId, state, by) => setDagRunState(deps, { dagId, runId, state }, by),
    setNote: (target, note, by) => setNote(deps, target, note, by),
    deleteDagRun: (dagId, runId, by) => deleteDagRun(deps, dagId, runId, by),
    deleteDag: (dagId, by) => deleteDag(deps, dagId, by),
    resendEmail: (emailId, by) => resendEmail(deps, emailId, by),
  };
}

/** The DAG of that id. Throws DAG_NOT_FOUND. */
export function findDag(turn: Pick<Turn, 'live'>, dagId: string): LiveDag {
  const dag = turn.live.dags.get(dagId);
  if (!dag)
    throw new MillraceError('DAG_NOT_FOUND', `there is no DAG ${dagId}`, {
      hint: 'The list of DAGs names all that are known.',
    });
  return dag;
}

/** Adds a line to the audit log. */
export function audit(
  turn: Turn,
  by: Requester,
  event: string,
  about: { dagId?: string; runId?: string; taskId?: string; mapIndex?: number; extra?: unknown } = {},
): void {
  turn.log({
    event,
    dag_id: about.dagId ?? null,
    run_id: about.runId ?? null,
    task_id: about.taskId ?? null,
    map_index: about.mapIndex ?? null,
    user: by.user,
    extra: { via: by.via, ...(about.extra === undefined ? {} : { ...(about.extra as object) }) },
  });
}

function createQueue(): CommandDeps['alone'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    // The next one begins whatever became of this one; who asked for this one hears of its failure.
    last = result.catch(() => undefined);
    return result;
  };
}
