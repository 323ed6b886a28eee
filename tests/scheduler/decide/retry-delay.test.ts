import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { retryDelayMs, retryDelayMsMax } from '../../../scheduler/decide/retry-delay.js';

const place = { dagId: 'd', logicalDate: Date.UTC(2026, 0, 1), tryNumber: 1 };
const task = { taskId: 't', retryDelayMs: 60_000, retryExponentialBackoff: 2, maxRetryDelayMs: null };

describe('the delay before a retry', () => {
  it('is constant without a backoff', () => {
    for (const factor of [0, 1]) {
      for (const tryNumber of [1, 2, 9]) {
        expect(retryDelayMs({ ...task, retryExponentialBackoff: factor }, { ...place, tryNumber })).toBe(60_000);
      }
    }
  });

  it.each([1, 2, 3, 5])('lies in [d * 2^(n-1), twice that) for try %i', (tryNumber) => {
    const least = 60_000 * 2 ** (tryNumber - 1);
    const delayMs = retryDelayMs(task, { ...place, tryNumber });
    expect(delayMs).toBeGreaterThanOrEqual(least);
    expect(delayMs).toBeLessThan(2 * least);
  });

  it('is the one that Airflow computes', () => {
    const hash = BigInt(`0x${createHash('sha1').update('d#t#2026-01-01 00:00:00+00:00#1').digest('hex')}`);
    expect(retryDelayMs(task, place)).toBe((60 + Number(hash % 60n)) * 1_000);
  });

  it('is at least a second, even of no delay at all', () => {
    expect(retryDelayMs({ ...task, retryDelayMs: 0 }, place)).toBe(1_000);
    expect(retryDelayMs({ ...task, retryDelayMs: 500 }, place)).toBe(1_000);
  });

  it('is never longer than a day, nor than the task allows, however many tries', () => {
    expect(retryDelayMs(task, { ...place, tryNumber: 50 })).toBe(retryDelayMsMax);
    expect(retryDelayMs({ ...task, retryExponentialBackoff: 5 }, { ...place, tryNumber: 5_000 })).toBe(retryDelayMsMax);
    expect(retryDelayMs({ ...task, maxRetryDelayMs: 90_000 }, { ...place, tryNumber: 9 })).toBe(90_000);
  });
});
