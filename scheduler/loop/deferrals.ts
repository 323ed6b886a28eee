import type { JsonObject } from '../../kernel/json.js';
import type { LiveTaskInstance } from '../decide/live-run.js';
import type { DeferralChange, Deferrals, DeferredTask } from '../model/deferral.js';
import type { SchedulerEvent } from '../model/events.js';
import { type AttemptSettings, fail } from './attempt-events.js';
import type { LiveState } from './live-state.js';
import { schedule } from './settle.js';
import { taskOf } from './task-of.js';
import type { Turn } from './turn.js';

interface DeferralDeps {
  live(): LiveState;
  settings: AttemptSettings;
  request<Result>(apply: (turn: Turn) => Result): Promise<Result>;
  listen(listener: (event: SchedulerEvent) => void): () => void;
}

/** What waits for triggers, as the triggerer sees it. */
export function createDeferrals(deps: DeferralDeps): Deferrals {
  const change = (taskInstanceId: number, attemptId: string, apply: (turn: Turn, instance: LiveTaskInstance) => void) =>
    deps.request((turn) => {
      const instance = turn.live.deferred.get(taskInstanceId);
      if (instance?.attemptId !== attemptId) return false;
      apply(turn, instance);
      return true;
    });
  return {
    waiting: () => [...deps.live().deferred.values()].map(deferredTask),
    listen(listener) {
      const known = new Map([...deps.live().deferred.values()].map((one) => [one.id, one.attemptId ?? '']));
      return deps.listen((event) => {
        if (event.kind !== 'task_instance' || (event.to !== 'deferred' && event.from !== 'deferred')) return;
        for (const one of differences(deps.live(), known)) listener(one);
      });
    },
    fire: (task, event) =>
      change(task.taskInstanceId, task.attemptId, (turn, instance) => {
        instance.eventJson = JSON.stringify(event);
        schedule(turn, instance, 'its trigger has fired');
      }),
    fail: (task, error) =>
      change(task.taskInstanceId, task.attemptId, (turn, instance) =>
        fail(turn, instance, turn.now, error, false, deps.settings),
      ),
  };
}

function differences(live: LiveState, known: Map<number, string>): DeferralChange[] {
  const found: DeferralChange[] = [];
  for (const [taskInstanceId, attemptId] of known) {
    if (live.deferred.get(taskInstanceId)?.attemptId === attemptId) continue;
    known.delete(taskInstanceId);
    found.push({ kind: 'gone', taskInstanceId, attemptId });
  }
  for (const instance of live.deferred.values()) {
    if (known.has(instance.id)) continue;
    known.set(instance.id, instance.attemptId ?? '');
    found.push({ kind: 'deferred', task: deferredTask(instance) });
  }
  return found;
}

function deferredTask(instance: LiveTaskInstance): DeferredTask {
  return {
    dagId: instance.run.dagId,
    runId: instance.run.row.runId,
    taskId: taskOf(instance).taskId,
    mapIndex: instance.mapIndex,
    taskInstanceId: instance.id,
    attemptId: instance.attemptId ?? '',
    trigger: JSON.parse(instance.triggerJson ?? '{}') as JsonObject,
    timeoutAt: instance.dueAt,
  };
}
