import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { fromIso, type Instant } from '../../kernel/time.js';

/** Thrown by a handler: the task is skipped, and not tried again. */
export class SkipTask extends Error {
  override readonly name = 'SkipTask';
}

/** Thrown by a handler: the task fails, and no retry will help. */
export class FailTask extends Error {
  override readonly name = 'FailTask';
}

/** What a deferred task waits for. Data, so that one process can wait for very many. */
export type Trigger =
  | { kind: 'at'; at: Instant }
  | { kind: 'object'; url: string; pollSeconds: number }
  /** `runId` null: the run that this task itself triggered. */
  | { kind: 'dag_run'; dagId: string; runId: string | null; states: string[]; pollSeconds: number }
  | {
      kind: 'http';
      url: string;
      method: string;
      headers: Record<string, string>;
      expect: number[];
      pollSeconds: number;
    }
  | { kind: 'sql'; connection: string; sql: string; parameters: Json[]; pollSeconds: number };

/** Seconds between two looks of a trigger that has to look. */
const pollSeconds = 30;

/** What a deferred task can wait for. */
export const trigger = {
  /** A time: ISO text with a zone, or a Date. */
  at: (at: string | Date): Trigger => ({ kind: 'at', at: instantOf(at) }),
  /** Seconds from now. */
  after: (seconds: number): Trigger => ({ kind: 'at', at: Date.now() + seconds * 1000 }),
  /** An object that matches, such as `s3://bucket/prefix/*.json`. */
  object: (of: { url: string; pollInterval?: number }): Trigger => ({
    kind: 'object',
    url: of.url,
    pollSeconds: of.pollInterval ?? pollSeconds,
  }),
  /** A run that reaches one of the states; by default any final one. */
  dagRun: (of: { dagId: string; runId: string; states?: string[]; pollInterval?: number }): Trigger => ({
    kind: 'dag_run',
    dagId: of.dagId,
    runId: of.runId,
    states: of.states ?? ['success', 'failed'],
    pollSeconds: of.pollInterval ?? pollSeconds,
  }),
  /** A URL that answers with an expected status; by default any 2xx. */
  http: (of: {
    url: string;
    method?: string;
    headers?: Record<string, string>;
    expect?: number[];
    pollInterval?: number;
  }): Trigger => ({
    kind: 'http',
    url: of.url,
    method: of.method ?? 'GET',
    headers: of.headers ?? {},
    expect: of.expect ?? [],
    pollSeconds: of.pollInterval ?? pollSeconds,
  }),
  /** A query whose first cell is true. */
  sql: (of: { sql: string; connection?: string; parameters?: Json[]; pollInterval?: number }): Trigger => ({
    kind: 'sql',
    connection: of.connection ?? 'warehouse',
    sql: of.sql,
    parameters: of.parameters ?? [],
    pollSeconds: of.pollInterval ?? pollSeconds,
  }),
};

/** Returned by a handler: the worker is given back, and the handler called again with the event when the trigger fires. */
export class Deferral {
  readonly trigger: JsonObject;
  /** Seconds after which the task fails; null = never. */
  readonly timeoutSeconds: number | null;

  constructor(waitFor: Trigger, timeoutSeconds: number | null) {
    this.trigger = waitFor as unknown as JsonObject;
    this.timeoutSeconds = timeoutSeconds;
  }
}

/** `return defer(trigger.after(600), { timeout: 3600 })`: ends this part of the task. Times are seconds. */
export function defer(waitFor: Trigger, { timeout }: { timeout?: number } = {}): never {
  throw new Deferral(waitFor, timeout ?? null);
}

/** Thrown by a sensor between two checks: the worker is given back until then. */
export class Reschedule {
  readonly at: Instant;

  constructor(at: Instant) {
    this.at = at;
  }
}

/** Thrown when a person is to be asked. */
export class AwaitInput {
  readonly request: JsonObject;
  readonly timeoutSeconds: number | null;

  constructor(request: JsonObject, timeoutSeconds: number | null) {
    this.request = request;
    this.timeoutSeconds = timeoutSeconds;
  }
}

function instantOf(at: string | Date): Instant {
  const instant = at instanceof Date ? at.getTime() : fromIso(at);
  if (instant !== undefined && !Number.isNaN(instant)) return instant;
  throw new MillraceError('DAG_INVALID', `trigger.at got ${JSON.stringify(at)}`, {
    hint: 'Give an ISO time with a zone, such as 2026-01-01T06:00:00Z.',
  });
}
