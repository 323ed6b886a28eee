import type { DataInterval, Instant } from '../../kernel/time.js';
import { type TimetableSource, timetableOf } from '../timetable/timetable.js';

/**
 * Whether no later run is due yet: `now` lies after the end of the run's interval and at most at the end of the next
 * one's, as in Airflow's LatestOnlyOperator. An interval without length never tells a run from the latest.
 */
export function isLatestRun(dag: TimetableSource, interval: DataInterval, now: Instant): boolean {
  const next = timetableOf({ ...dag, catchup: true }).next(interval, now);
  if (next === null || next.interval.start === next.interval.end) return true;
  return interval.end < now && now <= next.interval.end;
}
