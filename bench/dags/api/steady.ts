import { setTimeout as wait } from 'node:timers/promises';
import { Dag } from 'millrace';

/** Runs one time after another, as long as the server does: a steady stream of small tasks. */
export const steady = new Dag('steady', {
  schedule: '@continuous',
  startDate: '2026-01-01T00:00:00Z',
  maxActiveRuns: 1,
});
for (let at = 0; at < 400; at++) steady.task(`t${at}`, async () => wait(5))();

/** Has a long history, which the benchmark makes. */
export const past = new Dag('past', { schedule: null });
for (let at = 0; at < 40; at++) past.task(`t${at}`, async () => undefined)();
