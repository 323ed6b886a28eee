import type { Instant } from '../../kernel/time.js';
import { hindranceOf } from '../decide/decide-task.js';
import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import type { TaskInstanceKey } from '../model/attempt.js';
import { finishedStates, type TaskInstanceState } from '../model/states.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import type { LiveState } from './live-state.js';
import { heldBy } from './settle.js';
import { taskOf } from './task-of.js';

/** Why a task instance is in its state, or does not go on: sentences, the most important first. */
export interface Explanation {
  summary: string;
  reasons: { text: string; task?: TaskInstanceKey; since?: Instant | null }[];
}

interface ExplainDeps {
  store: StoreDriver;
  live: LiveState;
  now: Instant;
}

/** Says why a task instance does not run, from the very functions that decide it. */
export async function explain(deps: ExplainDeps, key: TaskInstanceKey): Promise<Explanation> {
  const run = deps.live.findRun(key.dagId, key.runId);
  const taskIndex = run?.plan.indexOf.get(key.taskId);
  const instance = run && taskIndex !== undefined ? run.instance(taskIndex, key.mapIndex) : undefined;
  return run && instance ? explainLive(deps, run, instance) : explainStored(deps.store, key);
}

function explainLive(deps: ExplainDeps, run: LiveRun, instance: LiveTaskInstance): Explanation {
  const { state } = instance;
  if (finishedStates.has(state)) return said(instance.reason ?? `it is ${state}`);
  if (run.row.state === 'queued') return said(whyRunIsQueued(deps, run));
  switch (state) {
    case null:
      return whyUndecided(deps, run, instance);
    case 'scheduled':
      return said(whyScheduled(deps, instance));
    case 'up_for_retry':
    case 'up_for_reschedule':
      return waitsUntil(instance, deps.now);
    case 'running':
      return said(instance.lingering ? 'its attempt is being ended' : 'it runs');
    case 'queued':
      return said('a worker has it and is about to begin');
    default:
      return said(instance.reason ?? `it is ${state}`);
  }
}

function whyRunIsQueued(deps: ExplainDeps, run: LiveRun): string {
  const dag = deps.live.dags.get(run.dagId);
  if (!dag || dag.isStale) return `its run is queued: no file declares the DAG ${run.dagId} any more`;
  if (dag.isPaused) return 'its run is queued: the DAG is paused';
  if (run.row.runAfter > deps.now) return `its run is queued: it starts at ${new Date(run.row.runAfter).toISOString()}`;
  const running = dag.count('running', run.row.backfillId);
  return `its run is queued: ${running} runs are active, and max_active_runs is ${dag.maxActiveRuns}`;
}

function whyUndecided(deps: ExplainDeps, run: LiveRun, instance: LiveTaskInstance): Explanation {
  const held = heldBy(deps, instance);
  const hindrance = hindranceOf(run, instance, deps.now);
  const waits = unfinishedUpstream(run, instance);
  const summary = held ?? hindrance?.reason ?? 'it is about to be scheduled';
  const reasons = held && hindrance ? [{ text: held }, { text: hindrance.reason }] : [{ text: summary }];
  return { summary, reasons: [...reasons, ...waits] };
}

/** The direct upstream task instances that are not over, the first few of them. */
function unfinishedUpstream(run: LiveRun, instance: LiveTaskInstance): Explanation['reasons'] {
  const shownMax = 10;
  const found: Explanation['reasons'] = [];
  for (const index of run.plan.tasks[instance.taskIndex]?.upstream ?? []) {
    for (const upper of run.instances[index] ?? []) {
      if (finishedStates.has(upper.state) || found.length >= shownMax) continue;
      const { taskId } = taskOf(upper);
      const name = upper.mapIndex < 0 ? taskId : `${taskId} [${upper.mapIndex}]`;
      found.push({
        text: `${name} is ${upper.state ?? 'not scheduled yet'}`,
        task: { dagId: run.dagId, runId: run.row.runId, taskId, mapIndex: upper.mapIndex },
        since: upper.startedAt ?? upper.queuedAt ?? upper.scheduledAt,
      });
    }
  }
  return found;
}

function whyScheduled(deps: ExplainDeps, instance: LiveTaskInstance): string {
  const { board } = deps.live;
  const limit = board.hindrance(instance, (one) => heldBy(deps, one));
  if (limit) return `it waits for a slot: ${limit}`;
  return `it waits for a worker: ${Math.min(board.executing, board.parallelism)} of ${board.parallelism} are busy`;
}

function waitsUntil(instance: LiveTaskInstance, now: Instant): Explanation {
  const { dueAt } = instance;
  const text = instance.reason ?? 'it waits';
  if (dueAt === null || dueAt <= now) return said(text);
  return { summary: text, reasons: [{ text: `${text}, at ${new Date(dueAt).toISOString()}`, since: dueAt }] };
}

async function explainStored(store: StoreDriver, key: TaskInstanceKey): Promise<Explanation> {
  const [row] = await store.read(
    database
      .selectFrom('task_instance as ti')
      .innerJoin('dag_run as run', 'run.id', 'ti.dag_run_id')
      .select(['ti.state', 'ti.reason', 'run.state as run_state', 'run.reason as run_reason'])
      .where('run.dag_id', '=', key.dagId)
      .where('run.run_id', '=', key.runId)
      .where('ti.task_id', '=', key.taskId)
      .where('ti.map_index', '=', key.mapIndex)
      .compile(),
  );
  if (!row) return said('there is no such task instance');
  const own = row.reason ?? spell(row.state);
  if (row.state !== null) return said(own);
  return said(
    `it was never scheduled: its run ended as ${row.run_state}${row.run_reason ? ` (${row.run_reason})` : ''}`,
  );
}

function spell(state: TaskInstanceState | null): string {
  return `it is ${state ?? 'not scheduled yet'}`;
}

function said(summary: string): Explanation {
  return { summary, reasons: [{ text: summary }] };
}
