import type { Clock, Instant } from '../../kernel/time.js';
import type { AdminCommands } from '../model/admin-commands.js';
import type { Executor, ExecutorListener, TaskInstanceKey } from '../model/attempt.js';
import type { SchedulerCommands } from '../model/commands.js';
import type { Deferrals } from '../model/deferral.js';
import type { SchedulerEvents } from '../model/events.js';
import type { StoreDriver } from '../store/driver.js';
import type { Secrets } from '../store/secrets.js';
import type { Vault } from '../store/vault.js';
import type { AttemptSettings } from './attempt-events.js';
import type { RequestSettings } from './attempt-request.js';
import type { Explanation } from './explain.js';
import type { Imports } from './imports.js';

export interface SchedulerSettings extends RequestSettings, AttemptSettings {
  /** How many attempts are handed out at the same time. */
  parallelism: number;
}

export interface SchedulerDeps {
  store: StoreDriver;
  clock: Clock;
  executor: Executor;
  settings: SchedulerSettings;
  newId(): string;
  hostname: string;
  /** Calls back soon, after what has already arrived: `setImmediate`. */
  soon(callback: () => void): void;
  /** Hears of what went wrong and was contained: a listener that threw, a turn that could not commit. */
  report(error: unknown, about: string): void;
  /** Encrypts what is secret in the store. */
  vault: Vault;
  /** Where connections and variables are found; the metadata database alone when left out. */
  secrets?: Secrets;
  /** Compares the kept counts with fresh ones after each turn: for tests and for suspicion. */
  isParanoid?: boolean;
}

export interface SchedulerStatus {
  isHealthy: boolean;
  /** When the last turn ended. */
  lastTurnAt: Instant | null;
  /** How long the last turn took, milliseconds. */
  turnMs: number | null;
  liveRuns: number;
  executing: number;
  /** Why the last commit failed; null when it did not. */
  storeError: string | null;
}

export interface Scheduler {
  /** Rebuilds what is alive from the store, takes up what a crash left, and begins. */
  start(): Promise<void>;
  /** Hands out nothing more, waits for the executor up to `drainMs`, and writes what it has reported. */
  stop(drainMs: number): Promise<void>;
  /** What the executor reports to. */
  listener: ExecutorListener;
  commands: SchedulerCommands & AdminCommands;
  events: SchedulerEvents;
  /** What waits for triggers; the triggerer's side. */
  deferrals: Deferrals;
  /** Takes what became of DAG files. Resolves after the commit. */
  saveImports(imports: Imports): Promise<void>;
  /** Why a task instance is in its state or does not go on. */
  explain(key: TaskInstanceKey): Promise<Explanation>;
  /** Attempts handed out and not reported as over; some may have been told to end. */
  runningAttempts(): RunningAttempt[];
  status(): SchedulerStatus;
  /** Resolves when nothing that has arrived is left to do. */
  idle(): Promise<void>;
}

export interface RunningAttempt extends TaskInstanceKey {
  attemptId: string;
  isEnding: boolean;
}
