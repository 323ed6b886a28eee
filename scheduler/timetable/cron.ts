import { type CronExpression, CronExpressionParser } from 'cron-parser';
import type { Instant } from '../../kernel/time.js';
import { instantAt, wallTimeAt } from './zone.js';

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
 * The ticks of a cron expression of five fields on the wall clock of a zone, as Airflow has them: the expression is
 * asked on naive wall time and the answer localised. When the hour field is `*`, the step is taken in absolute time,
 * so that both passes of an hour that comes twice have their ticks.
 */
export function cronTicks(expression: string, zone: string): Ticks {
  const text = presets[expression] ?? expression;
  const parsed = CronExpressionParser.parse(text, { tz: 'UTC', currentDate: 0 });
  const everyHour = text.trim().split(/\s+/)[1] === '*';
  return {
    next(after) {
      const wall = wallTimeAt(after, zone);
      const found = ask(parsed, wall, 'next');
      return everyHour ? after + (found - wall) : instantAt(found, zone);
    },
    prev(before) {
      const wall = wallTimeAt(before, zone);
      const found = ask(parsed, wall, 'prev');
      return everyHour ? before - (wall - found) : instantAt(found, zone);
    },
  };
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

function ask(expression: CronExpression, wall: number, direction: 'next' | 'prev'): number {
  expression.reset(new Date(wall));
  return expression[direction]().getTime();
}
