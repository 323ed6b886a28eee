import { IANAZone } from 'luxon';
import type { Instant } from '../../kernel/time.js';

/** A reading of a wall clock, as the milliseconds that UTC would need to show the same date and time. */
export type WallTime = number;

const dayMs = 86_400_000;

/** What the clock on a wall in `zone` shows at `instant`. */
export function wallTimeAt(instant: Instant, zone: string): WallTime {
  return instant + offsetMs(zone, instant);
}

/**
 * When the clock on a wall in `zone` shows `wall`. A time that comes twice (clocks set back) is the second one; a time
 * that never comes (clocks set forward) is moved forward by the gap: 02:30 becomes 03:30. These are Airflow's choices.
 */
export function instantAt(wall: WallTime, zone: string): Instant {
  const before = offsetMs(zone, wall - dayMs);
  const after = offsetMs(zone, wall + dayMs);
  if (before === after) return confirm(wall, zone, before);
  const first = wall - before;
  const second = wall - after;
  const firstHolds = offsetMs(zone, first) === before;
  const secondHolds = offsetMs(zone, second) === after;
  if (firstHolds && secondHolds) return Math.max(first, second);
  return secondHolds ? second : first;
}

/** Whether the runtime knows the zone. */
export function isZone(zone: string): boolean {
  return IANAZone.isValidZone(zone);
}

/** The offset a day before and after may agree while a pair of changes lies between (Ramadan in Morocco): look closer. */
function confirm(wall: WallTime, zone: string, offset: number): Instant {
  const instant = wall - offset;
  const actual = offsetMs(zone, instant);
  return actual === offset ? instant : wall - actual;
}

function offsetMs(zone: string, instant: Instant): number {
  return zone === 'UTC' ? 0 : IANAZone.create(zone).offset(instant) * 60_000;
}
