import { expect, it } from 'vitest';
import { cronTicks, sharedCronTicks } from '../../../scheduler/timetable/cron.js';

it('works out a schedule once for all DAGs that have it, and tells zones and schedules apart', () => {
  expect(sharedCronTicks('0 6 * * *', 'UTC')).toBe(sharedCronTicks('0 6 * * *', 'UTC'));
  const after = Date.UTC(2026, 0, 1);
  for (const [expression, zone] of [
    ['0 6 * * *', 'UTC'],
    ['0 6 * * *', 'Asia/Tokyo'],
    ['0 7 * * *', 'UTC'],
  ] as const) {
    expect(sharedCronTicks(expression, zone).next(after)).toBe(cronTicks(expression, zone).next(after));
  }
  expect(sharedCronTicks('0 6 * * *', 'Asia/Tokyo').next(after)).not.toBe(
    sharedCronTicks('0 6 * * *', 'UTC').next(after),
  );
});

it('keeps only so many', () => {
  const first = sharedCronTicks('1 1 1 1 *', 'UTC');
  for (let minute = 0; minute < 60; minute++)
    for (let hour = 0; hour < 20; hour++) sharedCronTicks(`${minute} ${hour} 2 2 *`, 'UTC');
  expect(sharedCronTicks('1 1 1 1 *', 'UTC')).not.toBe(first);
});
