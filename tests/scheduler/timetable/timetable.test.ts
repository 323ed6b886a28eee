import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SerializedSchedule } from '../../../scheduler/model/dag.js';
import { type NextRun, type TimetableSource, timetableOf } from '../../../scheduler/timetable/timetable.js';

const at = (text: string) => Date.parse(text.length > 10 ? `${text}Z` : `${text}T00:00Z`);
const show = (instant: number) => new Date(instant).toISOString().slice(0, 16);
const cron = (crons: string | string[], interval = false): SerializedSchedule => ({
  kind: 'cron',
  crons: [crons].flat(),
  interval,
  summary: [crons].flat().join(', '),
});
const source = (wish: Partial<TimetableSource> & { schedule: SerializedSchedule }): TimetableSource => ({
  timezone: 'UTC',
  startDate: null,
  endDate: null,
  catchup: false,
  ...wish,
});
const next = (wish: Parameters<typeof source>[0], now: string, last?: [string, string]): string | null => {
  const run = timetableOf(source(wish)).next(last ? { start: at(last[0]), end: at(last[1]) } : null, at(now));
  return run && `${show(run.interval.start)} ${show(run.interval.end)} after ${show(run.runAfter)}`;
};
const point = (instant: string) => `${instant} ${instant} after ${instant}`;

describe('the trigger timetable', () => {
  const daily = cron('0 3 * * *');
  it('takes a tick just passed when there is no start date, else waits for the next', () => {
    expect(next({ schedule: daily }, '2026-01-01T03:05')).toBe(point('2026-01-01T03:00'));
    expect(next({ schedule: daily }, '2026-01-01T12:05')).toBe(point('2026-01-02T03:00'));
  });

  it('takes the latest missed tick at once when its start date has passed', () => {
    const wish = { schedule: daily, startDate: at('2025-06-01') };
    expect(next(wish, '2026-01-01T12:05')).toBe(point('2026-01-01T03:00'));
  });

  it('skips to the latest tick without catchup, after a time in which nothing ran', () => {
    const wish = { schedule: cron('0 * * * *') };
    expect(next(wish, '2025-09-06T01:30', ['2025-09-05T20:00', '2025-09-05T20:00'])).toBe(point('2025-09-06T01:00'));
  });

  it('takes every tick since the last with catchup, and since the start date at first', () => {
    const wish = { schedule: daily, startDate: at('2026-01-01T01:00'), catchup: true };
    expect(next(wish, '2026-02-01')).toBe(point('2026-01-01T03:00'));
    expect(next(wish, '2026-02-01', ['2026-01-07T03:00', '2026-01-07T03:00'])).toBe(point('2026-01-08T03:00'));
  });

  it('never runs before the start date or after the end date', () => {
    expect(next({ schedule: daily, startDate: at('2026-05-01') }, '2026-01-01')).toBe(point('2026-05-01T03:00'));
    const ended = { schedule: daily, endDate: at('2026-01-02T03:00') };
    expect(next(ended, '2026-01-02T02:00')).toBe(point('2026-01-02T03:00'));
    expect(next(ended, '2026-01-02T12:00', ['2026-01-02T03:00', '2026-01-02T03:00'])).toBeNull();
  });

  it('merges several crons', () => {
    const wish = { schedule: cron(['0 9 * * 1-5', '0 12 * * 6']), catchup: true, startDate: at('2026-01-02') };
    expect(next(wish, '2026-01-05')).toBe(point('2026-01-02T09:00'));
    expect(next(wish, '2026-01-05', ['2026-01-02T09:00', '2026-01-02T09:00'])).toBe(point('2026-01-03T12:00'));
  });

  it('counts every so often from the last run, without drift after a time in which nothing ran', () => {
    const wish = { schedule: { kind: 'every', everyMs: 300_000 } as const };
    expect(next(wish, '2026-01-01T10:02', ['2026-01-01T10:01', '2026-01-01T10:01'])).toBe(point('2026-01-01T10:06'));
    expect(next(wish, '2026-01-01T11:03', ['2026-01-01T10:01', '2026-01-01T10:01'])).toBe(point('2026-01-01T11:01'));
  });
});

describe('the data-interval timetable', () => {
  it('runs the last complete interval at once without catchup', () => {
    const wish = { schedule: cron('0 3 * * *', true), startDate: at('2025-01-01') };
    expect(next(wish, '2026-01-10T12:00')).toBe('2026-01-09T03:00 2026-01-10T03:00 after 2026-01-10T03:00');
    expect(next(wish, '2026-01-10T03:00')).toBe('2026-01-09T03:00 2026-01-10T03:00 after 2026-01-10T03:00');
  });

  it('catches up from the first tick after the start date', () => {
    const wish = { schedule: cron('*/30 * * * *', true), catchup: true, startDate: at('2026-01-01T00:10') };
    expect(next(wish, '2026-01-01T01:05')).toBe('2026-01-01T00:30 2026-01-01T01:00 after 2026-01-01T01:00');
  });

  it('begins where the last interval ended, aligned when the schedule has changed', () => {
    const wish = { schedule: cron('0 0 * * *', true), catchup: true, startDate: at('2026-01-01') };
    expect(next(wish, '2026-02-01', ['2026-01-04T03:00', '2026-01-05T03:00'])).toBe(
      '2026-01-05T00:00 2026-01-06T00:00 after 2026-01-06T00:00',
    );
  });

  it.each([
    ['0 3 * * *', ['2023-03-24T02:00', '2023-03-25T02:00'], '2023-03-25T02:00 2023-03-26T01:00'],
    ['0 2 * * *', ['2023-03-24T01:00', '2023-03-25T01:00'], '2023-03-25T01:00 2023-03-26T01:00'],
    ['0 2 * * *', ['2023-03-25T01:00', '2023-03-26T01:00'], '2023-03-26T01:00 2023-03-27T00:00'],
    ['0 2 * * *', ['2023-10-27T00:00', '2023-10-28T00:00'], '2023-10-28T00:00 2023-10-29T01:00'],
  ])('keeps to the wall clock of Zurich when the clocks change: %s after %j', (expression, last, expected) => {
    const wish = {
      schedule: cron(expression, true),
      timezone: 'Europe/Zurich',
      catchup: true,
      startDate: at('2023-01-01'),
    };
    expect(next(wish, '2026-01-01', last as [string, string])).toMatch(new RegExp(`^${expected} `));
  });

  it('covers both passes of the hour that comes twice when the hour is *', () => {
    const wish = {
      schedule: cron('*/30 * * * *', true),
      timezone: 'Europe/Zurich',
      catchup: true,
      startDate: at('2023-10-29'),
    };
    const timetable = timetableOf(source(wish));
    const starts: string[] = [];
    for (let last: NextRun | null = null; starts.length < 8; ) {
      last = timetable.next((last as NextRun | null)?.interval ?? null, at('2026-01-01'));
      starts.push(show((last as NextRun).interval.start).slice(11));
    }
    expect(starts).toEqual(['00:00', '00:30', '01:00', '01:30', '02:00', '02:30', '03:00', '03:30']);
  });

  it('tiles: each interval begins where the one before ended, in every zone, over every change of clocks', () => {
    const zones = [
      'UTC',
      'Europe/Zurich',
      'America/Los_Angeles',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
      'Africa/Casablanca',
    ];
    const crons = ['0 2 * * *', '30 2 * * *', '*/15 * * * *', '0 */2 * * *', '15 1-3 * * *', '0 0 1 * *'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...crons),
        fc.integer({ min: at('2023-01-01'), max: at('2027-01-01') }),
        (timezone, expression, startDate) => {
          const timetable = timetableOf(
            source({ schedule: cron(expression, true), timezone, startDate, catchup: true }),
          );
          let last = timetable.next(null, at('2030-01-01')) as NextRun;
          for (let step = 0; step < 60; step++) {
            const following = timetable.next(last.interval, at('2030-01-01')) as NextRun;
            if (following.interval.start !== last.interval.end) return false;
            if (following.interval.end <= following.interval.start) return false;
            last = following;
          }
          return true;
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the other timetables', () => {
  it('run once, at the start date or now', () => {
    expect(next({ schedule: { kind: 'once' } }, '2026-01-01')).toBe(point('2026-01-01T00:00'));
    expect(next({ schedule: { kind: 'once' } }, '2026-01-01', ['2025-01-01', '2025-01-01'])).toBeNull();
  });

  it('run again as soon as the last has ended, covering the time since', () => {
    expect(next({ schedule: { kind: 'continuous' } }, '2026-01-01T01:00', ['2026-01-01', '2026-01-01T00:30'])).toBe(
      '2026-01-01T00:30 2026-01-01T01:00 after 2026-01-01T01:00',
    );
  });

  it('infer the interval of a manual run', () => {
    const interval = timetableOf(source({ schedule: cron('0 3 * * *', true) })).inferInterval(at('2026-01-05T12:00'));
    expect([interval.start, interval.end].map(show)).toEqual(['2026-01-04T03:00', '2026-01-05T03:00']);
  });
});

describe('a year of ticks', () => {
  const zones = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago', 'Asia/Kolkata'];
  it.each(zones)('in %s agrees with an oracle that walks the wall clock', (timezone) => {
    const walk = walkOf(timezone);
    for (const [expression, hour, minute] of [
      ['30 2 * * *', 2, 30],
      ['0 0 * * *', 0, 0],
      ['15 1 * * *', 1, 15],
    ] as const) {
      const wish = { schedule: cron(expression), timezone, catchup: true, startDate: at('2026-01-01') };
      const timetable = timetableOf(source(wish));
      const found: number[] = [];
      for (
        let run = timetable.next(null, 0);
        run && run.runAfter < at('2027-01-01');
        run = timetable.next(run.interval, 0)
      ) {
        found.push(run.runAfter);
      }
      expect(found).toEqual(
        oracle(walk, hour, minute).filter((tick) => tick >= at('2026-01-01') && tick < at('2027-01-01')),
      );
    }
  });
});

/**
 * Walks the wall clock of two years by quarters of an hour, on which all clocks change: a wall time that comes twice
 * counts the second time; one that does not come at all counts as much later as the clocks were set forward.
 */
function oracle(walk: Quarter[], hour: number, minute: number): number[] {
  const byDay = new Map<number, number>();
  let gap = { wall: 0, size: 0 };
  let previous = Number.NEGATIVE_INFINITY;
  for (const { instant, wall } of walk) {
    if (wall - previous > quarterMs) gap = { wall: previous + quarterMs, size: wall - previous - quarterMs };
    const day = Math.floor(wall / 86_400_000) * 86_400_000;
    const wanted = day + hour * 3_600_000 + minute * 60_000;
    const isInGap = wanted >= gap.wall && wanted < gap.wall + gap.size;
    if (wall === (isInGap ? wanted + gap.size : wanted)) byDay.set(day, instant);
    previous = wall;
  }
  return [...byDay.values()];
}

interface Quarter {
  instant: number;
  wall: number;
}

const quarterMs = 900_000;

function walkOf(timeZone: string): Quarter[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const walk: Quarter[] = [];
  for (let instant = at('2025-12-30'); instant < at('2027-01-03'); instant += quarterMs) {
    walk.push({ instant, wall: Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) });
  }
  return walk;
}
