import { IANAZone } from 'luxon';
import type { Instant } from '../../kernel/time.js';

/** A reading of a wall clock, as the milliseconds that UTC would need to show the same date and time. */
export type WallTime = number;

const dayMs = 86_400_000;

/**
 * When the clock on a wall in `zone` shows `wall`, earliest first: twice where clocks are set back. A time that never
 * comes (clocks set forward) is moved forward by the gap, 02:30 becomes 03:30: Airflow's choice.
 */
export function instantsAt(wall: WallTime, zone: string): [Instant, ...Instant[]] {
  const { first: before, last: after } = offsetsAround(wall, zone);
  const earlier = wall - before;
  const later = wall - after;
  if (before === after) return [confirm(wall, zone, before)];
  const earlierHolds = offsetMs(zone, earlier) === before;
  const laterHolds = offsetMs(zone, later) === after;
  if (earlierHolds && laterHolds) return earlier < later ? [earlier, later] : [later, earlier];
  return [laterHolds ? later : earlier];
}

/** The offsets of a zone from UTC, milliseconds, a day before and a day after, and the least and greatest of them and now's. */
export function offsetsAround(
  instant: Instant,
  zone: string,
): { first: number; last: number; least: number; greatest: number } {
  const first = offsetMs(zone, instant - dayMs);
  const now = offsetMs(zone, instant);
  const last = offsetMs(zone, instant + dayMs);
  return { first, last, least: Math.min(first, now, last), greatest: Math.max(first, now, last) };
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

/** No zone changes its clocks twice within this time, milliseconds. */
const stretchMs = 6 * 3_600_000;

/** Stretches that are kept per zone; asking the runtime takes a thousand times as long as looking here. */
const stretchesMax = 5_000;

/** Per zone: the offset that holds throughout a stretch, by its number; null where the clocks change within it. */
const known = new Map<string, Map<number, number | null>>();

function offsetMs(zone: string, instant: Instant): number {
  if (zone === 'UTC') return 0;
  const stretches = known.get(zone) ?? new Map<number, number | null>();
  known.set(zone, stretches);
  const stretch = Math.floor(instant / stretchMs);
  let offset = stretches.get(stretch);
  if (offset === undefined) {
    const start = askOffsetMs(zone, stretch * stretchMs);
    offset = start === askOffsetMs(zone, (stretch + 1) * stretchMs) ? start : null;
    if (stretches.size >= stretchesMax) stretches.clear();
    stretches.set(stretch, offset);
  }
  return offset ?? askOffsetMs(zone, instant);
}

function askOffsetMs(zone: string, instant: Instant): number {
  return IANAZone.create(zone).offset(instant) * 60_000;
}
