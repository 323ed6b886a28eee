import type { JsonObject } from '../../kernel/json.js';
import type { DataInterval, Instant } from '../../kernel/time.js';
import type { DagRunState, TaskInstanceState, TriggeredBy } from './states.js';

/** Who asked, for the audit log. */
export interface Requester {
  user: string;
  via: TriggeredBy;
}

/**
 * What people and programs ask of the scheduler. A promise resolves after the commit; it rejects with a MillraceError
 * (unknown DAG, duplicate run, params that break the schema …) and then nothing has changed.
 */
export interface SchedulerCommands {
  triggerDagRun(
    request: {
      dagId: string;
      /** null = `manual__<run_after>`. */
      runId: string | null;
      logicalDate: Instant | null;
      dataInterval: DataInterval | null;
      runAfter: Instant | null;
      conf: JsonObject;
      note: string | null;
    },
    by: Requester,
  ): Promise<{ dagId: string; runId: string }>;
  setPaused(dagId: string, paused: boolean, by: Requester): Promise<void>;
  /** With `dryRun`, only says what would be cleared. */
  clearTaskInstances(request: ClearRequest, by: Requester): Promise<ClearedTaskInstance[]>;
  clearDagRun(
    request: { dagId: string; runId: string; onlyFailed: boolean; dryRun: boolean },
    by: Requester,
  ): Promise<ClearedTaskInstance[]>;
  markTaskInstances(
    request: {
      dagId: string;
      runId: string;
      taskId: string;
      mapIndex: number | null;
      state: 'success' | 'failed' | 'skipped';
      dryRun: boolean;
      includeUpstream: boolean;
      includeDownstream: boolean;
      includePast: boolean;
      includeFuture: boolean;
    },
    by: Requester,
  ): Promise<ClearedTaskInstance[]>;
  setDagRunState(
    dagId: string,
    runId: string,
    state: Extract<DagRunState, 'queued' | 'success' | 'failed'>,
    by: Requester,
  ): Promise<void>;
  setNote(
    target: { dagId: string; runId: string; taskId?: string; mapIndex?: number },
    note: string | null,
    by: Requester,
  ): Promise<void>;
  deleteDagRun(dagId: string, runId: string, by: Requester): Promise<void>;
  deleteDag(dagId: string, by: Requester): Promise<void>;
  /** Sends an e-mail of the outbox again at once. */
  resendEmail(emailId: number, by: Requester): Promise<void>;
}

export interface ClearRequest {
  dagId: string;
  /** null = every run that the other fields select. */
  runId: string | null;
  taskIds: string[];
  /** null = every map index of the tasks. */
  mapIndexes: number[] | null;
  onlyFailed: boolean;
  onlyRunning: boolean;
  includeUpstream: boolean;
  includeDownstream: boolean;
  includePast: boolean;
  includeFuture: boolean;
  resetDagRuns: boolean;
  runOnLatestVersion: boolean;
  dryRun: boolean;
}

export interface ClearedTaskInstance {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  state: TaskInstanceState | null;
}
