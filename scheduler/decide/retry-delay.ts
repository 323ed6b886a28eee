import { createHash } from 'node:crypto';
import type { Instant } from '../../kernel/time.js';
import type { SerializedTask } from '../model/dag.js';

/** No retry waits longer than this (Airflow's core.max_task_retry_delay). */
export const retryDelayMsMax = 86_400_000;

type RetryPolicy = Pick<SerializedTask, 'taskId' | 'retryDelayMs' | 'retryExponentialBackoff' | 'maxRetryDelayMs'>;

/**
 * How long a try that failed waits for the next. With a backoff factor m the delay of try n lies in
 * [d * m^(n-1), twice that), at a place that depends only on what is tried: a retry storm spreads, and a test can tell.
 */
export function retryDelayMs(
  task: RetryPolicy,
  place: { dagId: string; logicalDate: Instant | null; tryNumber: number },
): number {
  const factor = task.retryExponentialBackoff;
  const uncapped = factor === 0 || factor === 1 ? task.retryDelayMs : jittered(task, factor, place);
  return Math.min(uncapped, retryDelayMsMax, task.maxRetryDelayMs ?? retryDelayMsMax);
}

function jittered(
  task: RetryPolicy,
  factor: number,
  place: { dagId: string; logicalDate: Instant | null; tryNumber: number },
): number {
  const seconds = Math.max(1, Math.ceil((task.retryDelayMs / 1_000) * factor ** (place.tryNumber - 1)));
  if (seconds * 1_000 >= retryDelayMsMax) return retryDelayMsMax;
  const key = `${place.dagId}#${task.taskId}#${pythonDate(place.logicalDate)}#${place.tryNumber}`;
  const hash = BigInt(`0x${createHash('sha1').update(key).digest('hex')}`);
  return (seconds + Number(hash % BigInt(seconds))) * 1_000;
}

/** The date as Python prints it, which is what Airflow hashes. */
function pythonDate(instant: Instant | null): string {
  if (instant === null) return 'None';
  const [day, time] = new Date(instant).toISOString().replace('Z', '').split('T') as [string, string];
  const [seconds, fraction] = time.split('.') as [string, string];
  return `${day} ${seconds}${fraction === '000' ? '' : `.${fraction}000`}+00:00`;
}
