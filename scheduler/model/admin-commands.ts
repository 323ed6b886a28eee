import type { Json, JsonObject } from '../../kernel/json.js';
import type { Instant } from '../../kernel/time.js';
import type { TaskInstanceKey } from './attempt.js';
import type { Requester } from './commands.js';
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
  /** Makes a pool or changes it. `slots` -1 = without limit. */
  setPool(
    pool: { name: string; slots: number; description: string | null; includeDeferred: boolean },
    by: Requester,
  ): Promise<void>;
  deletePool(name: string, by: Requester): Promise<void>;
  setVariable(variable: { key: string; value: string; description: string | null }, by: Requester): Promise<void>;
  deleteVariable(key: string, by: Requester): Promise<void>;
  setConnection(connection: ConnectionWish, by: Requester): Promise<void>;
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

export interface ConnectionWish {
  id: string;
  type: string;
  description: string | null;
  host: string | null;
  schema: string | null;
  login: string | null;
  port: number | null;
  password: string | null;
  extra: Json;
}
