import type { JsonObject } from '../../kernel/json.js';
import type { Instant } from '../../kernel/time.js';
import type { LiveTaskInstance } from '../decide/live-run.js';
import { retryDelayMs } from '../decide/retry-delay.js';
import type { AttemptEffects, AttemptError, AttemptEvent, AttemptOutcome } from '../model/attempt.js';
import { requestRetryCallback } from './callbacks.js';
import { applyEffects, refusalOf } from './effects.js';
import { failFast } from './fail-fast.js';
import { notifyOfFailure } from './failure-email.js';
import { timedOutAnswer } from './human-answer.js';
import { triggeredRunId } from './run-ids.js';
import { schedule } from './settle.js';
import { taskOf } from './task-of.js';
import type { Turn } from './turn.js';

/** How often an attempt that was lost through no fault of its task is started again before the task fails. */
export const lostCountMax = 3;

export interface AttemptSettings {
  xcomBytesMax: number;
  /** The base of links in e-mails; null = no links. */
  baseUrl: string | null;
}

/** Applies what an executor says of an attempt. A report of an attempt that is no longer the current one is dropped. */
export function onAttemptEvent(turn: Turn, event: AttemptEvent, settings: AttemptSettings): void {
  const instance = turn.live.attempts.get(event.attemptId);
  if (!instance) return;
  if (event.kind === 'finished' || event.kind === 'lost') {
    turn.endedAttempts.push(event.attemptId);
    if (instance.lingering === event.attemptId) {
      instance.lingering = null;
      turn.live.board.settled(instance);
    }
  }
  if (instance.attemptId !== event.attemptId) return;
  switch (event.kind) {
    case 'started':
      onStarted(turn, instance, event);
      return;
    case 'progress':
      onProgress(turn, instance, event);
      return;
    case 'finished':
      onFinished(turn, instance, event, settings);
      return;
    case 'lost':
      onLost(turn, instance, event, settings);
      return;
  }
}

function onStarted(turn: Turn, instance: LiveTaskInstance, event: Extract<AttemptEvent, { kind: 'started' }>): void {
  if (instance.state !== 'queued') return;
  turn.move(instance, 'running', 'it runs', {
    startedAt: instance.firstStartedAt ?? event.at,
    firstStartedAt: instance.firstStartedAt ?? event.at,
    pid: event.pid,
    hostname: event.hostname,
  });
}

function onProgress(turn: Turn, instance: LiveTaskInstance, event: Extract<AttemptEvent, { kind: 'progress' }>): void {
  turn.events.push({
    kind: 'progress',
    at: turn.now,
    dagId: instance.run.dagId,
    runId: instance.run.row.runId,
    taskId: taskOf(instance).taskId,
    mapIndex: instance.mapIndex,
    done: event.done,
    total: event.total,
  });
}

function onFinished(
  turn: Turn,
  instance: LiveTaskInstance,
  event: Extract<AttemptEvent, { kind: 'finished' }>,
  settings: AttemptSettings,
): void {
  const { state } = instance;
  if (state === 'restarting') {
    restart(turn, instance);
    return;
  }
  if (state !== 'queued' && state !== 'running') return;
  const refusal = refusalOf(turn, instance, event.outcome, event.effects, settings);
  const outcome: AttemptOutcome = refusal ?? event.outcome;
  if (event.effects.renderedMapIndex !== undefined) instance.renderedMapIndex = event.effects.renderedMapIndex;
  // The outcome is applied first: a skip that the effects bring finds the state of its branch settled.
  applyOutcome(turn, instance, event.at, outcome, settings);
  if (!refusal) applyEffects(turn, instance, outcome, event.effects);
}

function applyOutcome(
  turn: Turn,
  instance: LiveTaskInstance,
  at: Instant,
  outcome: AttemptOutcome,
  settings: AttemptSettings,
): void {
  const began = { startedAt: instance.startedAt ?? at, firstStartedAt: instance.firstStartedAt ?? at };
  switch (outcome.state) {
    case 'success':
      turn.move(instance, 'success', 'it succeeded', { ...began, endedAt: at, lostCount: 0, eventJson: null });
      return;
    case 'skipped':
      turn.move(instance, 'skipped', outcome.reason, { ...began, endedAt: at });
      return;
    case 'failed':
      fail(turn, instance, at, outcome.error, outcome.final, settings);
      return;
    case 'up_for_reschedule':
      turn.move(instance, 'up_for_reschedule', 'it waits for its next poke', { ...began, dueAt: outcome.at });
      turn.live.at(outcome.at, { kind: 'task_instance', instance });
      return;
    case 'deferred':
    case 'awaiting_input': {
      const waits = outcome.state === 'deferred' ? namedTrigger(instance, outcome.trigger) : outcome.request;
      const reason = outcome.state === 'deferred' ? 'it waits for its trigger' : 'it waits for an answer';
      turn.move(instance, outcome.state, reason, {
        ...began,
        dueAt: outcome.timeoutAt,
        triggerJson: JSON.stringify(waits),
        eventJson: null,
      });
      if (outcome.timeoutAt !== null) turn.live.at(outcome.timeoutAt, { kind: 'task_instance', instance });
    }
  }
}

/** A wait for the run that this very task triggers names that run. */
function namedTrigger(instance: LiveTaskInstance, trigger: JsonObject): JsonObject {
  const { kind, runId, dagId } = trigger;
  if (kind !== 'dag_run' || typeof runId === 'string' || typeof dagId !== 'string') return trigger;
  return { ...trigger, runId: triggeredRunId(instance, dagId) };
}

/** A try that failed: another follows while there are any left. */
export function fail(
  turn: Turn,
  instance: LiveTaskInstance,
  at: Instant,
  error: AttemptError,
  final: boolean,
  settings: AttemptSettings,
): void {
  const task = taskOf(instance);
  const { run, tryNumber, maxTries } = instance;
  const line = `${error.type}: ${error.message}`;
  const change = { startedAt: instance.startedAt ?? at, endedAt: at, error: line, triggerJson: null };
  if (!final && maxTries > 0 && tryNumber <= maxTries) {
    const delayMs = retryDelayMs(task, { dagId: run.dagId, logicalDate: run.row.logicalDate, tryNumber });
    const dueAt = at + delayMs;
    turn.move(
      instance,
      'up_for_retry',
      `try ${tryNumber} of ${maxTries + 1} failed, the next is due in ${delayMs / 1_000} s`,
      {
        ...change,
        dueAt,
      },
    );
    turn.live.at(dueAt, { kind: 'task_instance', instance });
    requestRetryCallback(turn, instance);
    if (task.emailOnRetry) notifyOfFailure(turn, instance, 'retry', settings);
    return;
  }
  turn.move(instance, 'failed', final ? 'it failed for good' : 'its last try failed', { ...change, dueAt: null });
  if (task.emailOnFailure) notifyOfFailure(turn, instance, 'failure', settings);
  if (run.plan.dag.failFast) failFast(turn, run, instance);
}

/** An attempt that ended without a report. Through no fault of the task, it is started again without charge. */
function onLost(
  turn: Turn,
  instance: LiveTaskInstance,
  event: Extract<AttemptEvent, { kind: 'lost' }>,
  settings: AttemptSettings,
): void {
  if (instance.state === 'restarting') {
    restart(turn, instance);
    return;
  }
  if (instance.state !== 'queued' && instance.state !== 'running') return;
  if (!event.uncharged) {
    fail(turn, instance, event.at, event.error, false, settings);
    return;
  }
  requeueLost(turn, instance, event.at, event.error, settings);
}

/** Starts a lost attempt again, uncharged; the third time in a row it is taken for poison and fails. */
export function requeueLost(
  turn: Turn,
  instance: LiveTaskInstance,
  at: Instant,
  error: AttemptError,
  settings: AttemptSettings,
): void {
  const lostCount = turn.isStopping ? instance.lostCount : instance.lostCount + 1;
  if (lostCount > lostCountMax) {
    instance.lostCount = lostCount;
    const poison = {
      ...error,
      message: `${error.message}; lost ${lostCount} times in a row, so it is not tried again`,
    };
    fail(turn, instance, at, poison, true, settings);
    return;
  }
  const counted = turn.isStopping ? 'uncharged' : `uncharged (${lostCount} of ${lostCountMax})`;
  turn.move(instance, 'scheduled', `${error.message}: started again, ${counted}`, {
    lostCount,
    attemptId: null,
    queuedAt: null,
    startedAt: null,
    pid: null,
    hostname: null,
    scheduledAt: turn.now,
  });
}

/** The attempt of a cleared task instance is over: the next one may begin. */
function restart(turn: Turn, instance: LiveTaskInstance): void {
  instance.endedAt = turn.now;
  turn.keepHistory(instance);
  turn.move(instance, null, 'it was cleared while it ran', { endedAt: null, attemptId: null });
  turn.touch(instance.run, instance.taskIndex, instance);
}

/** A timer of the instance is due: the end of a retry delay, the next poke, the end of patience with a trigger. */
export function onInstanceDue(turn: Turn, instance: LiveTaskInstance, settings: AttemptSettings): void {
  if (instance.dueAt === null || instance.dueAt > turn.now) return;
  if (turn.live.runs.get(instance.run.row.id) !== instance.run) return;
  switch (instance.state) {
    case 'up_for_retry':
    case 'up_for_reschedule':
      turn.touch(instance.run, instance.taskIndex, instance);
      return;
    case 'deferred':
      fail(turn, instance, turn.now, deferralTimeout, false, settings);
      return;
    case 'awaiting_input':
      instance.eventJson = JSON.stringify(timedOutAnswer(instance, turn.now));
      schedule(turn, instance, 'nobody answered in time');
      return;
    default:
      return;
  }
}

const deferralTimeout: AttemptError = {
  type: 'TaskDeferralTimeout',
  message: 'its trigger did not fire in time',
  stack: null,
};

export const noEffects: AttemptEffects = {
  xcoms: [],
  emails: [],
  triggers: [],
  assetEvents: [],
  skip: null,
  rendered: {},
  details: {},
};
