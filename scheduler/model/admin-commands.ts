import type { JsonObject } from '../../kernel/json.js';
import type { Instant } from '../../kernel/time.js';
import type { TaskInstanceKey } from './attempt.js';
import type { Requester } from './commands.js';
import type { Connection } from './connection.js';
import type { AssetRef } from './dag.js';

/** What else people and programs ask of the scheduler. Promises behave as those of `SchedulerCommands`. */
export interface AdminCommands {
  /** Answers the question of a task that waits for a person. */
  answerInput(
    key: TaskInstanceKey,
    answer: { chosenOptions: string[]; paramsInput: JsonObject },
    by: Requester,
  ): Promise<void>;
  /** Runs the DAG for past dates. With `dryRun`, only says for which. */
  createBackfill(request: BackfillRequest, by: Requester): Promise<BackfillPlan>;
  setBackfillPaused(backfillId: number, paused: boolean, by: Requester): Promise<void>;
  /** Fails the runs of it that wait; those that run go on. */
  cancelBackfill(backfillId: number, by: Requester): Promise<void>;
  /** Says that an asset was written, by hand. */
  emitAssetEvent(asset: AssetRef, extra: JsonObject, by: Requester): Promise<void>;
  /** Makes a pool or changes it. Rejects with POOL_EXISTS or POOL_NOT_FOUND when the mode says so. */
  setPool(pool: PoolChange, by: Requester, mode?: SetMode): Promise<void>;
  /** Rejects with POOL_NOT_FOUND; the default pool stays. */
  deletePool(name: string, by: Requester): Promise<void>;
  /** Rejects with VARIABLE_EXISTS or VARIABLE_NOT_FOUND when the mode says so. */
  setVariable(variable: VariableChange, by: Requester, mode?: SetMode): Promise<void>;
  deleteVariable(key: string, by: Requester): Promise<void>;
  /** Rejects with CONNECTION_INVALID, CONNECTION_EXISTS or CONNECTION_NOT_FOUND. */
  setConnection(connection: ConnectionChange, by: Requester, mode?: SetMode): Promise<void>;
  deleteConnection(id: string, by: Requester): Promise<void>;
}

export interface BackfillRequest {
  dagId: string;
  /** First and last logical date, both included. */
  from: Instant;
  to: Instant;
  conf: JsonObject;
  runBackwards: boolean;
  /** Which of the runs that exist run again: none, the failed ones, all that are over. */
  reprocess: 'none' | 'failed' | 'completed';
  maxActiveRuns: number;
  dryRun: boolean;
}

export interface BackfillPlan {
  /** null for a dry run. */
  backfillId: number | null;
  /** In the order in which they run; `skipped` says why there will be no run. */
  runs: { logicalDate: Instant; skipped: 'already exists' | 'in flight' | null }[];
}

/** Whether what is set must be new, must be there, or may be either (`upsert`, when left out). */
export type SetMode = 'create' | 'update' | 'upsert';

/** What is left out stays as it is, or gets its default when the thing is new. */
export interface PoolChange {
  name: string;
  /** -1 = without limit. A new pool needs it. */
  slots?: number;
  description?: string | null;
  includeDeferred?: boolean;
}

/** What is left out stays as it is. A value `***` is what a reader was shown: it stays as it is, too. */
export interface VariableChange {
  key: string;
  /** A new variable needs it. */
  value?: string;
  description?: string | null;
}

/** What is left out stays as it is; a new one needs its type. `***`, also within the extra, stands for what is there. */
export type ConnectionChange = { id: string } & Partial<Omit<Connection, 'id'>>;
