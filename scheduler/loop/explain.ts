import type { JsonObject } from '../../kernel/json.js';
import { type Instant, toIso } from '../../kernel/time.js';
import { hindranceOf } from '../decide/decide-task.js';
import type { LiveRun, LiveTaskInstance } from '../decide/live-run.js';
import type { TaskInstanceKey } from '../model/attempt.js';
import { finishedStates, type TaskInstanceState } from '../model/states.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import { loadRuns } from '../store/loading/load-live.js';
import { requestOf } from './human-answer.js';
import type { LiveState } from './live-state.js';
import { reviveRuns } from './revive.js';
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
  return run && instance ? explainLive(deps, run, instance) : explainStored(deps, key);
}

function explainLive(deps: ExplainDeps, run: LiveRun, instance: LiveTaskInstance): Explanation {
  const { state } = instance;
  if (finishedStates.has(state)) return whyFinished(run, instance);
  if (run.row.state === 'queued') return said(whyRunIsQueued(deps, run));
  switch (state) {
    case null:
      return whyUndecided(deps, run, instance);
    case 'scheduled':
      return said(whyScheduled(deps, instance));
    case 'up_for_retry':
    case 'up_for_reschedule':
      return instance.dueAt !== null && instance.dueAt > deps.now
        ? waitsUntil(instance, instance.dueAt)
        : whyUndecided(deps, run, instance);
    case 'deferred':
      return waitsFor(instance, triggerWords(requestOf(instance)));
    case 'awaiting_input':
      return waitsFor(instance, `it waits for a person: ${requestOf(instance)['subject'] ?? 'a question'}`);
    case 'running':
      return said(instance.lingering ? 'its attempt is being ended' : 'it runs');
    case 'queued':
      return said('a worker has it and is about to begin');
    default:
      return said(`it is restarting: ${instance.reason ?? 'its attempt is being ended'}`);
  }
}

function whyRunIsQueued(deps: ExplainDeps, run: LiveRun): string {
  const dag = deps.live.dags.get(run.dagId);
  const { backfillId, runAfter } = run.row;
  if (!dag || dag.isStale) return `its run is queued: no file declares the DAG ${run.dagId} any more`;
  if (dag.isPaused) return 'its run is queued: the DAG is paused';
  if (runAfter > deps.now) return `its run is queued: it starts at ${toIso(runAfter)}`;
  const count = dag.count('running', backfillId);
  const running = count === 1 ? '1 run is active' : `${count} runs are active`;
  const backfill = backfillId === null ? undefined : deps.live.backfills.get(backfillId);
  if (!backfill) return `its run is queued: ${running}, and max_active_runs is ${dag.maxActiveRuns}`;
  if (backfill.isPaused) return `its run is queued: the backfill ${backfill.id} is paused`;
  return `its run is queued: ${running}, and max_active_runs of the backfill ${backfill.id} is ${backfill.maxActiveRuns}`;
}

/** What ended it, and where that came from upstream. */
function whyFinished(run: LiveRun, instance: LiveTaskInstance): Explanation {
  const { state, reason, error } = instance;
  const own = `${reason ?? `it is ${state}`}${state === 'failed' && error !== null ? `: ${error}` : ''}`;
  if (state === 'upstream_failed') {
    return { summary: own, reasons: [{ text: own }, ...upstreamIn(run, instance, ['failed', 'upstream_failed'])] };
  }
  if (state === 'skipped') return { summary: own, reasons: [{ text: own }, ...upstreamIn(run, instance, ['skipped'])] };
  return said(own);
}

function whyUndecided(deps: ExplainDeps, run: LiveRun, instance: LiveTaskInstance): Explanation {
  const held = heldBy(deps, instance);
  const hindrance = hindranceOf(run, instance, deps.now);
  const waits = upstreamIn(run, instance, null);
  const summary = held ?? hindrance?.reason ?? 'it is about to be scheduled';
  const reasons = held && hindrance ? [{ text: held }, { text: hindrance.reason }] : [{ text: summary }];
  return { summary, reasons: [...reasons, ...waits] };
}

/** The direct upstream task instances in one of the states (null: all that are not over), the first few of them. */
function upstreamIn(
  run: LiveRun,
  instance: LiveTaskInstance,
  states: readonly TaskInstanceState[] | null,
): Explanation['reasons'] {
  const shownMax = 10;
  const found: Explanation['reasons'] = [];
  for (const index of run.plan.tasks[instance.taskIndex]?.upstream ?? []) {
    for (const upper of run.instances[index] ?? []) {
      const { state, mapIndex } = upper;
      const isMeant = states ? state !== null && states.includes(state) : !finishedStates.has(state);
      if (!isMeant || found.length >= shownMax) continue;
      const { taskId } = taskOf(upper);
      const name = mapIndex < 0 ? taskId : `${taskId} [${mapIndex}]`;
      found.push({
        text: `${name} is ${state ?? 'not scheduled yet'}`,
        task: { dagId: run.dagId, runId: run.row.runId, taskId, mapIndex },
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

function waitsUntil({ reason, startedAt }: LiveTaskInstance, dueAt: Instant): Explanation {
  const text = `${reason ?? 'it waits'}: at ${toIso(dueAt)}`;
  return { summary: text, reasons: [{ text, since: startedAt }] };
}

/** Waiting without a worker: for what, and until when. */
function waitsFor({ dueAt, startedAt }: LiveTaskInstance, what: string): Explanation {
  const text = dueAt === null ? what : `${what}; until ${toIso(dueAt)}`;
  return { summary: text, reasons: [{ text, since: startedAt }] };
}

function triggerWords(trigger: JsonObject): string {
  switch (trigger['kind']) {
    case 'at':
      return `it waits until ${toIso(Number(trigger['at']))}`;
    case 'dag_run':
      return `it waits for the run ${trigger['runId']} of ${trigger['dagId']}`;
    case 'object':
    case 'http':
      return `it waits for ${trigger['url']}`;
    case 'sql':
      return `it waits for a query of ${trigger['connection']} to say yes`;
    default:
      return 'it waits for its trigger';
  }
}

/** Of a run that is over: from what the store has kept of it. */
async function explainStored({ store, live }: ExplainDeps, key: TaskInstanceKey): Promise<Explanation> {
  const [row] = await store.read(
    database
      .selectFrom('dag_run')
      .select(['id', 'state', 'reason'])
      .where('dag_id', '=', key.dagId)
      .where('run_id', '=', key.runId)
      .compile(),
  );
  const [run] = row ? await reviveRuns(store, live, await loadRuns(store, [row.id])) : [];
  const taskIndex = run?.plan.indexOf.get(key.taskId);
  const instance = run && taskIndex !== undefined ? run.instance(taskIndex, key.mapIndex) : undefined;
  if (!row || !run || !instance) return said('there is no such task instance');
  if (instance.state !== null) return whyFinished(run, instance);
  return said(`it was never scheduled: its run ended as ${row.state}${row.reason ? ` (${row.reason})` : ''}`);
}

function said(summary: string): Explanation {
  return { summary, reasons: [{ text: summary }] };
}
