import type { Json, JsonObject } from '../../kernel/json.js';
import type { Instant } from '../../kernel/time.js';
import type { AttemptError, TaskInstanceKey } from './attempt.js';

/** A task instance that has given its worker back until its trigger fires. */
export interface DeferredTask extends TaskInstanceKey {
  taskInstanceId: number;
  /** The attempt that deferred: fences what the triggerer says. */
  attemptId: string;
  /** What it waits for: `{ kind: 'at' | 'object' | 'dag_run' | 'http' | 'sql', … }`. The run of a `dag_run` is always named. */
  trigger: JsonObject;
  /** When the scheduler fails it, if nothing has happened by then. */
  timeoutAt: Instant | null;
}

export type DeferralChange =
  | { kind: 'deferred'; task: DeferredTask }
  /** It waits no longer: it was resumed, timed out, was cleared or marked. */
  | { kind: 'gone'; taskInstanceId: number; attemptId: string };

/** What the triggerer works on. Changes come after the commit. */
export interface Deferrals {
  /** All that wait now; those that a crash left included. */
  waiting(): DeferredTask[];
  /** Returns the function that stops listening. */
  listen(listener: (change: DeferralChange) => void): () => void;
  /** The trigger has fired: the task goes on with the event. Resolves after the commit; false when it waits no longer. */
  fire(task: Pick<DeferredTask, 'taskInstanceId' | 'attemptId'>, event: Json): Promise<boolean>;
  /** The trigger cannot fire any more: the try fails with that. False when it waits no longer. */
  fail(task: Pick<DeferredTask, 'taskInstanceId' | 'attemptId'>, error: AttemptError): Promise<boolean>;
}
