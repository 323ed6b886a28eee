import { MillraceError } from '../../../kernel/errors.js';
import type { LiveRun } from '../../decide/live-run.js';
import type { BackfillPlan, BackfillRequest } from '../../model/admin-commands.js';
import type { Requester } from '../../model/commands.js';
import type { DagRunState } from '../../model/states.js';
import { database } from '../../store/database.js';
import { isUniqueViolation } from '../../store/driver.js';
import { loadRuns } from '../../store/loading/load-live.js';
import {
  insertBackfill,
  insertBackfillRun,
  setBackfillCompleted,
  setBackfillPaused as storePaused,
} from '../../store/transitions/write-backfill.js';
import type { NextRun } from '../../timetable/timetable.js';
import { clearInstances, reopenRun } from '../clear-instances.js';
import { createRun } from '../create-run.js';
import type { LiveDag } from '../live-state.js';
import { reviveRuns } from '../revive.js';
import { freeRunId } from '../run-ids.js';
import type { Turn } from '../turn.js';
import { audit, type CommandDeps, findDag } from './commands.js';
import { current } from './find-runs.js';

/** No backfill has more runs than this. */
const backfillRunsMax = 1_000;

interface Item {
  tick: NextRun;
  /** What a new run is called: the usual id, unless a run of another date that was due at that time has it. */
  runId: string;
  existing: LiveRun | null;
  skipped: BackfillPlan['runs'][number]['skipped'];
}

/** Makes the runs of past dates that are missing, or all of them again. One backfill of a DAG at a time. */
export function createBackfill(deps: CommandDeps, request: BackfillRequest, by: Requester): Promise<BackfillPlan> {
  return deps.alone(async () => {
    const dag = findDag({ live: deps.live() }, request.dagId);
    checkRequest(dag, request, deps.clock.now());
    const items = await plan(deps, dag, request);
    const runs = items.map(({ tick, skipped }) => ({ logicalDate: tick.logicalDate, skipped }));
    if (request.dryRun) return { backfillId: null, runs };
    try {
      const backfillId = await deps.request((turn) => begin(turn, request, items, by));
      return { backfillId, runs };
    } catch (error) {
      throw isUniqueViolation(error) ? invalid('a run of these dates was made at this very moment: ask again') : error;
    }
  });
}

function begin(turn: Turn, request: BackfillRequest, items: Item[], by: Requester): number {
  const dag = findDag(turn, request.dagId);
  const active = [...turn.live.backfills.values()].find((one) => one.dagId === dag.dagId);
  if (active) {
    throw new MillraceError('BACKFILL_ACTIVE', `the backfill ${active.id} of ${dag.dagId} is not over`, {
      hint: 'Cancel it, or wait for its end.',
    });
  }
  turn.live.ids.backfill += 1;
  const backfill = {
    id: turn.live.ids.backfill,
    dagId: dag.dagId,
    isPaused: false,
    maxActiveRuns: request.maxActiveRuns,
    firstRunId: null as number | null,
    ordinals: new Map<number, number>(),
  };
  turn.live.backfills.set(backfill.id, backfill);
  turn.write(
    insertBackfill({
      id: backfill.id,
      dag_id: dag.dagId,
      from_date: request.from,
      to_date: request.to,
      dag_run_conf_json: JSON.stringify(request.conf),
      is_paused: 0,
      run_backwards: request.runBackwards ? 1 : 0,
      reprocess_behavior: request.reprocess,
      max_active_runs: request.maxActiveRuns,
      created_at: turn.now,
    }),
  );
  items.forEach((item, at) => {
    const run = item.skipped ? null : runFor(turn, dag, item, request, backfill, at + 1);
    if (run) backfill.firstRunId ??= run.row.id;
    turn.lastly(
      insertBackfillRun({
        backfill_id: backfill.id,
        sort_ordinal: at + 1,
        dag_run_id: run?.row.id ?? null,
        logical_date: item.tick.logicalDate,
        exception_reason: item.skipped,
      }),
    );
  });
  audit(turn, by, 'create_backfill', { dagId: dag.dagId, extra: { backfill_id: backfill.id, runs: items.length } });
  if (items.every((item) => item.skipped)) {
    turn.live.backfills.delete(backfill.id);
    turn.lastly(setBackfillCompleted(backfill.id, turn.now));
  }
  return backfill.id;
}

/** A new run, or the existing one, cleared and made part of the backfill. */
function runFor(
  turn: Turn,
  dag: LiveDag,
  item: Item,
  request: BackfillRequest,
  backfill: { id: number; ordinals: Map<number, number> },
  ordinal: number,
): LiveRun {
  const { tick } = item;
  if (item.existing) {
    const run = current(turn, item.existing);
    run.row.runType = 'backfill';
    run.row.backfillId = backfill.id;
    run.row.conf = request.conf;
    backfill.ordinals.set(run.row.id, ordinal);
    clearInstances(turn, run, run.instances.flat(), `the backfill ${backfill.id} runs it again`);
    reopenRun(turn, run, `the backfill ${backfill.id} runs it again`);
    return run;
  }
  const nextId = turn.live.ids.dagRun + 1;
  backfill.ordinals.set(nextId, ordinal);
  return createRun(turn, dag, {
    runId: item.runId,
    runType: 'backfill',
    logicalDate: tick.logicalDate,
    interval: tick.interval,
    runAfter: tick.runAfter,
    conf: request.conf,
    triggeredBy: 'backfill',
    triggeringUser: null,
    parent: null,
    backfillId: backfill.id,
    note: null,
    reason: `the backfill ${backfill.id} asked for it`,
  });
}

async function plan(deps: CommandDeps, dag: LiveDag, request: BackfillRequest): Promise<Item[]> {
  const ticks = dag.timetable.between(request.from, request.to, deps.clock.now(), backfillRunsMax + 1);
  if (ticks.length === 0) throw invalid('no run of the DAG lies between these dates');
  if (ticks.length > backfillRunsMax) throw invalid(`more than ${backfillRunsMax} runs lie between these dates`);
  if (request.runBackwards) ticks.reverse();
  const rows = await deps.store.read(
    database
      .selectFrom('dag_run')
      .select(['id', 'logical_date', 'state'])
      .where('dag_id', '=', dag.dagId)
      .where('logical_date', '>=', request.from)
      .where('logical_date', '<=', request.to)
      .compile(),
  );
  const byDate = new Map(rows.map((row) => [row.logical_date, row]));
  const takenIds = await loadRunIds(deps, dag.dagId, ticks);
  const again = rows.filter((row) => skipReason(row.state, request) === null).map((row) => row.id);
  const revived = new Map(
    (await reviveRuns(deps.store, deps.live(), await loadRuns(deps.store, again))).map((run) => [run.row.id, run]),
  );
  return ticks.map((tick) => {
    const row = byDate.get(tick.logicalDate);
    const runId = freeRunId('backfill', tick.runAfter, (id) => takenIds.has(id));
    if (!row) return { tick, runId, existing: null, skipped: null };
    return { tick, runId, existing: revived.get(row.id) ?? null, skipped: skipReason(row.state, request) };
  });
}

/** The ids of the runs that were due when the ticks are. */
async function loadRunIds(deps: CommandDeps, dagId: string, ticks: NextRun[]): Promise<ReadonlySet<string>> {
  const dueAt = ticks.map((tick) => tick.runAfter);
  const rows = await deps.store.read(
    database
      .selectFrom('dag_run')
      .select('run_id')
      .where('dag_id', '=', dagId)
      .where('run_after', '>=', Math.min(...dueAt))
      .where('run_after', '<=', Math.max(...dueAt))
      .compile(),
  );
  return new Set(rows.map((row) => row.run_id));
}

function skipReason(state: DagRunState, request: BackfillRequest): Item['skipped'] {
  if (state === 'queued' || state === 'running') return 'in flight';
  if (request.reprocess === 'completed') return null;
  return request.reprocess === 'failed' && state === 'failed' ? null : 'already exists';
}

function checkRequest(dag: LiveDag, request: BackfillRequest, now: number): void {
  const { schedule, tasks } = dag.version.dag;
  const looksBack = tasks.some((task) => task.dependsOnPast || task.waitForDownstream);
  if (!['cron', 'every', 'asset_or_time'].includes(schedule.kind))
    throw invalid(`${dag.dagId} has no schedule of times`);
  if (request.from > request.to) throw invalid('the first date lies after the last');
  if (request.from > now) throw invalid('the dates lie in the future');
  if (request.maxActiveRuns < 1) throw invalid('max_active_runs must be at least 1');
  if (looksBack && request.runBackwards) throw invalid('a task depends on the past, so it cannot run backwards');
  if (looksBack && request.reprocess === 'none') {
    throw invalid(
      'a task depends on the past, so the runs that exist must be part of it: reprocess failed or completed',
    );
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('BACKFILL_INVALID', message);
}

export function setBackfillPaused(
  deps: CommandDeps,
  backfillId: number,
  paused: boolean,
  by: Requester,
): Promise<void> {
  return deps.request((turn) => {
    const backfill = findBackfill(turn, backfillId);
    backfill.isPaused = paused;
    turn.write(storePaused(backfillId, paused));
    turn.touchedDags.add(backfill.dagId);
    audit(turn, by, paused ? 'pause_backfill' : 'unpause_backfill', {
      dagId: backfill.dagId,
      extra: { backfill_id: backfillId },
    });
  });
}

/** Fails what of a backfill waits; what runs goes on, and belongs to it no longer only when it is over. */
export function cancelBackfill(deps: CommandDeps, backfillId: number, by: Requester): Promise<void> {
  return deps.request((turn) => {
    const backfill = findBackfill(turn, backfillId);
    for (const run of [...(turn.live.dags.get(backfill.dagId)?.runs ?? [])]) {
      if (run.row.backfillId !== backfillId || run.row.state !== 'queued') continue;
      turn.moveRun(run, 'failed', `${by.user} cancelled the backfill`, { endedAt: turn.now });
      turn.live.removeRun(run);
    }
    turn.live.backfills.delete(backfillId);
    turn.write(setBackfillCompleted(backfillId, turn.now));
    audit(turn, by, 'cancel_backfill', { dagId: backfill.dagId, extra: { backfill_id: backfillId } });
  });
}

function findBackfill(turn: Turn, backfillId: number) {
  const backfill = turn.live.backfills.get(backfillId);
  if (backfill) return backfill;
  throw new MillraceError('BACKFILL_NOT_FOUND', `there is no backfill ${backfillId} under way`);
}
