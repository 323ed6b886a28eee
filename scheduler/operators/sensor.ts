import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Instant, sleep } from '../../kernel/time.js';
import type { AttemptScope } from '../dag/runtime.js';
import { FailTask, Reschedule, SkipTask } from '../dag/signals.js';
import type { Operator, OperatorCall } from './operator.js';
import { callHandler } from './typescript.js';

/** What one look of a sensor says. */
export type Poke = { done: false } | { done: true; value: unknown };

/** Seconds, as in Airflow. */
const pokeIntervalDefault = 60;
const timeoutDefault = 7 * 24 * 60 * 60;

/** A handler of the DAG file as a sensor: true or `{ done: true, value }` ends it. */
export const sensorOperator: Operator = {
  templateFields: [],
  perform: (call) => waitFor(call, async () => pokeOf(await callHandler(call))),
};

/**
 * Looks again and again until the answer is done. In `poke` mode it sleeps in between, in `reschedule` mode it gives
 * the worker back. After its timeout, which spans all looks, it fails without a retry, or skips with `softFail`.
 * `knownAt`: when the answer will be done, where that is known; no look comes before it that would be in vain.
 */
export async function waitFor(
  { scope, options }: OperatorCall,
  look: () => Promise<Poke>,
  knownAt?: Instant,
): Promise<unknown> {
  const { clock } = scope;
  const startedAt = scope.attempt.context.firstStartedAt ?? clock.now();
  const endsAt = startedAt + seconds(options, 'timeout', timeoutDefault) * 1000;
  for (let looks = 1; ; looks++) {
    const poke = await look();
    if (poke.done) return poke.value;
    const now = clock.now();
    const next = knownAt ?? now + intervalMs(options, scope, looks, now - startedAt);
    if (next > endsAt) throw timeOver(options, now - startedAt);
    if (options['mode'] === 'reschedule') throw new Reschedule(next);
    scope.log('INFO', `Not yet: looks again at ${new Date(next).toISOString()}`);
    await sleep(clock, next - now, scope.signal);
  }
}

function pokeOf(value: unknown): Poke {
  if (typeof value === 'boolean') return value ? { done: true, value: undefined } : { done: false };
  if (typeof value === 'object' && value !== null && typeof (value as { done?: unknown }).done === 'boolean') {
    const { done, value: inner } = value as { done: boolean; value?: Json };
    return done ? { done, value: inner } : { done };
  }
  throw new MillraceError('TASK_FAILED', `a sensor's handler returned ${JSON.stringify(value)}`, {
    hint: 'Return true, false, or { done, value }.',
  });
}

/** The interval, doubled from look to look with `exponentialBackoff`; in reschedule mode the time passed counts the looks. */
function intervalMs(options: JsonObject, scope: AttemptScope, looks: number, passedMs: number): number {
  const interval = seconds(options, 'pokeInterval', pokeIntervalDefault) * 1000;
  if (options['exponentialBackoff'] !== true) return interval;
  const longest = seconds(options, 'maxWait', timeoutDefault) * 1000;
  const isFirst = scope.attempt.context.firstStartedAt === null && looks === 1;
  const doubled =
    options['mode'] === 'reschedule' ? (isFirst ? interval : passedMs + interval) : interval * 2 ** (looks - 1);
  return Math.min(doubled, longest);
}

function timeOver(options: JsonObject, passedMs: number): Error {
  const message = `waited ${Math.round(passedMs / 1000)} s, and the sensor's timeout is over`;
  return options['softFail'] === true ? new SkipTask(message) : new FailTask(message);
}

function seconds(options: JsonObject, name: string, otherwise: number): number {
  return typeof options[name] === 'number' ? options[name] : otherwise;
}
