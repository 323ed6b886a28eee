import { median as medianOf, quantile } from 'd3-array';

/** What is usual for a duration, from the latest finished ones. All in milliseconds. */
export interface Usual {
  median: number | null;
  p95: number | null;
  /** Above this it is slower than the usual range: median + 3 median absolute deviations (at least 20 %). */
  slowFrom: number | null;
  count: number;
}

export function usual(durations: number[]): Usual {
  if (durations.length === 0) return { median: null, p95: null, slowFrom: null, count: 0 };
  const median = medianOf(durations) ?? 0;
  const deviation = medianOf(durations.map((value) => Math.abs(value - median))) ?? 0;
  const p95 = quantile(durations, 0.95) ?? median;
  const slowFrom = durations.length < 5 ? null : median + Math.max(3 * deviation, 0.2 * median);
  return { median, p95, slowFrom, count: durations.length };
}

export function durationOf(item: { started_at: number | null; ended_at: number | null }, now?: number): number | null {
  if (item.started_at === null) return null;
  const end = item.ended_at ?? now;
  return end === undefined ? null : Math.max(0, end - item.started_at);
}
