import { DateTime } from 'luxon';
import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { type ConnectionResult, getClient } from '../dag/client.js';
import { findObject, isHttpUp, isSqlTrue, type Looker } from '../dag/looks.js';
import type { AttemptScope } from '../dag/runtime.js';
import type { Operator } from './operator.js';
import { type Poke, waitFor } from './sensor.js';

/** Waits for an object; the return value is its key. */
export const objectSensorOperator: Operator = {
  templateFields: ['url'],
  perform: (call) =>
    waitFor(call, async () => {
      const key = await findObject(lookerOf(call.scope), String(call.options['url']));
      return key === undefined ? { done: false } : { done: true, value: key };
    }),
};

/** Waits until a query says something true. */
export const sqlSensorOperator: Operator = {
  templateFields: ['sql', 'parameters', 'connection'],
  perform: (call) =>
    waitFor(call, async () => {
      const { connection = 'warehouse', sql, parameters = [] } = call.options;
      return poke(
        await isSqlTrue(lookerOf(call.scope), {
          connection: String(connection),
          sql: String(sql),
          parameters: parameters as Json[],
        }),
      );
    }),
};

/** Waits until a URL answers. */
export const httpSensorOperator: Operator = {
  templateFields: ['url', 'headers'],
  perform: (call) =>
    waitFor(call, async () => {
      const { url, method = 'GET', headers = {}, expect = [] } = call.options;
      return poke(
        await isHttpUp(lookerOf(call.scope), {
          url: String(url),
          method: String(method),
          headers: headers as Record<string, string>,
          expect: expect as number[],
        }),
      );
    }),
};

/** Waits until a time. */
export const timeSensorOperator: Operator = {
  templateFields: ['at'],
  async perform(call) {
    const at = DateTime.fromISO(String(call.options['at']), { zone: String(call.options['timezone'] ?? 'UTC') });
    if (!at.isValid)
      throw new MillraceError('TASK_FAILED', `at is ${JSON.stringify(call.options['at'])}, which is no time`);
    return waitFor(call, async () => poke(call.scope.clock.now() >= at.toMillis()), at.toMillis());
  },
};

/** Waits for a task or a run of another DAG with the same logical date, less `executionDelta`. */
export const externalTaskSensorOperator: Operator = {
  templateFields: ['dagId', 'taskId'],
  perform: (call) =>
    waitFor(call, async () => {
      const { dagId, taskId, executionDelta = 0, allowedStates, failedStates } = call.options;
      const { logicalDate } = call.scope.attempt.context;
      if (logicalDate === null) {
        throw new MillraceError('TASK_FAILED', 'this run has no logical date, so no other run can be found by it');
      }
      const run = await call.scope.call({
        method: 'findDagRun',
        dagId: String(dagId),
        logicalDate: logicalDate - Number(executionDelta) * 1000,
      });
      const { runId, state } = (run ?? {}) as { runId?: string; state?: string };
      if (runId === undefined) return { done: false };
      const states = taskId === undefined ? [state] : await taskStates(String(dagId), runId, String(taskId));
      const failed = (failedStates as string[] | undefined) ?? [];
      const bad = states.find((each) => failed.includes(each ?? ''));
      if (bad)
        throw new MillraceError('TASK_FAILED', `${dagId}${taskId ? `.${taskId}` : ''} in run ${runId} is ${bad}`);
      const allowed = (allowedStates as string[] | undefined) ?? ['success'];
      return poke(states.length > 0 && states.every((each) => allowed.includes(each ?? '')));
    }),
};

/** The states of a task's instances: one, or each of a mapped task's. */
async function taskStates(dagId: string, runId: string, taskId: string): Promise<(string | null)[]> {
  const states = await getClient().getTaskStates({ dagId, runId });
  return Object.entries(states)
    .filter(([name]) => name === taskId || (name.startsWith(`${taskId}[`) && name.endsWith(']')))
    .map(([, state]) => state);
}

function poke(isDone: boolean): Poke {
  return isDone ? { done: true, value: undefined } : { done: false };
}

function lookerOf({ hooks, signal, call }: AttemptScope): Looker {
  const find = (id: string) => call({ method: 'getConnection', id }) as Promise<ConnectionResult | undefined>;
  return { hooks, find, signal };
}
