import { describeError, MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { literalOf } from '../dag/checks.js';
import { type AttemptScope, runInScope } from '../dag/runtime.js';
import { AwaitInput, Deferral, FailTask, Reschedule, SkipTask } from '../dag/signals.js';
import type { AttemptEffects, AttemptError, AttemptOutcome, AttemptRequest } from '../model/attempt.js';
import type { BundleFiles, OperatorCall } from '../operators/operator.js';
import { findOperator } from '../operators/registry.js';
import { renderMapIndex, renderOptions } from '../operators/templates.js';
import { emptyEffects } from './effects.js';

/** What surrounds the life of one attempt. */
export interface RunTaskDeps {
  scope: AttemptScope;
  bundle: BundleFiles;
  xcomBytesMax: number;
}

export interface AttemptReport {
  outcome: AttemptOutcome;
  effects: AttemptEffects;
}

/**
 * The life of one attempt: start, context, render, perform, normalise, report. Never throws: whatever the task does
 * becomes an outcome. Everything that the attempt wants changed is in the report, and commits with its state.
 */
export async function runTask(deps: RunTaskDeps): Promise<AttemptReport> {
  const { scope } = deps;
  const startedAt = scope.clock.now();
  scope.log('INFO', startLine(scope.attempt));
  const outcome = await runInScope(scope, () => perform(deps)).catch((thrown) => outcomeOf(deps, thrown));
  const decided = scope.signal.aborted ? failed(scope.signal.reason as AttemptError) : outcome;
  await nameInstance(scope);
  logOutcome(scope, decided, scope.clock.now() - startedAt);
  return { outcome: decided, effects: keepEffects(decided, scope.effects) };
}

async function perform(deps: RunTaskDeps): Promise<AttemptOutcome> {
  const { scope, bundle } = deps;
  const { task, inputs } = scope.attempt;
  const operator = await findOperator(task.operator);
  const { options, rendered } = await renderOptions(scope, operator.templateFields);
  Object.assign(scope.effects.rendered, rendered);
  const call: OperatorCall = { scope, task, options, inputs, bundle };
  const value = await operator.perform(call);
  if (value !== undefined && task.doXcomPush) pushReturnValue(deps, value);
  return { state: 'success' };
}

/** At the end, as in Airflow, when what the task returned is known. A name is no reason to fail: the number will do. */
async function nameInstance(scope: AttemptScope): Promise<void> {
  try {
    const name = await renderMapIndex(scope);
    if (name !== null) scope.effects.renderedMapIndex = name;
  } catch (error) {
    scope.log('WARNING', `mapIndexTemplate: ${describeError(error)}`);
  }
}

/** The return value as an XCom. Throws XCOM_INVALID for what JSON cannot carry and for what is too large. */
function pushReturnValue({ scope, xcomBytesMax }: RunTaskDeps, value: unknown): void {
  const json = jsonOf(value);
  const bytes = Buffer.byteLength(JSON.stringify(json));
  if (bytes > xcomBytesMax) {
    throw new MillraceError('XCOM_INVALID', `the return value is ${bytes} bytes of JSON, more than ${xcomBytesMax}`, {
      hint: 'Put large data into the object store or the warehouse, and return its key.',
    });
  }
  scope.effects.xcoms.push({ key: 'return_value', value: json });
}

function jsonOf(value: unknown): Json {
  try {
    return literalOf('return value', applyToJson(value));
  } catch (error) {
    throw new MillraceError('XCOM_INVALID', describeError(error), { hint: 'Return strings, numbers, lists, objects.' });
  }
}

/** Dates, Buffers and other values that say themselves how they look in JSON. */
function applyToJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(applyToJson);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return (value as { toJSON(): unknown }).toJSON();
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, applyToJson(entry)]));
}

function outcomeOf({ scope }: RunTaskDeps, thrown: unknown): AttemptOutcome {
  const after = (seconds: number | null) => (seconds === null ? null : scope.clock.now() + seconds * 1000);
  if (thrown instanceof SkipTask) return { state: 'skipped', reason: thrown.message || 'the task skipped itself' };
  if (thrown instanceof Deferral) {
    return { state: 'deferred', trigger: thrown.trigger, timeoutAt: after(thrown.timeoutSeconds) };
  }
  if (thrown instanceof Reschedule) return { state: 'up_for_reschedule', at: thrown.at };
  if (thrown instanceof AwaitInput) {
    return { state: 'awaiting_input', request: thrown.request, timeoutAt: after(thrown.timeoutSeconds) };
  }
  return { state: 'failed', error: errorOf(thrown), final: thrown instanceof FailTask };
}

/** Anything thrown, as it is stored. */
export function errorOf(thrown: unknown): AttemptError {
  if (!(thrown instanceof Error)) return { type: 'Error', message: describeError(thrown), stack: null };
  const type = thrown instanceof MillraceError ? thrown.code : thrown.name;
  return { type, message: describeError(thrown), stack: thrown.stack ?? null };
}

function failed(error: AttemptError): AttemptOutcome {
  return { state: 'failed', error, final: false };
}

/** A failed or unfinished attempt changes nothing but its own page; XComs that it set by the client are already there. */
function keepEffects(outcome: AttemptOutcome, effects: AttemptEffects): AttemptEffects {
  if (outcome.state === 'success' || outcome.state === 'deferred') return effects;
  const { rendered, details, renderedMapIndex } = effects;
  return { ...emptyEffects(), rendered, details, ...(renderedMapIndex === undefined ? {} : { renderedMapIndex }) };
}

function startLine({ dagId, taskId, mapIndex, runId, tryNumber, maxTries, context }: AttemptRequest): string {
  const index = mapIndex < 0 ? '' : `[${mapIndex}]`;
  const resumed = context.event === undefined ? '' : ', resumed by its event';
  return `Try ${tryNumber} of ${maxTries + 1}: ${dagId}.${taskId}${index}, run ${runId}${resumed}`;
}

function logOutcome(scope: AttemptScope, outcome: AttemptOutcome, ms: number): void {
  const took = `after ${ms} ms`;
  switch (outcome.state) {
    case 'success':
      scope.log('INFO', `Success ${took}`);
      return;
    case 'skipped':
      scope.log('INFO', `Skipped ${took}: ${outcome.reason}`);
      return;
    case 'failed':
      scope.log('ERROR', outcome.error.stack ?? `${outcome.error.type}: ${outcome.error.message}`);
      scope.log('ERROR', `Failed ${took}: ${outcome.error.message}`);
      return;
    case 'up_for_reschedule':
      scope.log('INFO', `Not yet ${took}: looks again at ${new Date(outcome.at).toISOString()}`);
      return;
    case 'deferred':
      scope.log('INFO', `Deferred ${took}: waits for ${triggerName(outcome.trigger)}`);
      return;
    case 'awaiting_input':
      scope.log('INFO', `Waits for a person ${took}`);
      return;
  }
}

function triggerName(trigger: JsonObject): string {
  return `${trigger['kind']} ${JSON.stringify({ ...trigger, kind: undefined })}`;
}
