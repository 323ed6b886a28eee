import { type CronExpression, CronExpressionParser } from 'cron-parser';
import type { Instant } from '../../kernel/time.js';
import { instantsAt, offsetsAround, type WallTime } from './zone.js';

/** The points in time at which something is due. `next` and `prev` are strict: never the instant itself. */
export interface Ticks {
  next(after: Instant): Instant;
  prev(before: Instant): Instant;
}

const presets: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@quarterly': '0 0 1 */3 *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/**
 * The ticks of a cron expression of five fields on the wall clock of a zone: every wall time that the expression names,
 * at the instant at which the clock shows it. Where clocks are set back, an hour that comes twice counts the second
 * time, or both times when the hour field is `*`; where they are set forward, a time that never comes is moved forward
 * by the gap. These are Airflow's rules; told of all ticks at once, they hold from whatever instant one asks.
 */
export function cronTicks(expression: string, zone: string): Ticks {
  const text = presets[expression] ?? expression;
  const parsed = CronExpressionParser.parse(text, { tz: 'UTC', currentDate: 0 });
  const everyHour = text.trim().split(/\s+/)[1] === '*';
  const instantsOf = (wall: WallTime) => {
    const instants = instantsAt(wall, zone);
    return everyHour ? instants : instants.slice(-1);
  };
  return remembering({
    next(after) {
      let best = Infinity;
      let wall = after + offsetsAround(after, zone).least;
      // A later wall time may come earlier, when the one before it is moved over a gap.
      while (best === Infinity || wall < best + offsetsAround(best, zone).greatest) {
        wall = ask(parsed, wall, 'next');
        for (const instant of instantsOf(wall)) if (instant > after) best = Math.min(best, instant);
      }
      return best;
    },
    prev(before) {
      let best = -Infinity;
      let wall = before + offsetsAround(before, zone).greatest;
      while (best === -Infinity || wall > best + offsetsAround(best, zone).least) {
        wall = ask(parsed, wall, 'prev');
        for (const instant of instantsOf(wall)) if (instant < before) best = Math.max(best, instant);
      }
      return best;
    },
  });
}

/** A stretch of time without a tick inside; `to` is a tick. */
interface Span {
  from: Instant;
  to: Instant;
  isFromTick: boolean;
}

/** A scheduler asks about now, the latest run and the start date, over and over: so many answers are kept. */
const spansMax = 8;

/** The same ticks. To work one out takes some tenths of a millisecond, and every move of a run asks for several. */
function remembering(ticks: Ticks): Ticks {
  const spans: Span[] = [];
  const keep = (span: Span) => {
    spans.unshift(span);
    if (spans.length > spansMax) spans.pop();
  };
  const next = (after: Instant): Instant => {
    const known = spans.find(({ from, to }) => from <= after && after < to);
    if (known) return known.to;
    const to = ticks.next(after);
    keep({ from: after, to, isFromTick: false });
    return to;
  };
  return {
    next,
    prev(before) {
      const known = spans.find(({ from, to, isFromTick }) => isFromTick && from < before && before <= to);
      if (known) return known.from;
      const from = ticks.prev(before);
      keep({ from, to: next(from), isFromTick: true });
      return from;
    },
  };
}

/** Different schedules whose ticks are kept; who has more of them works some out again. */
const sharedMax = 1_000;
const shared = new Map<string, Ticks>();

/** As `cronTicks`, the same for all who have this schedule: a thousand DAGs that are due every minute ask the same. */
export function sharedCronTicks(expression: string, zone: string): Ticks {
  const key = `${zone}\n${expression}`;
  const known = shared.get(key);
  if (known) return known;
  const ticks = cronTicks(expression, zone);
  shared.set(key, ticks);
  if (shared.size > sharedMax) {
    const oldest = shared.keys().next().value;
    if (oldest !== undefined) shared.delete(oldest);
  }
  return ticks;
}

/** The ticks of several, together. */
export function unionTicks(all: readonly Ticks[]): Ticks {
  if (all.length === 1) return all[0] as Ticks;
  return {
    next: (after) => Math.min(...all.map((ticks) => ticks.next(after))),
    prev: (before) => Math.max(...all.map((ticks) => ticks.prev(before))),
  };
}

/** Every `everyMs`, counted from `anchor`. Knows no daylight saving, as Airflow's timedelta schedules do not. */
export function everyTicks(everyMs: number, anchor: Instant): Ticks {
  return {
    next: (after) => anchor + (Math.floor((after - anchor) / everyMs) + 1) * everyMs,
    prev: (before) => anchor + (Math.ceil((before - anchor) / everyMs) - 1) * everyMs,
  };
}

/** `instant` itself when it is a tick, else the next one. */
export function alignNext(ticks: Ticks, instant: Instant): Instant {
  const next = ticks.next(instant);
  return ticks.prev(next) === instant ? instant : next;
}

/** `instant` itself when it is a tick, else the one before. */
export function alignPrev(ticks: Ticks, instant: Instant): Instant {
  const prev = ticks.prev(instant);
  return ticks.next(prev) === instant ? instant : prev;
}

function ask(expression: CronExpression, wall: WallTime, direction: 'next' | 'prev'): WallTime {
  expression.reset(new Date(wall));
  return expression[direction]().getTime();
}
