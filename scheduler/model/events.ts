import type { Instant } from '../../kernel/time.js';
import type { DagRunState, TaskInstanceState } from './states.js';

/**
 * What just became durable. Emitted after the commit, once per transition; logs, live pages, metrics and the audit
 * log listen to it. Listeners never decide anything.
 */
export type SchedulerEvent =
  | {
      kind: 'task_instance';
      at: Instant;
      dagId: string;
      runId: string;
      taskId: string;
      mapIndex: number;
      tryNumber: number;
      from: TaskInstanceState | null;
      to: TaskInstanceState | null;
      reason: string;
    }
  | {
      kind: 'dag_run';
      at: Instant;
      dagId: string;
      runId: string;
      from: DagRunState | null;
      to: DagRunState;
      reason: string;
    }
  | { kind: 'dag'; at: Instant; dagId: string; what: 'imported' | 'paused' | 'unpaused' | 'stale' | 'deleted' }
  | { kind: 'import_errors'; at: Instant }
  | {
      kind: 'progress';
      at: Instant;
      dagId: string;
      runId: string;
      taskId: string;
      mapIndex: number;
      done: number;
      total: number | null;
    }
  | { kind: 'email'; at: Instant; emailId: number };

export interface SchedulerEvents {
  /** Returns the function that stops listening. A listener that throws is reported and kept. */
  listen(listener: (event: SchedulerEvent) => void): () => void;
}
