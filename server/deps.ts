import type { Json, JsonObject } from '../kernel/json.js';
import type { SecretMasker } from '../kernel/secret-masker.js';
import type { Clock, Instant } from '../kernel/time.js';
import type { AdminCommands } from '../scheduler/model/admin-commands.js';
import type { TaskInstanceKey } from '../scheduler/model/attempt.js';
import type { Requester, SchedulerCommands } from '../scheduler/model/commands.js';
import type { Connection } from '../scheduler/model/connection.js';
import type { SchedulerEvents } from '../scheduler/model/events.js';
import type { StoreDriver } from '../scheduler/store/driver.js';
import type { Secrets } from '../scheduler/store/secrets.js';
import type { CdcStatus } from '../sources/cdc/status.js';

/** Everything that the web server needs from who starts it. It opens nothing by itself and listens on nothing. */
export interface AppDeps {
  /** Read by the pages; written only through the session transitions. */
  store: StoreDriver;
  commands: SchedulerCommands & AdminCommands;
  events: SchedulerEvents;
  /** Why a task instance is in its state or does not go on, in sentences. */
  explain(key: TaskInstanceKey): Promise<Explanation>;
  clock: Clock;
  settings: AppSettings;
  /** 256 bits of randomness as base64url. */
  newSecret(): string;
  platform(): PlatformStatus;
  /** The warehouse, opened on first use; null when there is none. */
  warehouse(): Promise<WarehouseReader | null>;
  /** Loads a quarantined object again with the next load. Rejects when the key is not in quarantine. */
  releaseQuarantine(key: string, by: Requester): Promise<void>;
  /** Connections and variables, with what is secret in them: shown only after the masker. */
  secrets: Secrets;
  /** Puts `***` where a known secret stands. */
  masker: SecretMasker;
  /** Tries to reach the system of a connection. Never rejects: the message says what was met. */
  testConnection(connection: Connection): Promise<{ status: boolean; message: string }>;
  /** Absolute path of the log file of one try. */
  logPath(place: LogPlace): string;
  /** Hears of every error that a client is not told the whole of. */
  report(error: unknown, about: string): void;
}

export interface AppSettings {
  version: string;
  /** Where the server is reached, for links and commands to copy: `http://localhost:8080`. */
  baseUrl: string;
  /** The password of the user `admin`; kept in a file of mode 0600 by who starts the server. */
  adminPassword: string;
  /** Folders of dashboards (Markdown with SQL). */
  dashboardFolders: string[];
}

/** Sentences, the most important first, with the place that each speaks of when there is one. */
export interface Explanation {
  /** The verdict in one sentence: `Waits for load (running for 12 s)`. */
  summary: string;
  reasons: { text: string; task?: TaskInstanceKey; since?: Instant | null }[];
}

export interface LogPlace {
  dagId: string;
  /** Row id of the run in the store. */
  dagRunId: number;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
}

/** A read-only view of the warehouse. `query` runs in a read-only transaction with a timeout. */
export interface WarehouseReader {
  query(sql: string, values?: unknown[]): Promise<QueryResult>;
}

export interface QueryResult {
  columns: { name: string; type: ColumnType }[];
  /** Numerics as text, times as ISO text, json as JSON text: as the database writes them. */
  rows: (string | number | boolean | null)[][];
}

export type ColumnType = 'number' | 'text' | 'time' | 'boolean' | 'json';

/** What runs where, as the supervisor knows it. Everything that is not there is null. */
export interface PlatformStatus {
  startedAt: Instant;
  scheduler: {
    healthy: boolean;
    /** Why the metadata database cannot be written at the moment; null while it can. */
    storeError: string | null;
    /** When the loop last finished a turn or found nothing to do. */
    lastTurnAt: Instant | null;
    turnMs: number | null;
  };
  executor: { slots: number; busy: number };
  cdc: CdcStatus | null;
  generator: { running: boolean; roundsTotal: number; lastRoundAt: Instant | null; error: string | null } | null;
  warehouse: { kind: 'embedded' | 'external'; address: string; healthy: boolean; error: string | null } | null;
  objectStore: { url: string; healthy: boolean; error: string | null } | null;
  mail: { url: string | null };
  /** Size of the metadata database, bytes. */
  storeBytes: number | null;
  /** Further gauges for /metrics. */
  metrics?: { name: string; help: string; type: 'gauge' | 'counter'; value: number }[];
}

/** A JSON object as the store keeps it. */
export function parseObject(text: string | null | undefined): JsonObject {
  const value = text ? (JSON.parse(text) as Json) : null;
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}
