import type { JsonObject } from '../../kernel/json.js';
import type { DataInterval, Instant } from '../../kernel/time.js';
import { literalLength } from '../decide/expansion.js';
import { LiveRun, type LiveRunRow } from '../decide/live-run.js';
import { bindingsOf, type TaskPlan } from '../decide/plan.js';
import type { RunType, TriggeredBy } from '../model/states.js';
import { armDeadline } from './deadline.js';
import type { LiveDag } from './live-state.js';
import type { Turn } from './turn.js';

export interface NewRun {
  runId: string;
  runType: RunType;
  logicalDate: Instant | null;
  interval: DataInterval | null;
  runAfter: Instant;
  conf: JsonObject;
  triggeredBy: TriggeredBy;
  triggeringUser: string | null;
  parent: LiveRunRow['parent'];
  backfillId: number | null;
  note: string | null;
  reason: string;
}

/** Makes a run of the DAG's latest version, queued, with a task instance for each of its tasks. */
export function createRun(turn: Turn, dag: LiveDag, wish: NewRun): LiveRun {
  const { version } = dag;
  turn.live.ids.dagRun += 1;
  const { reason, ...given } = wish;
  const row: LiveRunRow = {
    ...given,
    id: turn.live.ids.dagRun,
    state: 'queued',
    queuedAt: turn.now,
    startedAt: null,
    endedAt: null,
    clearNumber: 0,
    deadlineAt: null,
    reason,
  };
  const run = new LiveRun(version.plan, row, false);
  turn.live.versions.set(version.id, version);
  turn.addRun(run, reason);
  for (const plan of version.plan.tasks) {
    if (exists(plan, row)) addInstances(turn, run, plan);
  }
  armDeadline(turn, run, 'queued');
  armDeadline(turn, run, 'logical_date');
  if (row.logicalDate !== null && hasTimes(dag)) dag.takenDates.add(row.logicalDate);
  if (row.runAfter > turn.now) turn.live.at(row.runAfter, { kind: 'dag', dagId: dag.dagId });
  return run;
}

/** Only a DAG that time brings runs of asks which dates are taken. */
function hasTimes(dag: LiveDag): boolean {
  const { kind } = dag.version.dag.schedule;
  return kind !== 'none' && kind !== 'assets';
}

/** A task with dates of its own is part of a run only between them; a backfill asks for it all the same. */
function exists(plan: TaskPlan, row: LiveRunRow): boolean {
  if (row.logicalDate === null || row.runType === 'backfill') return true;
  const { startDate, endDate } = plan.task;
  return (startDate ?? -Infinity) <= row.logicalDate && row.logicalDate <= (endDate ?? Infinity);
}

/** One instance a task; a task that is mapped over literals alone has all of its instances from the start. */
function addInstances(turn: Turn, run: LiveRun, plan: TaskPlan): void {
  const length = literalExpansion(plan);
  if (length === null || length === 0) {
    turn.addInstance(run, plan.index, -1);
    return;
  }
  for (let mapIndex = 0; mapIndex < length; mapIndex++) turn.addInstance(run, plan.index, mapIndex);
}

function literalExpansion(plan: TaskPlan): number | null {
  const { mapping } = plan;
  if (!mapping || mapping.sources.length > 0) return null;
  const lengths = bindingsOf(mapping.spec).map((binding) =>
    'literal' in binding ? literalLength(binding.literal) : null,
  );
  if (lengths.some((length) => length === null)) return null;
  const known = lengths as number[];
  if (mapping.spec.kind === 'product') return known.reduce((a, b) => a * b, 1);
  if (mapping.spec.kind === 'records') return known[0] ?? 0;
  return mapping.spec.longest ? Math.max(0, ...known) : Math.min(...known);
}
