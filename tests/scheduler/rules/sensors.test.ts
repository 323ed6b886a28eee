import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../kernel/json.js';
import { ManualClock } from '../../../kernel/time.js';
import { HookPool } from '../../../scheduler/dag/hook-pool.js';
import type { AttemptScope } from '../../../scheduler/dag/runtime.js';
import { emptyEffects } from '../../../scheduler/executor/effects.js';
import { runTask } from '../../../scheduler/executor/run-task.js';
import type { AttemptCall, AttemptContext, AttemptRequest } from '../../../scheduler/model/attempt.js';
import type { SerializedSchedule } from '../../../scheduler/model/dag.js';
import { newTask } from '../../../scheduler/model/new-task.js';

const hour = 3_600_000;
const at = (day: number, hours = 0) => Date.UTC(2026, 0, day) + hours * hour;

interface Wish {
  operator: string;
  options: JsonObject;
  now?: number;
  context?: Partial<AttemptContext>;
  answer?: (call: AttemptCall) => Json | undefined;
}

/** One attempt of a ready-made task, as a child makes it. */
function attempt({ operator, options, now = at(10), context = {}, answer = () => undefined }: Wish) {
  const request: AttemptRequest = {
    dagId: 'd',
    runId: 'r',
    taskId: 't',
    mapIndex: -1,
    attemptId: 'a',
    taskInstanceId: 1,
    tryNumber: 1,
    maxTries: 0,
    bundle: { hash: '', path: '' },
    task: newTask({ taskId: 't', operator, options }),
    inputs: {},
    context: {
      logicalDate: at(9),
      dataInterval: null,
      runAfter: at(9),
      runStartedAt: at(9),
      runType: 'scheduled',
      conf: {},
      params: {},
      clearNumber: 0,
      event: undefined,
      firstStartedAt: null,
      ...context,
    },
    logPath: '',
    executionTimeoutMs: null,
    memoryLimitMb: 512,
  };
  const scope: AttemptScope = {
    attempt: request,
    signal: new AbortController().signal,
    clock: new ManualClock(now),
    effects: emptyEffects(),
    hooks: new HookPool({}),
    call: async (call) => answer(call),
    maskSecret: () => {},
    log: () => {},
    progress: () => {},
  };
  return runTask({ scope, bundle: {} as never, xcomBytesMax: 1_000 });
}

describe('latestOnly', () => {
  const schedule: SerializedSchedule = { kind: 'cron', crons: ['0 0 * * *'], interval: true, summary: 'daily' };
  const latest = (now: number, wish: { schedule?: SerializedSchedule; context?: Partial<AttemptContext> } = {}) =>
    attempt({
      operator: 'latest_only',
      now,
      options: {
        downstream: ['next'],
        timetable: {
          schedule: wish.schedule ?? schedule,
          timezone: 'UTC',
          startDate: null,
          endDate: null,
          catchup: true,
        } as unknown as Json,
      },
      // The run of the ninth: its interval ends at the start of the tenth, the next one's a day later.
      context: { dataInterval: { start: at(9), end: at(10) }, ...wish.context },
    }).then(({ effects }) => effects.skip);
  const skipped = { skipped: ['next'], ignoreTriggerRules: false };

  it.each([
    ['at the end of its interval, which is not over', at(10), skipped],
    ['right after its end', at(10) + 1, null],
    ['in the middle of the next interval', at(10, 12), null],
    ['at the end of the next interval', at(11), null],
    ['after the end of the next interval', at(11) + 1, skipped],
    ['a week later', at(17), skipped],
  ])('%s', async (_when, now, expected) => {
    expect(await latest(now)).toEqual(expected);
  });

  it('never skips in a manual run, in one without an interval, or where intervals have no length', async () => {
    expect(await latest(at(17), { context: { runType: 'manual' } })).toBeNull();
    expect(await latest(at(17), { context: { dataInterval: null } })).toBeNull();
    const ticks: SerializedSchedule = { kind: 'cron', crons: ['0 0 * * *'], interval: false, summary: 'daily' };
    const point = { dataInterval: { start: at(9), end: at(9) } };
    expect(await latest(at(17), { schedule: ticks, context: point })).toBeNull();
    expect(await latest(at(17), { schedule: { kind: 'none' } })).toBeNull();
  });

  it('skips in a backfill of the past', async () => {
    expect(await latest(at(17), { context: { runType: 'backfill' } })).toEqual(skipped);
  });
});

describe('externalTaskSensor', () => {
  type Runs = Record<number, { runId: string; state: string; tasks?: Record<string, string | null> }>;

  /** Looks once, in reschedule mode: a look that finds nothing gives the worker back. */
  const look = (options: JsonObject, runs: Runs, context: Partial<AttemptContext> = {}) =>
    attempt({
      operator: 'external_task_sensor',
      options: { dagId: 'other', mode: 'reschedule', ...options },
      context,
      answer(call) {
        if (call.method === 'findDagRun') {
          const run = call.dagId === 'other' ? runs[call.logicalDate] : undefined;
          return run && { dagId: 'other', runId: run.runId, state: run.state };
        }
        if (call.method !== 'getTaskStates') return undefined;
        return Object.values(runs).find((run) => run.runId === call.runId)?.tasks;
      },
    }).then(({ outcome }) => outcome.state);

  const done = { runId: 'r9', state: 'success' };

  it.each<[string, JsonObject, Runs, string]>([
    ['waits while there is no such run', {}, {}, 'up_for_reschedule'],
    ['waits while it runs', {}, { [at(9)]: { runId: 'r', state: 'running' } }, 'up_for_reschedule'],
    ['goes on when it has succeeded', {}, { [at(9)]: done }, 'success'],
    [
      'waits for ever when it has failed, by itself',
      {},
      { [at(9)]: { runId: 'r', state: 'failed' } },
      'up_for_reschedule',
    ],
    [
      'fails with it when told so',
      { failedStates: ['failed'] },
      { [at(9)]: { runId: 'r', state: 'failed' } },
      'failed',
    ],
    [
      'takes a failure for an end when told so',
      { allowedStates: ['success', 'failed'] },
      { [at(9)]: { runId: 'r', state: 'failed' } },
      'success',
    ],
    ['looks an hour back', { executionDelta: 3_600 }, { [at(9) - hour]: done }, 'success'],
    ['looks an hour ahead', { executionDelta: -3_600 }, { [at(9) + hour]: done }, 'success'],
    ['looks at no other date', { executionDelta: 3_600 }, { [at(9)]: done }, 'up_for_reschedule'],
    [
      'goes on when one task of it has succeeded, while the run goes on',
      { taskId: 'load' },
      { [at(9)]: { runId: 'r', state: 'running', tasks: { load: 'success', other: 'running' } } },
      'success',
    ],
    [
      'waits for all instances of a mapped task',
      { taskId: 'load' },
      { [at(9)]: { runId: 'r', state: 'running', tasks: { 'load[0]': 'success', 'load[1]': 'running' } } },
      'up_for_reschedule',
    ],
    [
      'goes on when all of them are done',
      { taskId: 'load' },
      { [at(9)]: { runId: 'r', state: 'running', tasks: { 'load[0]': 'success', 'load[1]': 'success' } } },
      'success',
    ],
    [
      'fails when one of them has failed, when told so',
      { taskId: 'load', failedStates: ['failed', 'upstream_failed'] },
      { [at(9)]: { runId: 'r', state: 'running', tasks: { 'load[0]': 'upstream_failed', 'load[1]': null } } },
      'failed',
    ],
    [
      'waits for a task that the run does not have',
      { taskId: 'gone' },
      { [at(9)]: { ...done, tasks: { load: 'success' } } },
      'up_for_reschedule',
    ],
    [
      'takes a skipped task when told so',
      { taskId: 'load', allowedStates: ['success', 'skipped'] },
      { [at(9)]: { ...done, tasks: { load: 'skipped' } } },
      'success',
    ],
    ['is skipped in time when told so', { timeout: 0, softFail: true }, {}, 'skipped'],
    ['fails in time', { timeout: 0 }, {}, 'failed'],
  ])('%s', async (_what, options, runs, expected) => {
    expect(await look(options, runs)).toBe(expected);
  });

  it('fails in a run that has no logical date', async () => {
    expect(await look({}, {}, { logicalDate: null })).toBe('failed');
  });
});
