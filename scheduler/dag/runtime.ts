import { AsyncLocalStorage } from 'node:async_hooks';
import type { z } from 'zod';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Clock } from '../../kernel/time.js';
import type { AttemptCall, AttemptEffects, AttemptRequest } from '../model/attempt.js';
import type { AssetRef } from '../model/dag.js';
import type { RunType } from '../model/states.js';
import { assetRef } from './assets.js';
import type { HookPool } from './hook-pool.js';

/** What surrounds a handler while it runs. The executor makes one for each attempt. */
export interface AttemptScope {
  readonly attempt: AttemptRequest;
  /** Aborted on cancel, timeout and shutdown. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly effects: AttemptEffects;
  readonly hooks: HookPool;
  /** Asks the scheduler. Rejects when the attempt is no longer the current one. */
  call(call: AttemptCall): Promise<Json | undefined>;
  /** Writes one entry of the task's log. */
  log(level: LogLevel, text: string): void;
  /** Hides a value in the log from now on; with a name, only when that is sensitive (or names within it are). */
  maskSecret(value: Json, name?: string): void;
  progress(done: number, total: number | null): void;
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

const current = new AsyncLocalStorage<AttemptScope>();

/** Runs a function, and everything that it awaits, inside the scope. */
export function runInScope<T>(scope: AttemptScope, body: () => T): T {
  return current.run(scope, body);
}

/** The scope of the handler that is running. Throws OUTSIDE_TASK when none is. */
export function currentScope(asked: string): AttemptScope {
  const scope = current.getStore();
  if (scope) return scope;
  throw new MillraceError('OUTSIDE_TASK', `${asked} is called outside a task's handler`, {
    hint: 'Call it inside the function that does the work, not where the DAG is declared.',
  });
}

/** The scope of the handler that is running; undefined when none is. */
export function scopeIfAny(): AttemptScope | undefined {
  return current.getStore();
}

/** What a running task knows of itself. */
export interface TaskContext<Params = JsonObject> {
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  /** 1 for the first try. */
  readonly tryNumber: number;
  /** -1 when it is not mapped. */
  readonly mapIndex: number;
  /** Aborted on cancel, timeout and shutdown: pass it to fetch, timers and queries. */
  readonly signal: AbortSignal;
  readonly logicalDate: Date | null;
  readonly dataInterval: { start: Date; end: Date } | null;
  readonly runType: RunType;
  readonly conf: JsonObject;
  readonly params: Params;
  /** What a deferred task was resumed with; undefined in its first part. */
  readonly event: Json | undefined;
  readonly log: TaskLog;
  /** Shows how far the task is. `total` may be unknown. */
  progress(done: number, total?: number): void;
}

export interface TaskLog {
  debug(...parts: unknown[]): void;
  info(...parts: unknown[]): void;
  warning(...parts: unknown[]): void;
  error(...parts: unknown[]): void;
  /** Folds what the function logs under a name. */
  group<T>(name: string, body: () => T | Promise<T>): Promise<T>;
}

type ParamsOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : Schema;

/**
 * The context of the running task; follows every await. `getContext<typeof params>().params` has the type of a zod
 * object. Throws OUTSIDE_TASK outside a handler.
 */
export function getContext<Params = JsonObject>(): TaskContext<ParamsOf<Params>> {
  const scope = currentScope('getContext()');
  const { attempt, signal } = scope;
  const { context } = attempt;
  return {
    dagId: attempt.dagId,
    taskId: attempt.taskId,
    runId: attempt.runId,
    tryNumber: attempt.tryNumber,
    mapIndex: attempt.mapIndex,
    signal,
    logicalDate: context.logicalDate === null ? null : new Date(context.logicalDate),
    dataInterval: context.dataInterval && {
      start: new Date(context.dataInterval.start),
      end: new Date(context.dataInterval.end),
    },
    runType: context.runType,
    conf: context.conf,
    params: context.params as ParamsOf<Params>,
    event: context.event,
    log: taskLog(scope),
    progress: (done, total) => scope.progress(done, total ?? null),
  };
}

/**
 * Hides a value in what this task logs, in its errors, rendered fields and e-mails from now on: `***` stands in its
 * place. With a name, only when that names a secret (`api_key`, `password` …), or names within an object do. Passwords of
 * connections and variables with such names are hidden without being asked.
 */
export function maskSecret(value: Json, name?: string): void {
  currentScope('maskSecret()').maskSecret(value, name);
}

/** Adds to the event that a success of this task will make for one of its outlets. */
export function addAssetEvent(asset: AssetRef, extra: JsonObject = {}): void {
  currentScope('addAssetEvent()').effects.assetEvents.push({ asset: assetRef(asset), extra });
}

function taskLog(scope: AttemptScope): TaskLog {
  const at =
    (level: LogLevel) =>
    (...parts: unknown[]) =>
      scope.log(level, parts.map(textOf).join(' '));
  return {
    debug: at('DEBUG'),
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    async group(name, body) {
      scope.log('INFO', `::group::${name}`);
      try {
        return await body();
      } finally {
        scope.log('INFO', '::endgroup::');
      }
    },
  };
}

function textOf(part: unknown): string {
  if (typeof part === 'string') return part;
  if (part instanceof Error) return part.stack ?? part.message;
  return JSON.stringify(part) ?? String(part);
}
