import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronTicks } from '../../../scheduler/timetable/cron.js';
import { type NextRun, type TimetableSource, timetableOf } from '../../../scheduler/timetable/timetable.js';
import { dueIn, walk } from './wall-clock.js';

// Each zone in a year in which its clocks did something of their own: half an hour, midnight, twice a spring.
const years: [zone: string, year: number][] = [
  ['UTC', 2026],
  ['Europe/Vienna', 2026],
  ['America/New_York', 2026],
  ['Australia/Lord_Howe', 2026],
  ['America/Sao_Paulo', 2018],
  ['Asia/Tehran', 2022],
  ['Africa/Casablanca', 2026],
];

const crons = [
  '30 2 * * *',
  '0 0 * * *',
  '15 1 * * *',
  '45 1,2,3 * * *',
  '10,50 2 * * *',
  '0 */2 * * *',
  '*/20 1-3 * * *',
  '0 * * * *',
  '30 2 1,15 * 0',
  '0 3 * 3,10 *',
];

const source = (wish: Partial<TimetableSource> & { crons: string[]; timezone: string }): TimetableSource => ({
  schedule: { kind: 'cron', crons: wish.crons, interval: false, summary: '' },
  startDate: null,
  endDate: null,
  catchup: true,
  ...wish,
});

describe.each(years)('a year in %s (%i)', (zone, year) => {
  const minutes = walk(zone, year);
  const known = new Map<string, number[]>();
  const dueAt = (expression: string): number[] => {
    const due = known.get(expression) ?? dueIn(minutes, year, expression);
    known.set(expression, due);
    return due;
  };
  const from = Date.UTC(year, 0, 1);
  const to = Date.UTC(year + 1, 0, 1);

  it.each(crons)('is due at %s exactly when a clock on the wall says so', (expression) => {
    const due = dueAt(expression);
    const ticks = cronTicks(expression, zone);
    const forward: number[] = [];
    for (let at = ticks.next(from - 1); at < to; at = ticks.next(at)) forward.push(at);
    expect(forward).toEqual(due);
    // Backwards, the ticks of every hour are looked at where clocks change: see below.
    if (due.length > 5_000) return;
    const backward: number[] = [];
    for (let at = ticks.prev(to); at >= from; at = ticks.prev(at)) backward.push(at);
    expect(backward.reverse()).toEqual(due);
  });

  it('says the same from whatever instant it is asked', () => {
    const changes = minutes.flatMap(({ instant, wall }, at) =>
      wall - (minutes[at - 1]?.wall ?? wall - 60_000) === 60_000 ? [] : [instant],
    );
    const near = changes.length === 0 ? [from] : changes;
    for (const expression of [...crons, '40 * * * *']) {
      const due = dueAt(expression);
      const ticks = cronTicks(expression, zone);
      for (const change of near) {
        for (let at = change - 3 * 3_600_000; at <= change + 3 * 3_600_000; at += 13 * 60_000) {
          if (at <= (due[0] ?? to) || at >= (due.at(-1) ?? from)) continue;
          expect(ticks.next(at), `${expression} after ${at}`).toBe(due.find((tick) => tick > at));
          expect(ticks.prev(at), `${expression} before ${at}`).toBe(due.findLast((tick) => tick < at));
        }
      }
    }
  });

  it('joins several expressions', () => {
    const several = ['30 2 * * *', '15 3 * * *', '0 0 1,15 * *'];
    const timetable = timetableOf(source({ crons: several, timezone: zone, startDate: from }));
    const found: number[] = [];
    for (let run = timetable.next(null, to); run && run.runAfter < to; run = timetable.next(run.interval, to))
      found.push(run.runAfter);
    const due = new Set(several.flatMap(dueAt));
    expect(found).toEqual([...due].sort((a, b) => a - b));
  });
});

describe('data intervals', () => {
  const zone = fc.constantFrom(...years);
  const expression = fc.constantFrom(...crons);
  const schedule = (cron: string) => ({ kind: 'cron' as const, crons: [cron], interval: true, summary: '' });

  it('tile: each begins where the one before ended, in every zone, over every change of clocks', () => {
    fc.assert(
      fc.property(zone, expression, fc.nat(8_700), ([timezone, year], cron, hour) => {
        const startDate = Date.UTC(year, 0, 1) + hour * 3_600_000;
        const timetable = timetableOf(source({ crons: [cron], timezone, startDate, schedule: schedule(cron) }));
        let last = timetable.next(null, startDate) as NextRun;
        expect(last.interval.start).toBeGreaterThanOrEqual(startDate);
        for (let step = 0; step < 50; step++) {
          const following = timetable.next(last.interval, startDate) as NextRun;
          expect(following.interval.start).toBe(last.interval.end);
          expect(following.interval.end).toBeGreaterThan(following.interval.start);
          last = following;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('never overlap without catchup, and leave out only what lies before the latest complete one', () => {
    const sleeps = fc.array(fc.integer({ min: 1, max: 3 * 24 * 60 }), { minLength: 20, maxLength: 40 });
    fc.assert(
      fc.property(zone, expression, fc.nat(8_700), sleeps, ([timezone, year], cron, hour, minutes) => {
        const timetable = timetableOf(source({ crons: [cron], timezone, schedule: schedule(cron), catchup: false }));
        const ticks = cronTicks(cron, timezone);
        let now = Date.UTC(year, 0, 1) + hour * 3_600_000;
        let last: NextRun | null = null;
        for (const minute of minutes) {
          now += minute * 60_000;
          for (let run = timetable.next(last?.interval ?? null, now); run && run.runAfter <= now; ) {
            if (last) expect(run.interval.start).toBeGreaterThanOrEqual(last.interval.end);
            expect(run.interval.end).toBe(ticks.next(run.interval.start));
            last = run;
            run = timetable.next(last.interval, now);
          }
          expect(last?.interval.end, 'the latest complete interval has run').toBe(ticks.prev(now + 1));
        }
      }),
      { numRuns: 50 },
    );
  });
});
